"""Modules over the Manage API."""

from datetime import datetime
from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import PathParam
from manage_api.operations import operation
from manage_api.switchables import Switchable
from syteops.audit.queries import changes_since
from syteops.core.identifiers import SLUG
from syteops.modules import queries, services
from syteops.modules.models import ModuleState
from syteops.modules.serializers import (
    ConfiguredModuleSerializer,
    ModuleDetailSerializer,
    ModuleSerializer,
)
from syteops.site.models import License


@manage_api.register("modules", resource="modules")
class ModuleViewSet(Switchable):
    about = "Parts of the site that are switched on and off as a whole."
    title = "Modules"
    queryset = ModuleState.objects.all()
    serializer_class = ModuleDetailSerializer
    list_serializer_class = ModuleSerializer
    config_serializer_class = ConfiguredModuleSerializer
    lookup_field, lookup_url_kwarg = "slug", "module"
    lookup_help = PathParam("The module's slug, such as `notes`.", SLUG)
    list_name = "modules"
    services = services
    find_all = staticmethod(queries.all_modules)
    find_one = staticmethod(queries.get_module)
    turning_off_impact = staticmethod(queries.deactivation_impact)
    descriptions = {
        "activate": "Brings back its operations, pages, variables and AI areas, with all data and "
        "config. Refused (`protected`) while the licence is revoked.",
        "deactivate": "Takes away its operations, pages, variables and AI areas. Data and config "
        "stay.",
        "update_config": "Possible for an inactive module, too. Errors point into the config.",
    }

    def changed_since(self, found: Any, since: datetime) -> Any:
        """A licence that is revoked, or is not any more, switches all of them."""
        if changes_since(License, since).exists():
            return found
        return super().changed_since(found, since)

    @action(detail=True, url_path="config")
    @operation("Read a module's config", output=ConfiguredModuleSerializer)
    def get_config(self, request: Request, module: str) -> Response:
        return self.answer(self.get_object())
