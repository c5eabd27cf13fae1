"""Variable sets over the Manage API."""

from typing import ClassVar

import manage_api
from manage_api.base import PathParam
from manage_api.operations import Operation
from manage_api.viewsets import EntityViewSet
from syteops.automation import queries, services
from syteops.automation.models import VariableSet
from syteops.automation.names import ACRONYM_PATH
from syteops.automation.serializers import VariableSetCreateInput, VariableSetSerializer
from syteops.core.permissions import permission_name


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
    further_permissions: ClassVar = {"partial_update": permission_name(VariableSet, "add")}
    descriptions = {
        "create": "The acronym stays, because the names of variables are built on it.",
        "partial_update": "`values` is sent whole: what is left out goes. Where a variable goes "
        "with it, that needs `variable_sets:delete` and `confirm=true`.",
        "destroy": "Deletes the set with its values; its variables are gone.",
    }

    def effects(self) -> list[Operation]:
        """A value that is left out, blank or has another suffix takes a variable away, and one that
        is new makes one."""
        if self.operation.endpoint != "partial_update":
            return []
        owner, values = self.get_object(), self.validated
        goes = [self.operations["destroy"]] if queries.names_that_go(owner, **values) else []
        comes = queries.names_that_come(owner, **values)
        return [*goes, self.further_right(self.operation)] if comes else goes

    def partial_update_impact(self) -> queries.VariableSetDeleteImpact:
        return queries.set_update_impact(self.get_object(), self.validated)
