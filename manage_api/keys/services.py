"""The life of keys and of the API's switch. The plain key leaves here once and is not kept."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from manage_api.keys import tokens
from manage_api.keys.models import ApiSwitch, KeyKind, ManageKey
from manage_api.operations import all_scopes
from syteops.audit import services as audit
from syteops.lib.actors import Actor
from syteops.lib.encryption import seal
from syteops.lib.errors import Conflict, FieldError, Invalid

MAX_OVERLAP = timedelta(days=7)
SITE_KEY_NAME = "Site key"


class Issued(NamedTuple):
    """A key just made, with its text: show it once, and keep it nowhere."""

    key: ManageKey
    text: str


def site_key() -> ManageKey | None:
    """The current site key, if there is one."""
    return ManageKey.objects.filter(
        kind=KeyKind.SITE, revoked_at=None, successor=None
    ).first()  # fmt: skip


@transaction.atomic
def generate_site_key(actor: Actor) -> Issued:
    """The first site key, or one after a revocation; opens the API. Raises Conflict if one exists."""
    _lock_switch()
    if site_key() is not None:
        raise Conflict("There is a site key already. Rotate it to get a new one.")
    issued = _issue(
        actor, kind=KeyKind.SITE, name=SITE_KEY_NAME, scopes=[], networks=[]
    )
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
) -> Issued:
    """A key with exactly these rights, which never change. Raises Invalid."""
    scopes, networks = sorted(set(scopes)), list(networks)
    _check_scopes(scopes)
    return _issue(
        actor,
        kind=KeyKind.RESTRICTED,
        name=name,
        scopes=scopes,
        networks=[_network(one) for one in networks],
        expires_at=expires_at,
        sponsor=sponsor,
    )


@transaction.atomic
def rotate_key(
    actor: Actor, key: ManageKey, overlap: timedelta = timedelta(0)
) -> Issued:
    """A new key with the same rights. The old one stops at once, or when the overlap ends.

    Raises Invalid for an overlap outside 0 s to 7 days, Conflict if it was rotated or revoked.
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise Invalid.field("overlap", "Choose 0 seconds to 7 days.", "out_of_range")
    key = ManageKey.objects.select_for_update().get(pk=key.pk)
    if key.revoked_at or key.successor_id:
        raise Conflict("This key was rotated or revoked already. Reload the page.")
    now = timezone.now()
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
        event="issued_by_rotation",
    )
    ending = (
        {"retires_at": now + overlap, "revoked_at": None}
        if overlap
        else {"revoked_at": now}
    )
    audit.update(actor, key, {**ending, "successor": issued.key}, "rotated")
    return issued


@transaction.atomic
def revoke_key(actor: Actor, key: ManageKey) -> bool:
    """End a key for good, from the very next request; False if it had ended already."""
    key = ManageKey.objects.select_for_update().get(pk=key.pk)
    if key.revoked_at:
        return False
    return audit.update(actor, key, {"revoked_at": timezone.now()}, "revoked")


@transaction.atomic
def set_api_enabled(actor: Actor, enabled: bool) -> bool:
    """Open or close the door for every key, which keep existing; True if that changed anything."""
    switch = _lock_switch()
    return audit.update(
        actor, switch, {"enabled": enabled}, "enabled" if enabled else "disabled"
    )


def api_enabled() -> bool:
    """Whether the door is open. It still takes a key to come in."""
    return ApiSwitch.objects.get(pk=1).enabled


def _lock_switch() -> ApiSwitch:
    return ApiSwitch.objects.select_for_update().get(pk=1)


def _issue(actor: Actor, *, event: str = "generated", **values: Any) -> Issued:
    token = tokens.new_token()
    key = ManageKey(
        public_id=token.public_id, hint=token.hint, created_by=actor.label, **values
    )  # fmt: skip
    key.verifier = seal(key, "verifier", token.verifier)
    audit.insert(actor, key, event)
    return Issued(key, token.text)


def _check_scopes(scopes: list[str]) -> None:
    if not scopes:
        raise Invalid.field("scopes", "Choose one scope at least.", "required")
    unknown = sorted(set(scopes) - set(all_scopes()))
    if unknown:
        text = f"There is no scope {', '.join(unknown)}."
        raise Invalid([FieldError(("scopes",), "invalid_choice", text)])


def _network(text: str) -> str:
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError as error:
        detail = f"{text} is no network. Write it like 203.0.113.0/24 or 2001:db8::/32."
        raise Invalid.field("networks", detail) from error
