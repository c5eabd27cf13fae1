"""What deserves a second look: risks of one key, and alarms for the whole site."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from manage_api.keys.alterations import altered_keys
from manage_api.keys.models import KeyKind, KeyState, ManageKey
from manage_api.keys.queries import refused_uses, restricted_keys
from manage_api.keys.validators import exceeds_maximum, latest_expiry
from manage_api.operations import all_scopes
from syteops.audit.models import AuditEntry
from syteops.core.addresses import is_everywhere

ROTATE_AFTER = timedelta(days=180)
IS_OLD = f"older than {ROTATE_AFTER.days} days"
"""What is said of a key that should be rotated."""
IDLE_AFTER = timedelta(days=90)
_NO_NETWORKS = "no network limit"


def is_old(key: ManageKey) -> bool:
    """Whether it is time to rotate the key."""
    return timezone.now() - key.created_at >= ROTATE_AFTER


def find_risks(key: ManageKey) -> list[str]:
    """What makes a key riskier than it need be, in few words each."""
    return list(_risks(key))


def _risks(key: ManageKey) -> Iterator[str]:
    if key.kind == KeyKind.RESTRICTED:
        if key.expires_at is None:
            yield "never expires"
        if exceeds_maximum(key.expires_at):
            yield "longer than this site allows"
        if set(key.scopes) >= set(all_scopes()):
            yield "every scope"
        if not key.networks or any(is_everywhere(one) for one in key.networks):
            yield _NO_NETWORKS
        if key.sponsor is not None and not key.sponsor.is_active:
            yield f"sponsor {key.sponsor.get_username()} is inactive"
    idle = timezone.now() - (key.last_used_at or key.created_at)
    if key.state is KeyState.ACTIVE and idle >= IDLE_AFTER:
        yield "idle for 90 days"


def keys_at_risk() -> QuerySet[ManageKey]:
    """The restricted keys with a risk beyond that of no network limit, which most tools have.

    Those that were altered in the database are refused, so they are none.
    """
    altered = [one.pk for one in altered_keys()]
    found = restricted_keys().annotate(scopes_as_text=Cast("scopes", TextField()))
    return found.filter(_at_risk()).exclude(pk__in=altered)


def _at_risk() -> Q:
    """What `_risks` says of a key that has not ended, for the database to count."""
    now = timezone.now()
    long_ago = now - IDLE_AFTER
    unused = Q(last_used_at__lte=long_ago) | Q(last_used_at=None, created_at__lte=long_ago)
    active = Q(expires_at=None) | Q(expires_at__gt=now)
    every_scope = [Q(scopes_as_text__contains=f'"{one}"') for one in all_scopes()]
    latest = latest_expiry()
    return (
        Q(expires_at=None)
        | (Q(expires_at__gt=latest) if latest else Q())
        | Q(*every_scope)
        | Q(sponsor__is_active=False)
        | Q(unused, active, retires_at=None, paused_at=None)
    )


class Alarm(NamedTuple):
    """The last time that a key was turned away for one reason, and that reason in words."""

    entry: AuditEntry
    why: str


ALARM_DAYS = 7
_GRAVE = ("rights_altered", "not_authenticated", "key_expired")
_WHY = {
    "rights_altered": "used after its rights were altered in the database",
    "not_authenticated": "used after it was revoked or replaced",
    "key_expired": "used after its end",
    "api_disabled": "used while it, or the API, was closed",
    "network_not_allowed": "used from a network that is not allowed",
}


def find_alarms() -> tuple[list[Alarm], list[Alarm]]:
    """Keys turned away of late: those that were altered or used after their end, and the others.

    Newest first. Each of the first may be a thief. The others are mostly tools that wait.
    """
    found = [Alarm(one, _WHY.get(one.code, one.code)) for one in refused_uses(ALARM_DAYS)]
    grave = [one for one in found if one.entry.code in _GRAVE]
    return grave, [one for one in found if one not in grave]
