"""Modules over the Manage API."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import PathParam
from manage_api.operations import operation
from manage_api.viewsets import Switchable
from syteops.core.identifiers import SLUG
from syteops.modules import queries, services
from syteops.modules.models import ModuleState
from syteops.modules.serializers import (
    ModuleActiveSerializer,
    ModuleConfigSerializer,
    ModuleDetailSerializer,
    ModuleSerializer,
)


@manage_api.register("modules", resource="modules")
class ModuleViewSet(Switchable):
    queryset = ModuleState.objects.all()
    serializer_class = ModuleDetailSerializer
    list_serializer_class = ModuleSerializer
    config_serializer_class = ModuleConfigSerializer
    lookup_field, lookup_url_kwarg = "slug", "module"
    lookup_help = PathParam("The module's slug, such as `notes`.", SLUG)
    list_name = "modules"
    flag = "active"
    services = services
    find_all = staticmethod(queries.all_modules)
    find_one = staticmethod(queries.get_module)
    descriptions = {
        "update_config": "Possible for an inactive module, too. Errors point into the config.",
    }

    @action(detail=True, methods=["post"])
    @operation("Activate a module", output=ModuleActiveSerializer)
    def activate(self, request: Request, module: str) -> Response:
        """Brings back its operations, pages, variables and AI areas, with all data and config.
        Refused (`protected`) while the licence is revoked."""
        return self.switch(True, services.activate)

    @action(detail=True, methods=["post"])
    @operation("Deactivate a module", destructive=True, output=ModuleActiveSerializer)
    def deactivate(self, request: Request, module: str) -> Response:
        """Takes away its operations, pages, variables and AI areas. Data and config stay."""
        return self.switch(False, services.deactivate)

    def deactivate_impact(self) -> dict[str, Any]:
        return queries.deactivation_impact(self.get_object().slug)

    @action(detail=True, url_path="config")
    @operation("Read a module's config", output=ModuleConfigSerializer)
    def get_config(self, request: Request, module: str) -> Response:
        return self.answer(self.get_object())
