"""Modules over the Manage API."""

from typing import Any

from rest_framework import serializers

from manage_api.calls import Call
from manage_api.operations import operation, register
from manage_api.resources import SLUG_FORM, PathParam, Resource
from manage_api.serializers import JsonObjectField, WholeSerializer, listing
from syteops.modules import queries, services
from syteops.modules.models import ModuleState


class ModuleSerializer(serializers.Serializer[Any]):
    module = serializers.CharField(source="slug", help_text="Such as `notes`.")
    name = serializers.CharField()
    description = serializers.CharField()
    version = serializers.CharField()
    active = serializers.BooleanField(
        help_text="Whether its operations, pages, variables and AI areas are there."
    )


class ModuleDetailSerializer(ModuleSerializer):
    config_schema = serializers.DictField(
        help_text="The JSON Schema (2020-12) that the config must fulfil."
    )


class ModuleActiveSerializer(serializers.Serializer[Any]):
    module = serializers.CharField()
    active = serializers.BooleanField()


class ModuleConfigSerializer(serializers.Serializer[Any]):
    module = serializers.CharField(source="slug")
    config = serializers.DictField(help_text="What was set, over the schema's defaults.")


class ModuleConfigInput(WholeSerializer):
    config = JsonObjectField(
        help_text="Merged into the config, deeply; null brings back the default (RFC 7396). "
        "What may be in it: `config_schema` of `modules.get`."
    )


@register
class Modules(Resource):
    resource = "modules"
    collection = "modules"
    model = ModuleState
    lookup = "module"
    path_help = {"module": PathParam("The module's slug, such as `notes`.", SLUG_FORM)}

    @operation("List the modules", output=listing("modules", ModuleSerializer))
    def list(self, call: Call) -> Any:
        return {"modules": ModuleSerializer(queries.all_modules(), many=True).data}

    @operation("Read a module", output=ModuleDetailSerializer)
    def get(self, call: Call) -> Any:
        return ModuleDetailSerializer(_module(call)).data

    @operation(
        "Activate a module",
        method="POST",
        path="{module}/activate",
        output=ModuleActiveSerializer,
    )
    def activate(self, call: Call) -> Any:
        """Brings back its operations, pages, variables and AI areas, with all data and config.
        Refused (`protected`) while the licence is revoked."""
        services.activate(call.actor, _module(call).state)
        return {"module": call.path["module"], "active": True}

    @operation(
        "Deactivate a module",
        method="POST",
        path="{module}/deactivate",
        destructive=True,
        output=ModuleActiveSerializer,
    )
    def deactivate(self, call: Call) -> Any:
        """Takes away its operations, pages, variables and AI areas. Data and config stay."""
        services.deactivate(call.actor, _module(call).state)
        return {"module": call.path["module"], "active": False}

    def deactivate_impact(self, call: Call) -> dict[str, Any]:
        return queries.deactivation_impact(_module(call).slug)

    @operation(
        "Read a module's config",
        method="GET",
        path="{module}/config",
        output=ModuleConfigSerializer,
    )
    def get_config(self, call: Call) -> Any:
        return ModuleConfigSerializer(_module(call)).data

    @operation(
        "Change a module's config",
        method="PATCH",
        path="{module}/config",
        input=ModuleConfigInput,
        output=ModuleConfigSerializer,
    )
    def update_config(self, call: Call) -> Any:
        """Possible for an inactive module, too. Errors point into the config."""
        module = _module(call)
        services.update_config(call.actor, module.state, **call.values)
        return ModuleConfigSerializer(module).data


def _module(call: Call) -> queries.Module:
    if call.locks:
        services.locked_state(call.path["module"])
    return queries.get_module(call.path["module"])
