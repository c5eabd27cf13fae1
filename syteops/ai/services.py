"""Every change of AI settings, and every use of AI. Objects passed in are locked by the caller."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from django.db import transaction

from syteops.ai import client, metering, queries
from syteops.ai.areas import all_areas
from syteops.ai.errors import AiFailed, AiUnavailable
from syteops.ai.models import AiAreaSettings, AiProvider
from syteops.ai.queries import AreaState
from syteops.ai.rights import require_readable
from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.encryption import open_sealed
from syteops.core.errors import Conflict, Invalid
from syteops.core.events import Verb
from syteops.core.locks import transaction_lock

# --- Providers -----------------------------------------------------------------------------

# What an HTTP header can carry.
KEY = re.compile(r"[\x21-\x7e]+")


@transaction.atomic
def create_ai_provider(actor: Actor, **values: Any) -> AiProvider:
    """A further provider. As the default it takes over from the present one. Raises Invalid, or
    Forbidden unless who acts may read what areas send.
    """
    provider = AiProvider(**values)
    if provider.is_default:
        _step_back(actor, provider)
    audit.insert(actor, provider)
    require_readable(actor)
    return provider


@transaction.atomic
def restore_ai_provider(actor: Actor, provider: AiProvider) -> AiProvider:
    """A deleted provider again, without its key; `provider` holds its other columns.

    It is the default again, unless another is by now. Raises as `create_ai_provider` does.
    """
    transaction_lock(_DEFAULT)
    if queries.default_provider():
        provider.is_default = False
    audit.reinsert(actor, provider)
    require_readable(actor)
    return provider


@transaction.atomic
def update_ai_provider(actor: Actor, provider: AiProvider, **values: Any) -> AiProvider:
    """Change the fields given. A new default takes over from the present one. Raises Invalid.

    Another origin of the base URL clears the key: whoever may change the address but not the
    secrets would otherwise have it sent to a server of their own. Raises Forbidden for another base
    URL or default, unless who acts may read what areas send.
    """
    passing, wanted, before = _Passing(), values.get("is_default"), _decisive(provider)
    if wanted is not None and wanted != provider.is_default:
        former, heir = (_step_back(actor, provider), provider) if wanted else (provider, None)
        passing = _passing(former, heir)
    audit.update(actor, provider, values, also=passing)
    if _decisive(provider) not in (before, (before[0], False)):
        require_readable(actor)
    return provider


def _decisive(provider: AiProvider) -> tuple[str, bool]:
    return provider.base_url, provider.is_default


@transaction.atomic
def delete_ai_provider(actor: Actor, provider: AiProvider) -> None:
    """Delete the provider and its key. Raises Conflict while an area names it."""
    areas = [str(one) for one in provider.areas.order_by("area")]
    if areas:
        raise Conflict(
            f"{provider} serves {', '.join(areas)}. Choose another provider there first.",
            areas=areas,
        )
    audit.remove(actor, provider)


clear_secrets = audit.clear_secrets


@transaction.atomic
def set_secrets(actor: Actor, provider: AiProvider, *, api_key: str) -> AiProvider:
    """Store the key, sealed. The first provider with a key becomes the default. Raises Invalid, or
    Forbidden unless who acts may read what areas send: it is seen by whose account the key is of.
    """
    if not KEY.fullmatch(api_key):
        raise Invalid.field("api_key", "A key has letters, digits and signs, and no spaces.")
    require_readable(actor)
    transaction_lock(_DEFAULT)
    if audit.set_secret(actor, provider, "api_key", api_key) and not queries.default_provider():
        audit.update(actor, provider, {"is_default": True}, also=_passing(None, provider))
    return provider


_DEFAULT = "ai_default_provider"


def _step_back(actor: Actor, heir: AiProvider) -> AiProvider | None:
    """End the present default and answer it; the database allows one at a time."""
    transaction_lock(_DEFAULT)
    present = AiProvider.objects.select_for_update().filter(is_default=True).first()
    if present:
        audit.update(actor, present, {"is_default": False}, also=_passing(present, heir))
    return present


_Passing = dict[str, tuple[str | None, str | None]]


def _passing(former: AiProvider | None, heir: AiProvider | None) -> _Passing:
    """Whose the default was and is, for the audit trail: so that an undo can give it back."""
    return {"default_provider": (former.slug if former else None, heir.slug if heir else None)}


# --- Areas ---------------------------------------------------------------------------------


@transaction.atomic
def update_ai_area(actor: Actor, settings: AiAreaSettings, **values: Any) -> AiAreaSettings:
    """Change the settings given. Raises Invalid, or Forbidden for another provider, or where it is
    switched on, unless who acts may read what the area sends.
    """
    if settings._state.adding:
        settings.save(force_insert=True)  # the defaults, as they hold already: no change yet
    before = settings.provider_id, settings.enabled
    audit.update(actor, settings, values)
    if settings.enabled and (settings.provider_id, settings.enabled) != before:
        require_readable(actor, [all_areas()[settings.area]])
    return settings


def add_missing_settings(model: type[AiAreaSettings]) -> None:
    """A row of defaults for every area without one, so that the admin can list them.

    `model` is the table as the migrations have left it.
    """
    there = set(model.objects.values_list("area", flat=True))
    missing = [model(area=slug) for slug in all_areas() if slug not in there]
    model.objects.bulk_create(missing, ignore_conflicts=True)


# --- Use -----------------------------------------------------------------------------------


def require_available(area: str, *, system: str = "", prompt: str = "") -> None:
    """Raises what `complete` would refuse this with before it asks anybody. Counts nothing.

    For whoever has it asked by a background task: what is known at once is told at once.
    """
    state = queries.get_area_state(area)
    question = _question(state, system, prompt)
    metering.require_left(state.settings, _most_tokens(question))


@dataclass(frozen=True)
class Completion:
    """What an area's AI has answered, who that was, and the tokens (None: it did not tell)."""

    text: str
    provider: str
    model: str
    usage: tuple[int, int] | None


def complete(
    actor: Actor, area: str, *, system: str, prompt: str, schema: Mapping[str, Any] | None = None
) -> Completion:
    """What the area's AI answers to `prompt`, as instructed by `system`; by `schema` if it can.

    Enforces and meters the area's limits; callers at the same time cannot overrun them together.
    A call that fails still counts as a request. The audit trail tells who asked which provider.
    Must be called outside of any transaction (RuntimeError otherwise): none is held while the
    provider thinks, up to a minute.

    Raises NotFound, ModuleInactive, AiUnavailable, LimitReached, or AiFailed when the provider
    gives no usable answer.
    """
    question, reservation = _reserve(actor, area, system, prompt, schema)
    try:
        answer = client.ask(question)
    except AiFailed as failure:
        if not failure.billable:
            metering.settle(reservation, (0, 0))
        raise
    if answer.usage:
        metering.settle(reservation, answer.usage)
    if answer.is_cut:
        raise AiFailed(
            f"The answer of {question.name} was longer than {question.max_tokens} tokens. Allow "
            "more max_tokens in the AI settings.",
            billable=True,
        )
    if not answer.text.strip():
        raise AiFailed(f"{question.name} answered nothing. Try again.", billable=True)
    return Completion(answer.text, question.provider, question.model, answer.usage)


@transaction.atomic(durable=True)
def _reserve(
    actor: Actor, area: str, system: str, prompt: str, schema: Mapping[str, Any] | None
) -> tuple[client.Question, metering.Reservation]:
    state = queries.get_area_state(area)
    question = _question(state, system, prompt, schema)
    most = _most_tokens(question)
    reservation = metering.reserve(actor, state.settings, question.provider, question.model, most)
    asked = {"provider": (None, question.provider), "model": (None, question.model)}
    audit.record(actor, state.settings, Verb.ASKED, asked)
    return question, reservation


def _most_tokens(question: client.Question) -> int:
    # No token is shorter than a byte, and the protocol adds some of its own.
    given = question.system + question.prompt
    given += json.dumps(question.schema) if question.schema else ""
    return len(given.encode()) + _OVERHEAD + question.max_tokens


_OVERHEAD = 64


def _question(
    state: AreaState, system: str, prompt: str, schema: Mapping[str, Any] | None = None
) -> client.Question:
    provider = state.serving
    if state.why_not_ready or provider is None:
        raise AiUnavailable(state.why_not_ready)
    limits = [one for one in (state.settings.max_tokens, provider.token_limit) if one]
    question = question_to(provider)
    return replace(
        question,
        model=state.model,
        max_tokens=min(limits),
        system=system,
        prompt=prompt,
        schema=schema,
    )


def question_to(provider: AiProvider) -> client.Question:
    """A question to that provider that asks nothing yet, with its default model.

    Raises AiUnavailable for one that lacks a key.
    """
    return client.Question(
        provider=provider.slug,
        name=provider.name,
        base_url=provider.base_url,
        style=provider.api_style,
        key=_key_of(provider),
        model=provider.default_model,
        max_tokens=provider.token_limit or _SHORT,
        system="",
        prompt="",
    )


_SHORT = 16


def _key_of(provider: AiProvider) -> str:
    """The key; "" for one that needs none. Raises AiUnavailable."""
    if problem := queries.why_no_key(provider):
        raise AiUnavailable(problem)
    return open_sealed(provider, "api_key") or ""


# --- Trying a provider -----------------------------------------------------------------------


def check_connection(provider: AiProvider) -> str:
    """Ask the provider's default model for one word; what came of it, in words. Stores nothing.

    Raises AiUnavailable, or AiFailed.
    """
    question = question_to(provider)
    if not question.model:
        raise AiUnavailable(f"{provider} has no default model. Choose one, then test again.")
    began = monotonic()
    short = min(question.max_tokens, _SHORT)
    client.ask(replace(question, max_tokens=short, prompt="Answer with the word: yes"))
    return f"{provider} answered in {monotonic() - began:.1f} s, with {question.model}."


@transaction.atomic
def set_known_models(actor: Actor, provider: AiProvider, names: list[str]) -> AiProvider:
    """Keep what a provider offers, for people to choose from."""
    audit.update(actor, provider, {"known_models": names})
    return provider
