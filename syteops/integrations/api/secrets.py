"""The secrets of an integration over the Manage API."""

from typing import cast

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from manage_api.base import ManageViewSet, PathParam
from manage_api.operations import Access, operation
from manage_api.viewsets import SecretsClearImpact
from syteops.core.identifiers import SLUG
from syteops.integrations import services
from syteops.integrations.models import IntegrationSecret
from syteops.integrations.serializers import IntegrationSecretInput, IntegrationSecretSetSerializer


class IntegrationSecretsMixin(ManageViewSet):
    """Secrets of an integration, each with a name of its own. They go in and never come out."""

    path_help = {"name": PathParam("The secret's name, such as `webhook_url`.", SLUG)}

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

    def clear_secret_impact(self) -> SecretsClearImpact:
        """Its name, if there is one to clear."""
        secret = self.get_secret()
        cleared = [secret.name] if secret.value is not None else []
        return cast(SecretsClearImpact, {"slug": self.kwargs["slug"], "cleared": cleared})

    def get_secret(self) -> IntegrationSecret:
        return services.locked_secret(**self.kwargs)
