"""What is done with a suggestion: it is made by a task, and then somebody decides.

Suggestions and their objects that are passed in are locked by the caller.
"""

import json
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from syteops.ai.areas import Area, areas_about
from syteops.ai.choices import UNDER_WAY, SuggestionState
from syteops.ai.models import AiSuggestion
from syteops.ai.queries import get_area
from syteops.ai.services import Completion, complete
from syteops.ai.suggesting import (
    MOST_ITEMS,
    Item,
    Suggesting,
    fingerprint_of,
    is_good,
    prompt_of,
    schema_of,
    system_of,
)
from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.entities import Entity
from syteops.core.errors import Conflict, DomainError, NotFound
from syteops.core.events import Verb
from syteops.core.removing import remove
from syteops.lib.answers import objects_in
from syteops.tasks.jobs import UNFORESEEN, Storing
from syteops.team.places import wait_for_erasures

if TYPE_CHECKING:  # services import this, and know no API
    from syteops.ai.editing import Edits

KEPT = timedelta(days=30)

UNUSABLE = "The AI gave no answer that can be used. Nothing was changed. Try again."
_CANCELLED = "It was cancelled."
_NOTHING = "The AI found nothing to suggest."
_CHANGED = "It was changed since the AI was asked, so nothing was stored. Ask again."


# --- Made ----------------------------------------------------------------------------------


def answer(key: str, actor: Actor, storing: Storing) -> str:
    """Have the AI asked and keep what can be used of its answer; what to tell.

    Nothing is kept of a suggestion that was cancelled meanwhile. Raises what it failed with, which
    is kept as well.
    """
    try:
        return _answer(key, actor, storing)
    except DomainError as refusal:
        fail(key, {"code": refusal.code, "detail": refusal.detail})
        raise
    except Exception:
        fail(key, UNFORESEEN)
        raise


def _answer(key: str, actor: Actor, storing: Storing) -> str:
    suggestion = _begun(key)
    if suggestion is None:
        return _CANCELLED
    area = get_area(suggestion.area)
    suggests = area.get_suggests()
    about = suggests.find(suggestion.object_id)
    suggestion.fingerprint = fingerprint_of(suggests.source(about))
    told = _ask(actor, area, about)
    items = _items(suggests, about, told.text)
    with storing():
        return _keep(actor, suggestion, told, items)


def _begun(key: str) -> AiSuggestion | None:
    """The suggestion, being made from now on; None for one that is not wanted any more.

    Who is erased from now on has it cancelled; who is being erased is not read any more.
    """
    wait_for_erasures()
    wanted = (*UNDER_WAY, SuggestionState.FAILED)  # somebody has its task run again
    found = AiSuggestion.objects.filter(pk=key, state__in=wanted)
    begun = {"state": SuggestionState.RUNNING, "problem": None, "ended_at": None}
    return found.first() if found.update(**begun) else None


def _ask(actor: Actor, area: Area, about: Any) -> Completion:
    suggests = area.get_suggests()
    return complete(
        actor,
        area.slug,
        system=system_of(suggests),
        prompt=prompt_of(suggests, about),
        schema=schema_of(suggests),
    )


def _items(suggests: Suggesting, about: Any, text: str) -> list[Item]:
    """The good items of the answer, each once. Raises Conflict for an answer that is none."""
    given = objects_in(text)
    if given is None:
        raise Conflict(UNUSABLE)
    read = [suggests.read(about, one) for one in given[:MOST_ITEMS]]
    good = [one for one in read if one is not None and is_good(one)]
    if given and not good:
        raise Conflict(UNUSABLE)
    return [one for place, one in enumerate(good) if one not in good[:place]]


def fail(key: Any, problem: dict[str, str]) -> None:
    """Say of a suggestion that is under way why there will be no answer."""
    values = {"state": SuggestionState.FAILED, "problem": problem, "ended_at": timezone.now()}
    AiSuggestion.objects.filter(pk=key, state__in=UNDER_WAY).update(**values)


def _keep(actor: Actor, asked: AiSuggestion, told: Completion, items: list[Item]) -> str:
    suggestion = AiSuggestion.objects.select_for_update().filter(pk=asked.pk).first()
    if suggestion is None or suggestion.state not in UNDER_WAY:
        return _CANCELLED
    if _is_gone(suggestion):
        _end(actor, suggestion, SuggestionState.CANCELLED, Verb.CANCELLED)
        return _CANCELLED
    suggestion.state, suggestion.items = SuggestionState.READY, items
    suggestion.fingerprint, suggestion.ended_at = asked.fingerprint, timezone.now()
    suggestion.provider, suggestion.model = told.provider, told.model
    suggestion.input_tokens, suggestion.output_tokens = told.usage or (None, None)
    suggestion.save()
    audit.record(actor, suggestion, Verb.ANSWERED, {"items": (None, len(items))})
    return "Choose what you want to have stored." if items else _NOTHING


def _is_gone(suggestion: AiSuggestion) -> bool:
    try:
        get_area(suggestion.area).get_suggests().find(suggestion.object_id)
    except NotFound:
        return True
    return False


# --- Decided -------------------------------------------------------------------------------


@transaction.atomic
def accept(
    actor: Actor,
    suggestion: AiSuggestion,
    about: Any,
    chosen: Collection[int],
    edits: "Edits | None" = None,
) -> Entity:
    """Store the chosen items (by their place, from 0) in the object, as edited; that object.

    The suggestion forgets all items: what was wanted of them is in the object.
    The same choice once more changes nothing. Raises ValidationError for wrong edits, Conflict
    for a suggestion that is not ready, whose object was changed since, or that lacks some of these
    items; and whatever the object's own services refuse with, such as Invalid for values that it
    does not take.
    """
    wanted = sorted(set(chosen))
    decision = fingerprint_of(json.dumps([wanted, edits.given if edits else {}], sort_keys=True))
    if suggestion.state == SuggestionState.ACCEPTED and decision == suggestion.fingerprint:
        return about  # type: ignore[no-any-return]
    _need(suggestion, SuggestionState.READY)
    suggests = get_area(suggestion.area).get_suggests()
    if fingerprint_of(suggests.source(about)) != suggestion.fingerprint:
        raise Conflict(_CHANGED)
    if not wanted or wanted[-1] >= len(suggestion.items):
        raise Conflict(f"Choose some of the {len(suggestion.items)} items, by their index.")
    suggested = {place: suggestion.items[place] for place in wanted}
    items = edits.applied(suggests, suggested) if edits else suggested
    stored = suggests.accept(actor, about, [*items.values()])
    suggestion.accepted, suggestion.items, suggestion.fingerprint = wanted, [], decision
    differing = [place for place, item in items.items() if item != suggested[place]]
    also = {"edited": (None, differing)} if differing else {}
    _end(actor, suggestion, SuggestionState.ACCEPTED, Verb.ACCEPTED, also)
    return stored


@transaction.atomic
def dismiss(actor: Actor, suggestion: AiSuggestion) -> AiSuggestion:
    """Forget what it suggests; one that is still under way is cancelled.

    Once more changes nothing. Raises Conflict for one that was accepted, or that failed.
    """
    if suggestion.state in (SuggestionState.DISMISSED, SuggestionState.CANCELLED):
        return suggestion
    suggestion.items = []
    if suggestion.state in UNDER_WAY:
        return _end(actor, suggestion, SuggestionState.CANCELLED, Verb.CANCELLED)
    _need(suggestion, SuggestionState.READY)
    return _end(actor, suggestion, SuggestionState.DISMISSED, Verb.DISMISSED)


def _need(suggestion: AiSuggestion, state: SuggestionState) -> None:
    if suggestion.state != state:
        is_now = SuggestionState(suggestion.state).label.lower()
        raise Conflict(f"This suggestion is not ready: it is {is_now}.", state=suggestion.state)


def _end(
    actor: Actor,
    suggestion: AiSuggestion,
    state: SuggestionState,
    verb: Verb,
    also: Mapping[str, Any] | None = None,
) -> AiSuggestion:
    changes = {"state": (suggestion.state, str(state)), "items": (None, suggestion.accepted)}
    suggestion.state, suggestion.ended_at = state, timezone.now()
    suggestion.save()
    audit.record(actor, suggestion, verb, {**changes, **(also or {})})
    return suggestion


# --- Forgotten -----------------------------------------------------------------------------


def forget_suggestions_about(about: Entity) -> None:
    """Delete those for an object that is being deleted."""
    areas = [one.slug for one in areas_about(type(about))]
    AiSuggestion.objects.filter(area__in=areas, object_id=str(about.pk)).delete()


def forget_suggestions() -> None:
    """Delete those that were asked for more than thirty days ago."""
    remove(AiSuggestion.objects.filter(created_at__lt=timezone.now() - KEPT))
