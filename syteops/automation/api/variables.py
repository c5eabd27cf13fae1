"""Automation variables over the Manage API."""

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import PathParam
from manage_api.operations import Operation, operation
from manage_api.viewsets import BulkMixin, DestroyMixin
from syteops.automation import queries, services
from syteops.automation.api.catalogue import CatalogueMixin
from syteops.automation.api.export import ExportMixin
from syteops.automation.models import Variable
from syteops.automation.names import PATH_PATTERN, free_key
from syteops.automation.serializers import VariableInput, VariableSerializer
from syteops.core.permissions import permission_name


@manage_api.register("variables", resource="variables")
class VariableViewSet(CatalogueMixin, ExportMixin, DestroyMixin, BulkMixin):
    about = "The values that workflows read from this one place."
    title = "Variables"
    queryset = Variable.objects.all()
    serializer_class = VariableSerializer
    lookup_field = "key"
    lookup_help = PathParam(
        "The key of a free-form variable, or the full name of any variable in the catalogue.",
        PATH_PATTERN,
    )
    services = services
    deletion_impact = staticmethod(queries.deletion_impact)
    keeps = frozenset(("list", "export"))
    asks_by_effect = frozenset(("bulk", "update"))
    further_permissions: ClassVar = {"update": permission_name(Variable, "add")}
    summaries = {**CatalogueMixin.summaries, "destroy": "Delete a free-form variable"}

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

    @operation("Set a free-form variable", action="set", input=VariableInput)
    def update(self, request: Request, key: str) -> Response:
        """Creates or changes it. A blank value deletes it, which needs `variables:delete` and
        `confirm=true`, and is what the answer shows then."""
        variable = services.set_variable(self.actor, key, **self.validated)
        return self.answer(variable or Variable(key=free_key(key)))
