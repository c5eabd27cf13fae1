"""Modules as the Manage API shows them."""

from typing import Any

from rest_framework import serializers


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


class ConfiguredModuleSerializer(serializers.Serializer[Any]):
    module = serializers.CharField(source="slug")
    config = serializers.DictField(help_text="What was set, over the schema's defaults.")
