"""Samples of what is offered where areas make suggestions: for each object alike."""

from collections.abc import Callable
from typing import Any

from syteops.ai.areas import all_areas
from syteops.ai.choices import SuggestionState
from syteops.ai.models import AiSuggestion
from syteops.ai.suggesting import fingerprint_of
from tests.samples import Sample, sample
from tests.samples.ai import a_provider_with_key
from tests.samples.estimates import a_draft
from tests.samples.notes import a_note

NOWHERE = {"id": "999999"}
NO_SUGGESTION = {"suggestion": "00000000-0000-4000-8000-000000000000"}

OBJECTS: dict[str, Callable[[], Any]] = {
    "notes_items": a_note,
    "estimates_items": lambda: a_draft(content="Design for 400."),
}
ITEMS: dict[str, dict[str, Any]] = {
    "notes.summary": {"summary": "They start on Monday."},
    "notes.action_items": {
        "text": "Write the brief", "assignee": None, "assignee_name": None, "due_date": None,
    },
    "estimates.line_items": {"description": "Hosting", "quantity": "12", "unit_price": "9.9"},
}  # fmt: skip


def a_suggestion(about: Any, area: str, *items: dict[str, Any], **values: Any) -> AiSuggestion:
    """A suggestion for the object that waits for a decision."""
    source = all_areas()[area].get_suggests().source(about)
    known: dict[str, Any] = {
        "area": area,
        "object_id": str(about.pk),
        "state": SuggestionState.READY,
        "items": list(items or [ITEMS[area]]),
        "fingerprint": fingerprint_of(source),
        "provider": "openai",
        "model": "small",
        "actor_kind": "system",
        "actor_id": "system",
        "actor_label": "SyteOps",
    }
    return AiSuggestion.objects.create(**{**known, **values})


def _suggest(resource: str) -> Sample:
    a_provider_with_key()
    return Sample({"id": str(OBJECTS[resource]().pk)}, missing=NOWHERE)


def _path(resource: str, area: str) -> dict[str, str]:
    about = OBJECTS[resource]()
    return {"id": str(about.pk), "suggestion": str(a_suggestion(about, area).pk)}


def _list(resource: str, area: str) -> Sample:
    return Sample({"id": _path(resource, area)["id"]}, missing=NOWHERE)


def _get(resource: str, area: str) -> Sample:
    return Sample(_path(resource, area), missing=NO_SUGGESTION)


def _accept(resource: str, area: str) -> Sample:
    path = _path(resource, area)
    return Sample(path, {"items": [0]}, {"items": ["all"]}, NO_SUGGESTION)


def _dismiss(resource: str, area: str) -> Sample:
    return Sample(_path(resource, area), missing=NO_SUGGESTION)


def _enter(resource: str, area: str) -> None:
    for action, make in {
        "list_suggestions": _list,
        "get_suggestion": _get,
        "accept_suggestion": _accept,
        "dismiss_suggestion": _dismiss,
    }.items():
        sample(f"{resource}.{action}")(lambda make=make: make(resource, area))  # type: ignore[misc]


for one in all_areas().values():
    if one.suggests:
        about = one.suggests.model.resource
        sample(f"{about}.suggest_{one.name_in_resource}")(lambda about=about: _suggest(about))  # type: ignore[misc]
_enter("notes_items", "notes.action_items")
_enter("estimates_items", "estimates.line_items")
