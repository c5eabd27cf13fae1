"""Reading which integrations there are, and how each is set up."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypedDict

from django.db.models import QuerySet

from syteops.core.encryption import SecretState, UnsealError, open_sealed, secret_state
from syteops.core.errors import Conflict, NotFound
from syteops.core.modules import inactive_modules
from syteops.core.schemas import missing, with_defaults
from syteops.integrations.catalogue import Integration, SecretSpec, Setup, all_integrations
from syteops.integrations.models import IntegrationSecret, IntegrationState


@dataclass(frozen=True)
class StoredSecret:
    """Whether a secret of an integration is set, and since when."""

    spec: SecretSpec
    row: IntegrationSecret

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def key_set(self) -> bool:
        return self.row.value is not None

    @property
    def key_set_at(self) -> Any:
        return self.row.value_set_at

    @property
    def works(self) -> bool:
        """Whether it is set, and opens."""
        return secret_state(self.row, "value") is SecretState.READABLE


@dataclass(frozen=True)
class Installed:
    """An integration of the catalogue, and what was decided about it."""

    integration: Integration
    state: IntegrationState
    secrets: list[StoredSecret] = field(default_factory=list)

    @property
    def slug(self) -> str:
        return self.integration.slug

    @property
    def name(self) -> str:
        return self.integration.name

    @property
    def category(self) -> str:
        return self.integration.category

    @property
    def description(self) -> str:
        return self.integration.description

    @property
    def config_schema(self) -> dict[str, Any]:
        return self.integration.config_schema

    @property
    def enabled(self) -> bool:
        return self.state.enabled

    @cached_property
    def unavailable_reason(self) -> str:
        return self.integration.unmet()

    @property
    def available(self) -> bool:
        """Whether this installation has what the integration needs."""
        return not self.unavailable_reason

    @property
    def config(self) -> dict[str, Any]:
        """What was set, over the schema's defaults."""
        return with_defaults(self.config_schema, self.state.config)

    @property
    def usual_types(self) -> list[str]:
        """The event types that it has if it is enabled before anybody chooses any; else none."""
        usual = self.config_schema["properties"].get("types", {}).get("default", [])
        return [] if self.enabled or "types" in self.state.config else list(usual)

    @property
    def missing_config(self) -> list[str]:
        """The required config values that are not there."""
        return missing(self.config_schema, self.config)

    @property
    def missing_secrets(self) -> list[str]:
        """The required secrets that are not set, or do not open."""
        return [one.name for one in self.secrets if one.spec.required and not one.works]

    def setup(self) -> Setup:
        """Config and opened secrets. Raises Conflict if something is missing or does not open."""
        try:
            opened = {one.name: open_sealed(one.row, "value") for one in self.secrets}
        except UnsealError as error:
            raise Conflict(f"A secret of {self.name} does not open. Set it again.") from error
        if lacking := [*self.missing_config, *self.missing_secrets]:
            raise Conflict(f"{self.name} is not set up. Set first: {', '.join(lacking)}.")
        return Setup(self.config, {name: text for name, text in opened.items() if text})


def all_installed() -> list[Installed]:
    """Every integration of the core and of active modules by slug, in three queries."""
    away = inactive_modules()
    states = {state.slug: state for state in IntegrationState.objects.all()}
    rows = _by_name(IntegrationSecret.objects.all())
    return [
        _installed(one, states.get(slug), rows)
        for slug, one in all_integrations().items()
        if one.module not in away
    ]


def get_installed(slug: str) -> Installed:
    """One integration. Raises NotFound, also while its module is not active."""
    one = find_integration(slug)
    state = IntegrationState.objects.filter(slug=slug).first()
    rows = _by_name(IntegrationSecret.objects.filter(integration=slug))
    return _installed(one, state, rows)


class IntegrationDisableImpact(TypedDict):
    """What ends with an integration."""

    slug: str
    name: str
    stops: str


def disabling_impact(one: Installed) -> IntegrationDisableImpact:
    """What ends when the integration is switched off."""
    return {"slug": one.slug, "name": one.name, "stops": one.integration.stops}


def find_integration(slug: str) -> Integration:
    """The integration of that slug. Raises NotFound, also while its module is not active."""
    one = all_integrations().get(slug)
    if one is None or (one.module and one.module in inactive_modules()):
        raise NotFound(f"There is no integration {slug}.")
    return one


def running(slug: str) -> Setup | None:
    """How an integration is to work now; None while it is off, unavailable or not set up."""
    try:
        one = get_installed(slug)
        return one.setup() if one.enabled and one.available else None
    except (NotFound, Conflict):
        return None


def count_enabled() -> int:
    """How many integrations are enabled and can work here."""
    return sum(one.enabled and one.available for one in all_installed())


Rows = dict[tuple[str, str], IntegrationSecret]


def _by_name(secrets: QuerySet[IntegrationSecret]) -> Rows:
    return {(row.integration, row.name): row for row in secrets}


def _installed(one: Integration, state: IntegrationState | None, rows: Rows) -> Installed:
    secrets = [
        StoredSecret(
            spec,
            rows.get((one.slug, spec.name))
            or IntegrationSecret(integration=one.slug, name=spec.name),
        )
        for spec in one.secrets
    ]
    return Installed(one, state or IntegrationState(slug=one.slug), secrets)
