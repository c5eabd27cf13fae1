"""What an integration is, and which there are.

First-party ones are in `first_party`; an app's or module's own `integrations.py` calls `enter`
just like them, and is found by autodiscovery.
"""

import importlib.util
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from syteops.core.actors import Actor
from syteops.core.modules import contribution
from syteops.core.outbound import Answer
from syteops.events.models import Event
from syteops.events.queries import fits

NO_CONFIG: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True)
class SecretSpec:
    """A secret that an integration keeps. `problem_of` says what is wrong with a text, or "".

    `sent_to` names the config value or the secret with the address that it is for: another origin
    there clears it. `generated` is the prefix of one that people need not think up themselves.
    """

    name: str
    label: str
    help: str = ""
    required: bool = True
    problem_of: Callable[[str], str] = field(default=lambda text: "", repr=False)
    sent_to: str = ""
    generated: str | None = None


@dataclass(frozen=True)
class Setup:
    """An integration's complete config and its opened secrets. Keep it no longer than needed."""

    config: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Destination:
    """Where an integration sends events: to each in order, and apart from all others.

    `types` are the events that it wants: types, `<noun>.*`, or `*`. With `together`, all that is
    waiting goes in one message. `first_at` says when that of an event of now may go. `named_by` is
    the resource whose value the name is, "" where the name is a word of ours. `own` are further
    types that it gets where they are about the object whose primary key is its key.
    """

    key: str
    name: str
    types: tuple[str, ...]
    together: bool = False
    first_at: Callable[[datetime], datetime] = field(default=lambda now: now, repr=False)
    named_by: str = ""
    own: tuple[str, ...] = ()

    def wants(self, event: Event) -> bool:
        """Whether it gets the event, by what it is now."""
        is_own = event.type in self.own and event.object_pk == self.key
        return is_own or fits(event.type, self.types)


class DestinationName(NamedTuple):
    """What a `Destination` has under these names."""

    key: str
    name: str
    named_by: str


@dataclass(frozen=True)
class Message:
    """What is sent to a destination: one event, or all that were waiting, oldest first.

    A repetition has the same `id`, so that the receiver can tell. `only` names those of several
    receivers who are left of an earlier try, as its answer did; () is all of them.
    """

    id: str
    destination: str
    events: Sequence[Event]
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Integration:
    """Something outside that the site works with.

    `unmet` says why it cannot be enabled on this installation, or "". `stops` is what ends when it
    is disabled. `send_test` proves that it works and tells what it did (raises DeliveryFailed);
    `start` is run in every server process once it is enabled, and again when its setup changes;
    `stop` ends that. `test_shows` is the permission
    to see what the test sends: whoever lacks it cannot send it anywhere.

    `destinations` are where events go, by the config; `send` sends them a message and answers what
    was answered (raises DeliveryFailed, or OutboundFailed). `destinations_page` names the admin
    page on which they are made. Where there may be very many, `find` finds those of some keys,
    and `names` tells what names each of them. `when_enabled` is called in the transaction that
    enables it.
    """

    slug: str
    name: str
    category: str
    description: str
    stops: str
    config_schema: dict[str, Any] = field(default_factory=lambda: NO_CONFIG, repr=False)
    secrets: tuple[SecretSpec, ...] = ()
    unmet: Callable[[], str] = field(default=lambda: "", repr=False)
    send_test: Callable[[Setup], str] | None = field(default=None, repr=False)
    start: Callable[[Setup], None] | None = field(default=None, repr=False)
    stop: Callable[[], None] = field(default=lambda: None, repr=False)
    test_shows: str = ""
    destinations: Callable[[dict[str, Any]], Iterable[Destination]] = field(
        default=lambda config: (), repr=False
    )
    find: Callable[[Collection[str]], Iterable[Destination]] | None = field(
        default=None, repr=False
    )
    names: Callable[[], Iterable[DestinationName]] | None = field(default=None, repr=False)
    destinations_page: str = ""
    send: Callable[[Setup, Message], Answer] | None = field(default=None, repr=False)
    when_enabled: Callable[[Actor], object] = field(default=lambda actor: None, repr=False)
    module: str = ""

    def destinations_among(
        self, config: dict[str, Any], keys: Collection[str] | None
    ) -> Iterable[Destination]:
        """Those of its destinations that have one of these keys; all for None."""
        if keys is not None and not keys:
            return ()
        if keys and self.find:
            return self.find(keys)
        return (one for one in self.destinations(config) if keys is None or one.key in keys)

    def destination_names(self, config: dict[str, Any]) -> Iterable[DestinationName]:
        """What names each of its destinations; where there may be thousands, that alone is read."""
        if self.names:
            return self.names()
        found = self.destinations(config)
        return (DestinationName(one.key, one.name, one.named_by) for one in found)

    def types_sent(self, config: dict[str, Any]) -> set[str]:
        """The event types, or patterns of them, that it sends with that config."""
        return {one for place in self.destinations(config) for one in place.types}

    def secret(self, name: str) -> SecretSpec | None:
        """The secret of that name."""
        return next((one for one in self.secrets if one.name == name), None)


_catalogue: dict[str, Integration] = {}


def enter(integration: Integration) -> Integration:
    """Add an integration to the catalogue.

    Raises ImproperlyConfigured if its slug is taken, a secret is sent to an unknown address, or its
    config would take undeclared values: a secret typed into an open config could be read by
    everybody who may see the integration.
    """
    if integration.config_schema.get("additionalProperties") is not False:
        raise ImproperlyConfigured(
            f"Integration {integration.slug}: its config schema needs additionalProperties: false."
        )
    addresses = {
        "",
        *integration.config_schema["properties"],
        *(s.name for s in integration.secrets),
    }
    if unknown := {one.sent_to for one in integration.secrets} - addresses:
        raise ImproperlyConfigured(f"Integration {integration.slug} has no address {unknown}.")
    if _catalogue.setdefault(integration.slug, integration) is not integration:
        raise ImproperlyConfigured(f"There are two integrations {integration.slug}.")
    return integration


def all_integrations() -> dict[str, Integration]:
    """Every integration by slug, whether its module is active or not."""
    return dict(sorted(_catalogue.items()))


@contribution("integrations")
def integrations_of(module: str) -> list[str]:
    """The slugs of the integrations that the module brings."""
    return [one.slug for one in all_integrations().values() if one.module == module]


def lacks_package(package: str, distribution: str) -> str:
    """Why an integration cannot be enabled without `package`; "" when it is installed."""
    if importlib.util.find_spec(package) is not None:
        return ""
    return f"The Python package {distribution} is not installed. Install it and restart the server."
