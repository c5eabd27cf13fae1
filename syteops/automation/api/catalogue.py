"""The catalogue over the Manage API: every variable that has a value, wherever it is from."""

from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.operations import operation
from manage_api.viewsets import ListMixin
from syteops.automation import queries, reads
from syteops.automation.lineage import Lineage
from syteops.automation.names import full_name
from syteops.automation.serializers import (
    CatalogBackend,
    CatalogPagination,
    CatalogVariableSerializer,
    VariableQuery,
    readership,
)
from syteops.core.actors import ActorKind


class CatalogueMixin(ListMixin):
    """`catalog` and `get`: derived at every read, and noted where a key reads."""

    list_serializer_class = CatalogVariableSerializer
    filter_backends = (CatalogBackend,)
    pagination_class = CatalogPagination
    list_name = "variables"
    derived_order = "name"
    why_no_sync = (
        "Variables are derived. Read events.list with type=variables.changed, which names what "
        "changed and what went, or poll with If-None-Match."
    )
    actions = {"list": "catalog"}
    summaries = {"list": "List the automation variables"}
    descriptions = {
        "list": "Every variable that has a value, by name. It is derived at every read."
    }

    @operation("Read a variable", input=VariableQuery)
    def retrieve(self, request: Request, key: str) -> Response:
        found = queries.find_variable(key, lock=self.locks)
        response = self.answer(found)
        if self.validated.get("readers"):  # a guarding read has no input at all
            readers = Lineage([found.name]).readers(found.name)
            response.data |= readership(readers, self.actor.readable())
        return response

    def was_read(self) -> None:
        """Note a key that reads one or exports all. Who asks for the readers is none of them."""
        endpoint = self.operation.endpoint
        if self.principal.kind is not ActorKind.KEY or self.validated.get("readers"):
            return
        if endpoint == "retrieve":
            reads.note(self.principal.id, full_name(self.kwargs["key"]))
        elif endpoint == "export":
            reads.note(self.principal.id, reads.EVERYTHING)
