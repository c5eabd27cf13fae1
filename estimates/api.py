"""Estimates over the Manage API."""

from typing import Any

from estimates import queries, services
from estimates.choices import EstimateStatus
from estimates.models import Estimate
from estimates.serializers import (
    EstimateAnswerInput,
    EstimateListInput,
    EstimateSerializer,
    EstimateWithLinkSerializer,
)
from manage_api.calls import Call
from manage_api.operations import operation, register
from manage_api.pagination import paged
from manage_api.resources import Resource
from manage_api.serializers import listing
from manage_api.texts import DeletedByIdSerializer, id_help
from syteops.core.entities import by_slots
from syteops.crm.models import CrmSystem


@register
class Estimates(Resource):
    resource = "estimates_items"
    collection = "estimates"
    model = Estimate
    path_help = id_help("estimate")

    @operation(
        "List the estimates",
        input=EstimateListInput,
        output=listing("items", EstimateSerializer, paged=True),
    )
    def list(self, call: Call) -> Any:
        names = ("status", "search", "number", "superseded", "ordering")
        found = queries.list_estimates(**{n: call.values[n] for n in names if n in call.values})
        return paged("items", found, call.values, _all_shown)

    @operation("Read an estimate", output=EstimateWithLinkSerializer)
    def get(self, call: Call) -> Any:
        """Once it is sent, `client_url` is the page on which the client answers."""
        return EstimateWithLinkSerializer(_estimate(call), context={"call": call}).data

    @operation(
        "Write an estimate", input=EstimateWithLinkSerializer, output=EstimateWithLinkSerializer
    )
    def create(self, call: Call) -> Any:
        """A draft under the next number of this year. Numbers are given without gaps, once."""
        return _shown(call, services.create_estimate(call.actor, **_resolved(call)))

    @operation(
        "Change an estimate", input=EstimateWithLinkSerializer, output=EstimateWithLinkSerializer
    )
    def update(self, call: Call) -> Any:
        """Drafts only. Line items are sent whole: what the list leaves out goes."""
        values = _resolved(call)
        return _shown(call, services.update_estimate(call.actor, _estimate(call), **values))

    @operation("Delete an estimate", output=DeletedByIdSerializer)
    def delete(self, call: Call) -> Any:
        """Not one that is sent or approved. Its number is never given again."""
        estimate = _estimate(call)
        services.delete_estimate(call.actor, estimate)
        return {"id": estimate.pk, "deleted": True}

    def delete_impact(self, call: Call) -> dict[str, Any]:
        return queries.deletion_impact(_estimate(call))

    @operation("Send an estimate", method="POST", path="{id}/send", output=EstimateSerializer)
    def send(self, call: Call) -> Any:
        """Freezes it and makes the client's link: read the estimate for its `client_url`. No
        e-mail is sent. Needs a client e-mail address and a line item."""
        return _sent(services.send_estimate(call.actor, _estimate(call)))

    @operation(
        "Approve an estimate",
        method="POST",
        path="{id}/approve",
        input=EstimateAnswerInput,
        output=EstimateSerializer,
    )
    def approve(self, call: Call) -> Any:
        """On the client's behalf."""
        return _answered(call, EstimateStatus.APPROVED)

    @operation(
        "Decline an estimate",
        method="POST",
        path="{id}/decline",
        input=EstimateAnswerInput,
        output=EstimateSerializer,
    )
    def decline(self, call: Call) -> Any:
        """On the client's behalf."""
        return _answered(call, EstimateStatus.DECLINED)

    @operation("Revise an estimate", method="POST", path="{id}/revise", output=EstimateSerializer)
    def revise(self, call: Call) -> Any:
        """A new draft of the same number, with the same contents, in place of one that was sent.
        The client's old link then says so. The answer is the new estimate."""
        return _sent(services.revise_estimate(call.actor, _estimate(call)))


def _estimate(call: Call) -> Estimate:
    return queries.get_estimate(call.path["id"], lock=call.locks)


def _resolved(call: Call) -> dict[str, Any]:
    """The input, with the CRM system for its number. Raises Invalid."""
    values = dict(call.values)
    if values.get("crm_system"):
        found = by_slots(CrmSystem, {("crm_num",): values["crm_system"]})
        values["crm_system"] = found["crm_num",]
    return values


def _answered(call: Call, status: EstimateStatus) -> Any:
    return _sent(services.answer_estimate(call.actor, _estimate(call), status, **call.values))


def _shown(call: Call, estimate: Estimate) -> Any:
    """The estimate as it is stored now, like a read shows it."""
    stored = queries.get_estimate(str(estimate.pk))
    return EstimateWithLinkSerializer(stored, context={"call": call}).data


def _sent(estimate: Estimate) -> Any:
    """The same without the link: answers to writes are kept for retries, and it is a secret."""
    return EstimateSerializer(queries.get_estimate(str(estimate.pk))).data


def _all_shown(estimates: "list[Estimate]") -> Any:
    return EstimateSerializer(estimates, many=True).data
