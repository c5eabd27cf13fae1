"""Variable sets over the Manage API."""

import manage_api
from manage_api.base import PathParam
from manage_api.operations import Operation
from manage_api.viewsets import EntityViewSet
from syteops.automation import queries, services
from syteops.automation.names import ACRONYM_PATH
from syteops.automation.serializers import VariableSetCreateInput, VariableSetSerializer


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
