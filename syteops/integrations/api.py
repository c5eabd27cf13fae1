"""Integrations over the Manage API."""

from typing import TypedDict

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.base import PathParam
from manage_api.operations import Access, operation
from manage_api.switchables import Switchable
from syteops.core.identifiers import SLUG
from syteops.integrations import queries, services
from syteops.integrations.models import IntegrationSecret, IntegrationState
from syteops.integrations.serializers import (
    ConfiguredIntegrationSerializer,
    IntegrationDetailSerializer,
    IntegrationSecretInput,
    IntegrationSecretSetSerializer,
    IntegrationSerializer,
)


class IntegrationSecretClearImpact(TypedDict):
    """Which secret of an integration goes, and whether there is one."""

    slug: str
    name: str
    cleared: bool


@manage_api.register("integrations", resource="integrations")
class IntegrationViewSet(Switchable):
    about = "What the site works with: switched on and off, with their settings and secrets."
    title = "Integrations"
    queryset = IntegrationState.objects.all()
    serializer_class = IntegrationDetailSerializer
    list_serializer_class = IntegrationSerializer
    config_serializer_class = ConfiguredIntegrationSerializer
    lookup_field = "slug"
    lookup_help = PathParam("The integration's slug, such as `slack`.", SLUG)
    path_help = {"name": PathParam("The secret's name, such as `webhook_url`.", SLUG)}
    list_name = "integrations"
    services = services
    find_all = staticmethod(queries.all_installed)
    find_one = staticmethod(queries.get_installed)
    turning_off_impact = staticmethod(queries.disabling_impact)
    descriptions = {
        "enable": "Refused (`conflict`) if this installation lacks what it needs, with the reason, "
        "or if required config or secrets are not set, naming them.",
        "disable": "Its config and secrets stay.",
        "update_config": "Secrets have no place in it. Errors point into the config. An address of "
        "another origin (scheme, host, port) clears the secrets that are sent there.",
    }

    @action(detail=True, methods=["put"], url_path="secrets/<str:name>")
    @operation(
        "Store an integration's secret",
        access=Access.SECRETS,
        input=IntegrationSecretInput,
        output=IntegrationSecretSetSerializer,
    )
    def set_secret(self, request: Request, slug: str, name: str) -> Response:
        return self.answer(services.set_secret(self.actor, self.get_secret(), **self.validated))

    @action(detail=True, methods=["delete"], url_path="secrets/<str:name>")
    @operation(
        "Clear an integration's secret",
        access=Access.SECRETS,
        output=IntegrationSecretSetSerializer,
    )
    def clear_secret(self, request: Request, slug: str, name: str) -> Response:
        """Refused (`conflict`) while an enabled integration needs it."""
        return self.answer(services.clear_secret(self.actor, self.get_secret()))

    def clear_secret_impact(self) -> IntegrationSecretClearImpact:
        cleared = self.get_secret().value is not None
        return {"slug": self.kwargs["slug"], "name": self.kwargs["name"], "cleared": cleared}

    def get_secret(self) -> IntegrationSecret:
        return services.locked_secret(**self.kwargs)
