"""What a module is: a Django app whose AppConfig derives from `ModuleConfig`.

Which of them are switched off is the `modules` app's to know; everybody else asks here.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.apps import AppConfig, apps
from django.conf import settings
from django.utils.module_loading import import_string


class ModuleConfig(AppConfig):
    """Base of a module's AppConfig. A module is installed as an app and switched on and off here.

    `config_schema` is a JSON Schema (2020-12) of the module's config, with defaults; an admin's
    and a tool's changes are validated against it. `config_reads` names, by a value that says where
    something goes, the resource that whoever changes it must be able to read.
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
    config_reads: ClassVar[dict[str, str]] = {}


def installed_modules() -> dict[str, ModuleConfig]:
    """Every module that is installed, active or not, by slug."""
    found = [one for one in apps.get_app_configs() if isinstance(one, ModuleConfig)]
    return {one.module_slug: one for one in sorted(found, key=lambda one: one.module_slug)}


def module_of(dotted_name: str) -> str:
    """The slug of the module that a Python module belongs to; "" if to none. Give `__name__`."""
    return getattr(apps.get_containing_app_config(dotted_name), "module_slug", "")


def inactive_modules() -> set[str]:
    """The slugs of the modules that are switched off; what they bring is away."""
    found: set[str] = import_string(settings.INACTIVE_MODULES)()
    return found


# --- What a module brings --------------------------------------------------------------------

Contribution = Callable[[str], list[str]]
_contributions: dict[str, Contribution] = {}


def contribution(kind: str) -> Callable[[Contribution], Contribution]:
    """Mark a function that names what the module of a slug brings of that kind."""

    def enter(names: Contribution) -> Contribution:
        _contributions[kind] = names
        return names

    return enter


Losses = Callable[[], list[str]]
_losses: dict[str, Losses] = {}


def loses(tell: Losses) -> Losses:
    """Mark a module's function that says what outsiders lose while the module is away.

    Sentences without a full stop, such as "2 client links stop working".
    """
    _losses[module_of(tell.__module__)] = tell
    return tell


@contribution("outsiders")
def losses_of(slug: str) -> list[str]:
    """What outsiders lose while the module is away, in words."""
    return _losses[slug]() if slug in _losses else []


def contributions(slug: str) -> dict[str, list[str]]:
    """The names of everything that a module brings, by kind."""
    return {kind: names(slug) for kind, names in _contributions.items()}
