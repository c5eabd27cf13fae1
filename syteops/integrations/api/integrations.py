"""Integrations over the Manage API."""

import manage_api
from manage_api.base import PathParam
from manage_api.switchables import Switchable
from syteops.core.identifiers import SLUG
from syteops.integrations import queries, services
from syteops.integrations.api.secrets import IntegrationSecretsMixin
from syteops.integrations.models import IntegrationState
from syteops.integrations.serializers import (
    ConfiguredIntegrationSerializer,
    IntegrationDetailSerializer,
    IntegrationSerializer,
)


@manage_api.register("integrations", resource="integrations")
class IntegrationViewSet(IntegrationSecretsMixin, Switchable):
    about = "What the site works with: switched on and off, with their settings and secrets."
    title = "Integrations"
    queryset = IntegrationState.objects.all()
    serializer_class = IntegrationDetailSerializer
    list_serializer_class = IntegrationSerializer
    config_serializer_class = ConfiguredIntegrationSerializer
    lookup_field = "slug"
    lookup_help = PathParam("The integration's slug, such as `slack`.", SLUG)
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
