"""Automation variables over the Manage API."""

from typing import Any, ClassVar

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import PathParam
from manage_api.calls import Document
from manage_api.concurrency import etag_of_data
from manage_api.operations import Access, Operation, operation
from manage_api.viewsets import BulkMixin, DestroyMixin, EntityViewSet, ListMixin
from syteops.automation import queries, reads, services
from syteops.automation.export import as_env
from syteops.automation.lineage import Lineage
from syteops.automation.models import Variable
from syteops.automation.names import ACRONYM_PATH, PATH_PATTERN, free_key, full_name
from syteops.automation.serializers import (
    CatalogBackend,
    CatalogPagination,
    CatalogVariableSerializer,
    ExportInput,
    ResyncSerializer,
    VariableInput,
    VariableQuery,
    VariableSerializer,
    VariableSetCreateInput,
    VariableSetSerializer,
    VariablesExportSerializer,
    readership,
)
from syteops.core.actors import ActorKind
from syteops.core.permissions import permission_name


@manage_api.register("variables", resource="variables")
class VariableViewSet(DestroyMixin, ListMixin, BulkMixin):
    about = "The values that workflows read from this one place."
    title = "Variables"
    queryset = Variable.objects.all()
    serializer_class = VariableSerializer
    list_serializer_class = CatalogVariableSerializer
    filter_backends = (CatalogBackend,)
    lookup_field = "key"
    lookup_help = PathParam(
        "The key of a free-form variable, or the full name of any variable in the catalogue.",
        PATH_PATTERN,
    )
    list_name = "variables"
    derived_order = "name"
    why_no_sync = (
        "Variables are derived. Read events.list with type=variables.changed, which names what "
        "changed and what went, or poll with If-None-Match."
    )
    actions = {"list": "catalog"}
    services = services
    deletion_impact = staticmethod(queries.deletion_impact)
    keeps = frozenset(("list", "export"))
    asks_by_effect = frozenset(("bulk", "update"))
    further_permissions: ClassVar = {"update": permission_name(Variable, "add")}
    pagination_class = CatalogPagination
    summaries = {
        "list": "List the automation variables",
        "destroy": "Delete a free-form variable",
    }
    descriptions = {
        "list": "Every variable that has a value, by name. It is derived at every read."
    }

    def get_object(self) -> Variable:
        return queries.get_variable(self.kwargs["key"], lock=self.locks)

    def effects(self) -> list[Operation]:
        """A blank value deletes, and the first value creates: that needs those rights."""
        if self.operation.action != "set":
            return []
        exists = queries.free_form_exists(self.kwargs["key"])
        if not self.validated["value"].strip():
            return [self.operations["destroy"]] if exists else []
        return [] if exists else [self.further_right(self.operation)]

    def update_impact(self) -> dict[str, Any]:
        return self.destroy_impact()

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

    @operation("Set a free-form variable", action="set", input=VariableInput)
    def update(self, request: Request, key: str) -> Response:
        """Creates or changes it. A blank value deletes it, which needs `variables:delete` and
        `confirm=true`, and is what the answer shows then."""
        variable = services.set_variable(self.actor, key, **self.validated)
        return self.answer(variable or Variable(key=free_key(key)))

    @action(detail=False)
    @operation(
        "Export all variables",
        input=ExportInput,
        output=VariablesExportSerializer,
        documents={"text/plain": "env"},
    )
    def export(self, request: Request) -> Response:
        """Every name and value in one flat document. Poll it with If-None-Match: an unchanged
        catalogue answers 304."""
        exported = queries.exported()
        if self.validated.get("format") == "env":
            return Response(Document(as_env(exported), "text/plain; charset=utf-8"))
        return Response(exported)

    @action(detail=False, methods=["post"])
    @operation("Tell all variables anew", access=Access.WRITE, output=ResyncSerializer)
    def resync(self, request: Request) -> Response:
        """Soon a `variables.changed` names every variable, and automation push sends the full set:
        for receivers that may have missed something. No value changes. The answer says how many
        variables there are, with a digest to compare."""
        services.resync(self.actor)
        exported = queries.exported()
        digest = etag_of_data(exported).strip('"')
        return Response({"resynced": True, "count": len(exported), "digest": digest})


@manage_api.register("variable-sets", resource="variable_sets")
class VariableSetViewSet(EntityViewSet):
    about = "Named groups of values that become variables."
    queryset = queries.variable_sets()
    serializer_class = VariableSetSerializer
    create_serializer_class = VariableSetCreateInput
    lookup_field = "acronym"
    lookup_help = PathParam("Acronym of a variable set, such as `acme`.", ACRONYM_PATH)
    list_name = "variable_sets"
    pagination_class = None
    services = services
    rereads = True
    deletion_impact = staticmethod(queries.set_deletion_impact)
    asks_by_effect = frozenset(("bulk", "partial_update"))
    descriptions = {
        "create": "The acronym stays, because the names of variables are built on it.",
        "partial_update": "`values` is sent whole: what is left out goes. Where a variable goes "
        "with it, that needs `variable_sets:delete` and `confirm=true`.",
        "destroy": "Deletes the set with its values; its variables are gone.",
    }

    def effects(self) -> list[Operation]:
        """A value that is left out, blank or has another suffix takes a variable away."""
        is_update = self.operation.endpoint == "partial_update"
        goes = is_update and queries.names_that_go(self.get_object(), **self.validated)
        return [self.operations["destroy"]] if goes else []

    def partial_update_impact(self) -> queries.VariableSetDeleteImpact:
        return queries.set_update_impact(self.get_object(), self.validated)
