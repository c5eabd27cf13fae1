"""What leaves the site is for whoever sets that up to read: no right is gained by sending."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.apps import apps

from syteops.core.actors import Actor
from syteops.core.entities import Entity
from syteops.core.errors import Forbidden
from syteops.core.events import Noun
from syteops.integrations.catalogue import Integration

_RESOURCES: dict[str, str] = {
    Noun.PERSON: "people",
    Noun.GROUP: "groups",
    Noun.AUDIT: "audit",
    Noun.ENCRYPTION: "encryption",
    Noun.VARIABLES: "variables",
    Noun.DELIVERIES: "deliveries",
}


def types_sent(integration: Integration, config: dict[str, Any]) -> set[str]:
    """The event types, or patterns of them, that the integration sends with that config."""
    return {one for place in integration.destinations(config) for one in place.types}


def refuse_unreadable_types(actor: Actor, types: Iterable[str]) -> None:
    """Raise Forbidden unless the actor may read all that events of these types tell of."""
    readable = actor.readable()
    if readable is None:
        return
    if hidden := sorted(_covered(types) - set(readable)):
        raise Forbidden(
            "You can have events sent only of what you may read. "
            f"You may not read: {', '.join(hidden)}."
        )


def _covered(types: Iterable[str]) -> set[str]:
    """The resources of the events. A noun that nobody knows yet may be anything."""
    found: set[str] = set()
    for one in types:
        resource = resources_by_noun().get(one.partition(".")[0])
        found |= {resource} if resource else _all_resources()
    return found


def _all_resources() -> set[str]:
    return set(resources_by_noun().values())


@cache
def resources_by_noun() -> dict[str, str]:
    """By the first word of an event's type, the resource that it tells of."""
    entities = [one for one in apps.get_models() if issubclass(one, Entity)]
    return {**_RESOURCES, **{one.noun: one.resource for one in entities}}
