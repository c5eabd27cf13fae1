"""What a module is: a Django app whose AppConfig derives from `ModuleConfig`."""

from typing import Any, ClassVar

from django.apps import AppConfig, apps


class ModuleConfig(AppConfig):
    """Base of a module's AppConfig. A module is installed as an app and switched on and off here.

    `config_schema` is a JSON Schema (2020-12) of the module's config, with defaults; an admin's
    and a tool's changes are validated against it.
    """

    # A module's `apps.py` imports this class beside its own; Django must pick the module's own.
    default = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.default = True

    module_slug: ClassVar[str]
    module_name: ClassVar[str]
    module_description: ClassVar[str] = ""
    module_version: ClassVar[str]
    config_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
    }


def installed_modules() -> dict[str, ModuleConfig]:
    """Every module that is installed, active or not, by slug."""
    found = [one for one in apps.get_app_configs() if isinstance(one, ModuleConfig)]
    return {one.module_slug: one for one in sorted(found, key=lambda one: one.module_slug)}
