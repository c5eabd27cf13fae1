"""AI settings over the Manage API."""

from typing import Any

from manage_api.calls import Call
from manage_api.operations import Access, operation, register
from manage_api.resources import PathParam, Resource
from manage_api.serializers import listing
from syteops.ai import queries, services
from syteops.ai.models import AiAreaSettings, AiProvider, AiUsage
from syteops.ai.serializers import (
    AiAreaInput,
    AiAreaSerializer,
    AiKeyInput,
    AiKeySerializer,
    AiProvidersSerializer,
    AiUsageInput,
    AiUsageSerializer,
)
from syteops.core.errors import Invalid, NotFound

PROVIDER_HELP = PathParam("Slug of a provider, such as openai.", "^[a-z][a-z0-9_-]{0,49}$")
AREA_HELP = PathParam(
    "Slug of an area, such as notes.summary.", "^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)*$"
)


@register
class AiProviders(Resource):
    resource = "ai"
    collection = "ai"
    model = AiProvider
    path_help = {"provider": PROVIDER_HELP}

    @operation(
        "List the AI providers", method="GET", path="providers", output=AiProvidersSerializer
    )
    def get_providers(self, call: Call) -> Any:
        providers = list(queries.all_providers())
        default = next((one.slug for one in providers if one.is_default), None)
        return AiProvidersSerializer({"providers": providers, "default": default}).data

    @operation(
        "Store a provider's key",
        method="PUT",
        path="providers/{provider}/key",
        access=Access.SECRETS,
        input=AiKeyInput,
        output=AiKeySerializer,
    )
    def set_key(self, call: Call) -> Any:
        """The first provider to get a key becomes the default one."""
        return AiKeySerializer(
            services.set_key(call.actor, _provider(call), call.values["api_key"])
        ).data

    @operation(
        "Clear a provider's key",
        method="DELETE",
        path="providers/{provider}/key",
        access=Access.SECRETS,
        destructive=True,
        output=AiKeySerializer,
    )
    def clear_key(self, call: Call) -> Any:
        """Areas that this provider serves stop working."""
        return AiKeySerializer(services.clear_key(call.actor, _provider(call))).data

    def clear_key_impact(self, call: Call) -> dict[str, Any]:
        return queries.clearing_impact(_provider(call))


@register
class AiAreas(Resource):
    resource = "ai"
    collection = "ai"
    model = AiAreaSettings
    lookup = "area"
    path_help = {"area": AREA_HELP}

    @operation(
        "List the AI areas",
        method="GET",
        path="areas",
        output=listing("areas", AiAreaSerializer),
    )
    def list_areas(self, call: Call) -> Any:
        """The uses of AI on this site. Those of inactive modules are away."""
        return {"areas": AiAreaSerializer(queries.list_areas(), many=True).data}

    @operation("Read an AI area", method="GET", path="areas/{area}", output=AiAreaSerializer)
    def get_area(self, call: Call) -> Any:
        return AiAreaSerializer(queries.get_area_state(call.path["area"], lock=call.locks)).data

    @operation(
        "Change an AI area",
        method="PATCH",
        path="areas/{area}",
        input=AiAreaInput,
        output=AiAreaSerializer,
    )
    def set_area(self, call: Call) -> Any:
        """Provider, model and limits. A limit of null is none."""
        values = {**call.values, **_chosen_provider(call.values)}
        state = queries.get_area_state(call.path["area"], lock=call.locks)
        services.update_ai_area(call.actor, state.settings, **values)
        return AiAreaSerializer(queries.get_area_state(call.path["area"])).data


@register
class AiUsageReport(Resource):
    resource = "ai"
    collection = "ai"
    model = AiUsage

    @operation(
        "Show the AI usage",
        method="GET",
        path="usage",
        input=AiUsageInput,
        output=listing("usage", AiUsageSerializer),
    )
    def usage(self, call: Call) -> Any:
        """Requests and tokens per day (of the site's time zone), area, provider and model."""
        found = queries.usage(call.values.get("area", ""), call.values.get("since"))
        return {"usage": AiUsageSerializer(found, many=True).data}


def _chosen_provider(values: dict[str, Any]) -> dict[str, AiProvider]:
    """The provider that the input names, if it names one. Raises Invalid."""
    if values.get("provider") is None:
        return {}
    try:
        return {"provider": queries.get_provider(values["provider"])}
    except NotFound as error:
        raise Invalid.field("provider", error.detail, "not_found") from error


def _provider(call: Call) -> AiProvider:
    return queries.get_provider(call.path["provider"], lock=call.locks)
