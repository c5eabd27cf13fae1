"""Which types of events there are, and what each tells of.

They follow from the `verbs` of the entities, so a new entity's events can be chosen as soon as the
entity is there.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError

from syteops.core.entities import Entity
from syteops.core.events import NOUN_VERBS, Noun, Verb
from syteops.core.schemas import FORMATS

EVERYTHING = "*"
"""The pattern of every event."""
MOST_PATTERNS = 200


@dataclass(frozen=True)
class Kind:
    """What has events: its noun, the resource whose readers are told of them, and what happens."""

    noun: str
    resource: str
    name: str
    verbs: tuple[Verb, ...]

    @property
    def pattern(self) -> str:
        """The pattern of all its events, such as `crm_system.*`."""
        return f"{self.noun}.*"

    @property
    def types(self) -> tuple[str, ...]:
        """Its events, such as `crm_system.created`."""
        return tuple(f"{self.noun}.{verb}" for verb in self.verbs)


@cache
def all_kinds() -> dict[str, Kind]:
    """Everything that has events, by its noun, in the order of its names."""
    kinds = sorted(_kinds(), key=lambda one: one.name.lower())
    return {one.noun: one for one in kinds}


def kind_of(pattern: str) -> Kind | None:
    """What a type or `<noun>.*` is about; None where there is no such event."""
    kind = all_kinds().get(pattern.partition(".")[0])
    return kind if kind and pattern in (kind.pattern, *kind.types) else None


def validate_patterns(patterns: Any) -> None:
    """Raises ValidationError, naming each pattern that is of no event."""
    if not isinstance(patterns, list) or not all(isinstance(one, str) for one in patterns):
        raise ValidationError("Give a list of event types.", "invalid")
    if len(patterns) > MOST_PATTERNS:
        raise ValidationError(f"Give {MOST_PATTERNS} event types at most.", "max_length")
    if unknown := [one for one in patterns if one != EVERYTHING and kind_of(one) is None]:
        names = ", ".join(one[:100] for one in unknown)
        detail = f"There is no such event: {names}. docs/events.md lists them all."
        raise ValidationError(detail, "not_found")


@FORMATS.checks("event-type")
def _is_pattern(value: object) -> bool:
    return not isinstance(value, str) or value == EVERYTHING or kind_of(value) is not None


def covered(patterns: Iterable[str]) -> set[str] | None:
    """The resources of which events of these patterns tell; None for all of them.

    A pattern of no event may come to name any: that of a module that is installed later.
    """
    kinds = [kind_of(one) for one in patterns]
    return None if None in kinds else {kind.resource for kind in kinds if kind}


# --- What there is -----------------------------------------------------------------------------

_OF_NO_ENTITY = {
    Noun.AUDIT: ("audit", "audit trail"),
    Noun.DELIVERIES: ("deliveries", "deliveries"),
    Noun.ENCRYPTION: ("encryption", "encryption keys"),
    Noun.GROUP: ("groups", "groups"),
    Noun.PERSON: ("people", "people who sign in"),
    Noun.SAVED_VIEW: ("saved_views", "shared views of lists"),
    Noun.TASK: ("tasks", "background tasks"),
    Noun.VARIABLES: ("variables", "automation variables"),
}
"""What is no Entity: its resource, and what people call it."""


def _kinds() -> Iterator[Kind]:
    for noun, (resource, name) in _OF_NO_ENTITY.items():
        yield Kind(noun, resource, name, _in_order(NOUN_VERBS[noun]))
    for model in apps.get_models():
        if issubclass(model, Entity) and model.verbs:
            name = model.told_as or str(model._meta.verbose_name_plural)
            yield Kind(model.noun, model.resource, name, _in_order(model.verbs))


def _in_order(verbs: Collection[Verb]) -> tuple[Verb, ...]:
    return tuple(one for one in Verb if one in verbs)
