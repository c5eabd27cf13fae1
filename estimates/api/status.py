"""What becomes of an estimate, over the Manage API: sent, answered, revised."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from estimates import services
from estimates.choices import EstimateStatus
from estimates.serializers import EstimateAnswerInput, EstimateSendInput, EstimateSerializer
from manage_api.operations import Operation, operation
from manage_api.viewsets import StandardViewSet


class StatusMixin(StandardViewSet):
    """The operations that change an estimate's status. Nothing else does, over the API."""

    def effects(self) -> list[Operation]:
        """A revision is a new estimate, and changes the one that it supersedes."""
        revises = self.operation.endpoint == "revise"
        return [self.operations["partial_update"]] if revises else super().effects()

    @action(detail=True, methods=["post"])
    @operation("Send an estimate", input=EstimateSendInput, output=EstimateSerializer)
    def send(self, request: Request, id: str) -> Response:
        """Freezes it, makes the client's link, and mails that to the client with the PDF. Where
        this site sends no mail to clients, or with `email` false, the link is all that is made:
        read the estimate for its `client_url` and pass it on. Needs a client e-mail address and a
        line item, and to mail it the right to read estimates. What became of the e-mail is in
        `mail`; `again` mails it once more."""
        return self.apply(services.send_estimate)

    @action(detail=True, methods=["post"])
    @operation("Approve an estimate", input=EstimateAnswerInput, output=EstimateSerializer)
    def approve(self, request: Request, id: str) -> Response:
        """On the client's behalf."""
        return self.apply(services.answer_estimate, EstimateStatus.APPROVED)

    @action(detail=True, methods=["post"])
    @operation("Decline an estimate", input=EstimateAnswerInput, output=EstimateSerializer)
    def decline(self, request: Request, id: str) -> Response:
        """On the client's behalf."""
        return self.apply(services.answer_estimate, EstimateStatus.DECLINED)

    @action(detail=True, methods=["post"])
    @operation("Revise an estimate", output=EstimateSerializer, permission="add")
    def revise(self, request: Request, id: str) -> Response:
        """A new draft of the same number, with the same contents, in place of one that was sent.
        The client's old link then says so. The answer is the new estimate."""
        return self.apply(services.revise_estimate)
