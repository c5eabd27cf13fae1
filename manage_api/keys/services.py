"""The life of keys and of the API's switch. The plain key is returned once and not kept."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from manage_api import throttling
from manage_api.keys import rights, tokens, validators
from manage_api.keys.endings import put_back, was_disabled
from manage_api.keys.models import ApiSwitch, KeyKind, ManageKey
from manage_api.keys.queries import replaced_by, site_key, sponsored_keys
from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.errors import Conflict, Invalid, Protected
from syteops.core.events import Verb
from syteops.core.locks import transaction_lock
from syteops.people.services import before_person_deleted, leaves_behind

MAX_OVERLAP = timedelta(days=7)


class Issued(NamedTuple):
    """A key just made, with its text: show it once, and keep it nowhere."""

    key: ManageKey
    text: str


@transaction.atomic
def generate_site_key(actor: Actor) -> Issued:
    """A site key where there is none, and an open API. Raises Conflict if there is one.

    Raises Forbidden for whoever does not hold everything.
    """
    rights.require_held(actor, rights.of_site_key())  # before it says whether there is one
    ApiSwitch.objects.select_for_update().get(pk=1)  # one at a time
    if site_key() is not None:
        raise Conflict("There is a site key already. Rotate it to get a new one.")
    issued = _issue(actor, kind=KeyKind.SITE, name="Site key", scopes=[], networks=[])
    set_api_enabled(actor, True)
    return issued


@transaction.atomic
def create_restricted_key(
    actor: Actor,
    *,
    name: str,
    scopes: Iterable[str],
    networks: Iterable[str] = (),
    expires_at: datetime | None = None,
    sponsor: Any = None,
    public_id: str = "",
) -> Issued:
    """A key with exactly these rights, which never change.

    A caller that names the `public_id` gets one key for it, however often it asks. Raises Conflict
    then, and Invalid, also for an expiry beyond KEY_MAX_DAYS where the site sets that; Forbidden
    for rights that the actor does not hold.
    """
    scopes = validators.validate_scopes(scopes)
    rights.require_held(actor, rights.of_scopes(scopes))
    return _issue(
        actor,
        public_id=public_id,
        kind=KeyKind.RESTRICTED,
        name=validators.validate_name(name),
        scopes=scopes,
        networks=validators.validate_networks(networks),
        expires_at=validators.validate_expiry(expires_at),
        sponsor=sponsor,
    )


@transaction.atomic
def rotate_key(actor: Actor, key: ManageKey, overlap: timedelta = timedelta(0)) -> Issued:
    """A new key with the same rights. The old one stops at once, or when the overlap ends.

    Without overlap, keys replaced earlier that still work end as well. Raises Invalid for an
    overlap outside 0 s to 7 days, Conflict if the key cannot be rotated, or not any more,
    Forbidden for a key that can do more than the actor.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise Invalid.field("overlap", "Choose 0 seconds to 7 days.", "out_of_range")
    key, now = _lock_key(key), timezone.now()
    _check_rotatable(key, now)
    rights.require_held(actor, rights.of_key(key))
    if not overlap:
        _end_predecessors(actor, key, now)
    # Only one site key may be current, so the old one steps back before the new one is stored.
    ManageKey.objects.filter(pk=key.pk).update(revoked_at=now)
    issued = _issue(
        actor,
        kind=key.kind,
        name=key.name,
        scopes=key.scopes,
        networks=key.networks,
        expires_at=key.expires_at,
        sponsor=key.sponsor,
        event=Verb.ISSUED_BY_ROTATION,
    )
    ending = {"retires_at": now + overlap, "revoked_at": None} if overlap else {"revoked_at": now}
    _end(actor, key, {**ending, "rotated_at": now, "successor": issued.key}, Verb.ROTATED)
    return issued


@transaction.atomic
def revoke_key(actor: Actor, key: ManageKey) -> bool:
    """End a key and the former keys that still work, for good; False if it had ended already."""
    key, now = _lock_key(key), timezone.now()
    _end_predecessors(actor, key, now)
    if key.revoked_at:
        return False
    return _end(actor, key, {"revoked_at": now}, Verb.REVOKED)


def pause_key(actor: Actor, key: ManageKey) -> bool:
    """Refuse a restricted key until it is resumed; False if it is paused already.

    Raises Protected for the site key, Conflict for one that was revoked or replaced.
    """
    return _set_paused(actor, key, timezone.now())


def resume_key(actor: Actor, key: ManageKey) -> bool:
    """Let a paused key work again; False if it was not paused. Raises as `pause_key`.

    Raises Forbidden for a key that can do more than the actor.
    """
    return _set_paused(actor, key, None)


@before_person_deleted
@transaction.atomic
def release_sponsor(actor: Actor, user: User) -> None:
    """Let no key have that sponsor any more. It works on."""
    for key in ManageKey.objects.select_for_update().filter(sponsor=user).order_by("pk"):
        audit.update(actor, key, {"sponsor": None})


@leaves_behind(ManageKey.resource)
def keys_left_behind(user: User, are_named: bool) -> str:
    """That keys go on working although the person who answers for them was deactivated."""
    names = [key.name for key in sponsored_keys(user)]
    told = f": {', '.join(names)}. Look at each." if are_named else ". Tell who manages keys."
    return f"The keys that this person answers for go on working{told}" if names else ""


@transaction.atomic
def set_api_enabled(actor: Actor, enabled: bool) -> bool:
    """Enable or disable the API for every key. True if that changed anything.

    Raises Forbidden to enable it while a key would work that can do more than the actor.
    """
    if enabled:
        rights.require_held(actor, rights.of_working_keys())
    switch = ApiSwitch.objects.select_for_update().get(pk=1)
    switch.enabled = switch.enabled and not was_disabled()  # as everybody takes it
    event = Verb.ENABLED if enabled else Verb.DISABLED
    return audit.update(actor, switch, {"enabled": enabled}, event)


def _lock_key(key: ManageKey) -> ManageKey:
    return ManageKey.objects.select_for_update().get(pk=key.pk)


def _issue(
    actor: Actor,
    *,
    event: Verb = Verb.GENERATED,
    public_id: str = "",
    sponsor: User | None = None,
    **fields: Any,
) -> Issued:
    token = tokens.new_token(public_id)
    transaction_lock(f"key {token.public_id}")
    if ManageKey.objects.filter(public_id=token.public_id).exists():
        raise Conflict("This key was made already, and shown then. If it is lost, rotate it.")
    # Locked, so that nobody is deleted whom the key names.
    there = User.objects.select_for_update().filter(pk=sponsor.pk).first() if sponsor else None
    key = ManageKey(
        public_id=token.public_id,
        hint=token.hint,
        created_by=actor.label[:200],
        sponsor=there,
        **fields,
    )
    key.seal_verifier(token.verifier)
    audit.insert(actor, key, event)
    # Another tool with an old key may have got the address of this one's tool cut off.
    transaction.on_commit(lambda: throttling.note_success(token.text))
    return Issued(key, token.text)


def _end_predecessors(actor: Actor, key: ManageKey, now: datetime) -> None:
    """End what `key` replaced and what those replaced, where an overlap still lets it work.

    However often that was: a key that could not be ended any more would be the worst of all.
    """
    unended = ManageKey.objects.select_for_update().filter(revoked_at=None)
    for old in unended.filter(pk__in=replaced_by(key)).order_by("pk"):
        # One that ended by itself keeps the time of its end.
        if old.ends_at is None or old.ends_at > now:
            _end(actor, old, {"revoked_at": now}, Verb.REVOKED)


def _end(actor: Actor, key: ManageKey, values: dict[str, Any], verb: Verb) -> bool:
    """Store what ends the key or lets it rest, sealed with its rights: else whoever writes to the
    database could have it work again. Rights that somebody altered are not sealed."""
    verifier, has_genuine_rights = key.open_verifier()
    changed = audit.update(actor, key, values, verb)
    if has_genuine_rights:
        key.seal_verifier(verifier)
        ManageKey.objects.filter(pk=key.pk).update(verifier=key.verifier)
    return changed


@transaction.atomic
def seal_ends() -> int:
    """Seal the ends of keys that ended before ends were sealed; how many. `setup` does, so that an
    older database, or backup, is as safe as a new one."""
    ended = ManageKey.objects.select_for_update().filter(
        Q(retires_at__isnull=False) | Q(revoked_at__isnull=False) | Q(paused_at__isnull=False)
    )
    old = [key for key in ended.order_by("pk") if key.seal_end()]
    for key in old:
        ManageKey.objects.filter(pk=key.pk).update(verifier=key.verifier)
    return len(old)


def _check_rotatable(key: ManageKey, now: datetime) -> None:
    if key.revoked_at or key.successor_id:
        raise Conflict("This key was rotated or revoked already. Reload the page.")
    if key.expires_at and key.expires_at <= now:
        raise Conflict("This key has expired. Create a new one.")
    if key.paused_at:
        raise Conflict("This key is paused. Resume it first, or revoke it.")
    # The new key would be sealed with the rights that somebody gave the old one.
    if not key.has_genuine_rights or put_back([key.public_id]):
        raise Conflict("Its rights cannot be verified. Revoke this key, and create a new one.")


@transaction.atomic
def _set_paused(actor: Actor, key: ManageKey, moment: datetime | None) -> bool:
    key = _lock_key(key)
    if key.kind == KeyKind.SITE:
        raise Protected("The site key is not paused by itself: disable the API instead.")
    if key.revoked_at:
        raise Conflict("This key was revoked. Reload the page.")
    if key.successor_id:
        raise Conflict("This key was replaced and ends by itself: revoke it instead.")
    if bool(key.paused_at) == bool(moment):
        return False
    if moment is None:
        rights.require_held(actor, rights.of_key(key))
    return _end(actor, key, {"paused_at": moment}, Verb.PAUSED if moment else Verb.RESUMED)
