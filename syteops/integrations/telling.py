"""Events as people read them in a message: who did what to which object. Values are not told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import NoReverseMatch, reverse

from syteops.audit.models import AuditEntry
from syteops.audit.switchables import SwitchableState
from syteops.audit.words import actor_name, sentence
from syteops.core.entities import Entity
from syteops.core.events import Noun, Verb
from syteops.events.models import Event
from syteops.lib.text import cut

LONGEST = 300
"""Characters of one line."""
_TELLS_FIELDS = (Verb.UPDATED, Verb.CONFIGURED, Verb.SECRET_SET, Verb.SECRET_CLEARED)
_SELDOM_OF_INTEREST = {"ai_area", "ai_suggestion", "ai_usage", "audit_entry"}


@dataclass(frozen=True)
class Told:
    """One event in words. `url` is the object's page in the admin, or "" where there is none."""

    text: str
    url: str


def put_in_words(events: Iterable[Event]) -> list[Told]:
    """Each event in words, without those of which the audit trail keeps nothing any more."""
    return [_put_in_words(one) for one in events if one.entry or not one.entry_id]


def subject(lines: Sequence[Told]) -> str:
    """What a message of these is about, in one line."""
    about = lines[0].text if len(lines) == 1 else f"{len(lines)} changes"
    return cut(f"{settings.SITE_NAME}: {about}", LONGEST)


def _put_in_words(event: Event) -> Told:
    if event.entry is None:
        return Told(_of_variables(event.data), "")
    return Told(_in_words(event.entry), _address(event.entry))


def _in_words(entry: AuditEntry) -> str:
    text = f"{actor_name(entry)} {sentence(entry)}"
    if entry.event.endswith(tuple(f".{one}" for one in _TELLS_FIELDS)):
        names = ", ".join(sorted(one.replace("_", " ") for one in entry.changes))
        text = f"{text}: {names}"
    return _shortened(" ".join(text.split()))


def _of_variables(data: dict[str, Any]) -> str:
    names = ", ".join((*data["changed"], *(f"{one} (gone)" for one in data["removed"])))
    return _shortened(f"Variables have changed: {names}")


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{cut(text, LONGEST - 1)}…"


def _address(entry: AuditEntry) -> str:
    """The object's page in the admin, at SITE_URL; "" where there is no such page or setting."""
    noun, _, verb = entry.event.partition(".")
    model = _models().get(noun)
    if not settings.SITE_URL or model is None or verb == Verb.DELETED:
        return ""
    by_slug = issubclass(model, SwitchableState)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    try:
        path = reverse(name, args=[entry.object_id if by_slug else entry.object_pk])
    except NoReverseMatch:
        return ""
    return f"{settings.SITE_URL}{path}"


@cache
def _models() -> dict[str, type[Entity]]:
    return {one.noun: one for one in apps.get_models() if issubclass(one, Entity)}


# --- Which events -----------------------------------------------------------------------------


def types_schema() -> dict[str, Any]:
    """The config value with the event types that somebody wants to be told."""
    return {
        "type": "array",
        "title": "Events",
        "description": (
            "Types such as crm_system.updated, all of a kind such as crm_system.*, or * for "
            "everything."
        ),
        "items": {
            "type": "string",
            "maxLength": 100,
            "format": "event-type",
        },
        "minItems": 1,
        "maxItems": 100,
        "uniqueItems": True,
        "default": usual_types(),
    }


def usual_types() -> list[str]:
    """What people care about: changes of what the site manages, without sign-ins."""
    kinds = sorted(_models().keys() - _SELDOM_OF_INTEREST)
    failing = f"{Noun.DELIVERIES}.{Verb.PAUSED}"
    return [*(f"{one}.*" for one in kinds), f"{Noun.PERSON}.{Verb.CREATED}", failing]
