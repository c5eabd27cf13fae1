"""Reading which modules there are, which are active, and how they are configured."""

from dataclasses import dataclass
from typing import Any, TypedDict, cast

from django.db.models import CharField, QuerySet, Value

from syteops.core.errors import NotFound
from syteops.core.modules import ModuleConfig, contributions, installed_modules
from syteops.core.prepared import Prepared
from syteops.core.schemas import with_defaults
from syteops.modules.models import ModuleState
from syteops.site.queries import license_is_revoked, revoked_licenses

_EVERY = "*"


@dataclass(frozen=True)
class Module:
    """An installed module, and what was decided about it."""

    app: ModuleConfig
    state: ModuleState
    licensed: bool = True

    @property
    def slug(self) -> str:
        return self.app.module_slug

    @property
    def name(self) -> str:
        return self.app.module_name

    @property
    def description(self) -> str:
        return self.app.module_description

    @property
    def version(self) -> str:
        return self.app.module_version

    @property
    def active(self) -> bool:
        """Whether its operations, pages, variables and AI areas are there now."""
        return self.licensed and self.state.active

    @property
    def config_schema(self) -> dict[str, Any]:
        return self.app.config_schema

    @property
    def config(self) -> dict[str, Any]:
        """What was set, over the schema's defaults."""
        return with_defaults(self.config_schema, self.state.config)


def inactive_slugs() -> set[str]:
    """The modules that are switched off: each by itself, or all of them by a revoked licence.

    One cheap query: the API asks this on every operation of a module.
    """
    found = {slug for (slug,) in _INACTIVE()}
    return set(installed_modules()) if _EVERY in found else found


def _inactive() -> "QuerySet[ModuleState, Any]":
    every = Value(_EVERY, output_field=CharField())
    revoked = revoked_licenses().order_by().values_list(every)
    inactive = ModuleState.objects.filter(active=False).order_by().values_list("slug")
    return inactive.union(revoked, all=True)


_INACTIVE: Prepared[Any] = Prepared(_inactive)


def all_modules() -> list[Module]:
    """Every installed module by slug, in two queries."""
    states = {state.slug: state for state in ModuleState.objects.all()}
    licensed = not license_is_revoked()
    return [
        Module(app, states.get(slug) or ModuleState(slug=slug), licensed)
        for slug, app in installed_modules().items()
    ]


def get_module(slug: str) -> Module:
    """One installed module. Raises NotFound."""
    app = installed(slug)
    return Module(app, _state(slug), not license_is_revoked())


def config_of(slug: str) -> dict[str, Any]:
    """A module's config with its defaults: what the module itself reads. Raises NotFound."""
    return Module(installed(slug), _state(slug)).config


class ModuleDeactivateImpact(TypedDict):
    """What goes with a module, by name. It comes back with the module.

    `outsiders` says in words what people without a login lose.
    """

    module: str
    ai_areas: list[str]
    integrations: list[str]
    operations: list[str]
    outsiders: list[str]
    variables: list[str]


def deactivation_impact(module: Module) -> ModuleDeactivateImpact:
    """What goes away when the module is switched off. It comes back with the module."""
    return cast(ModuleDeactivateImpact, {"module": module.slug, **contributions(module.slug)})


def installed(slug: str) -> ModuleConfig:
    """The app of a module. Raises NotFound."""
    app = installed_modules().get(slug)
    if app is None:
        raise NotFound(f"There is no module {slug}.")
    return app


def _state(slug: str) -> ModuleState:
    return ModuleState.objects.filter(slug=slug).first() or ModuleState(slug=slug)
