"""Reading keys, their use and their history."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.contrib.auth.models import User
from django.db.models import Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from manage_api.keys import tokens
from manage_api.keys.endings import was_disabled
from manage_api.keys.models import ApiSwitch, KeyCalls, KeyKind, ManageKey
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import ActorKind
from syteops.core.errors import NotFound

API_STATES = ("enabled", "disabled", "no_key")

EXPIRY_WARNINGS = (1, 7, 14)
"""Days before its expiry at which a key is warned about, the most urgent first."""

DAYS_SHOWN = 30
"""How many days a key's use is shown for."""

HISTORY_LENGTH = 100
"""How many of a key's changes and refusals are shown."""


def site_key() -> ManageKey | None:
    """The current site key, if there is one."""
    return ManageKey.objects.filter(kind=KeyKind.SITE, revoked_at=None, successor=None).first()


def api_enabled() -> bool:
    """Whether the API is enabled. Without a key nobody can use it even so."""
    return ApiSwitch.objects.get(pk=1).enabled and not was_disabled()


def api_state() -> str:
    """One of API_STATES: is there any key that could be used, and is the API enabled?"""
    if not live_keys().exists():
        return "no_key"
    return "enabled" if api_enabled() else "disabled"


def get_key(public_id: str) -> ManageKey:
    """The key of that public id, whatever its state. Raises NotFound."""
    is_id = re.fullmatch(tokens.ID_FORM, public_id)
    key = keys().filter(public_id=public_id).first() if is_id else None
    if key is None:
        raise NotFound(f"There is no key {public_id}.")
    return key


def keys() -> QuerySet[ManageKey]:
    """Every key there ever was, newest first."""
    return ManageKey.objects.select_related("sponsor", "successor")


def heirs() -> dict[str, ManageKey]:
    """By the public id of every key there ever was: what its tool uses now.

    That is the key itself, or the last of those that replaced it. One query.
    """
    every = ManageKey.objects.defer("verifier").in_bulk()
    found: dict[str, ManageKey] = {}
    # From the newest on: a key is made later than what it replaces, and there may be thousands.
    for one in sorted(every.values(), key=lambda key: key.pk, reverse=True):
        successor = every.get(one.successor_id)
        found[one.public_id] = found.get(successor.public_id, successor) if successor else one
    return found


def replaced_by(key: ManageKey) -> list[int]:
    """The primary keys of all that `key` has replaced, and those had, the latest first. One query.

    A key that is replaced each day has hundreds.
    """
    replaced = ManageKey.objects.filter(successor__isnull=False)
    by_successor = dict(replaced.values_list("successor_id", "pk"))
    found, at = [], key.pk
    while at in by_successor:
        at = by_successor.pop(at)  # so that a forged circle ends
        found.append(at)
    return found


@lru_cache(maxsize=1000)
def first_of_line(pk: int, public_id: str) -> str:
    """The public id of the first of the keys that this one replaced, or its own. It stays."""
    former = replaced_by(ManageKey(pk=pk))[-1:]
    found = ManageKey.objects.filter(pk__in=former).values_list("public_id", flat=True).first()
    return found or public_id


def live_keys() -> QuerySet[ManageKey]:
    """The keys that have not ended for good."""
    return keys().filter(_is_live())


def working_keys() -> QuerySet[ManageKey]:
    """All that an enabled API lets in: those that are active, or replaced and still work."""
    lasting = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    unpaused = Q(paused_at=None) | Q(retires_at__isnull=False)
    return live_keys().filter(lasting, unpaused).order_by("name", "pk")


def restricted_keys() -> QuerySet[ManageKey]:
    """The restricted keys that have not ended for good."""
    return live_keys().filter(kind=KeyKind.RESTRICTED)


def replaced_site_keys() -> QuerySet[ManageKey]:
    """Former site keys that still work in their overlap."""
    return live_keys().filter(kind=KeyKind.SITE, successor__isnull=False)


def sponsored_keys(person: User) -> QuerySet[ManageKey]:
    """The keys that person answers for and that have not ended."""
    return live_keys().filter(sponsor=person)


def possible_sponsors() -> QuerySet[User]:
    """The active staff: whom to ask about a key."""
    return User.objects.filter(is_active=True, is_staff=True).order_by("username")


def keys_without_sponsor() -> QuerySet[ManageKey]:
    """The restricted keys whose sponsor has been deactivated."""
    return restricted_keys().filter(sponsor__is_active=False)


def working_predecessors(key: ManageKey) -> list[ManageKey]:
    """The keys that `key` replaced, and those that they did, while their overlap lasts."""
    former = live_keys().filter(successor=key)
    return [one for old in former for one in (old, *working_predecessors(old))]


def former_keys() -> QuerySet[ManageKey]:
    """The keys that were revoked or replaced for good."""
    return keys().exclude(_is_live())


def _is_live() -> Q:
    now = timezone.now()
    return Q(revoked_at=None) & (Q(retires_at=None) | Q(retires_at__gt=now))


def expiring_keys(now: datetime | None = None) -> list[tuple[ManageKey, int]]:
    """Usable keys whose expiry is near, each with the warning that it has reached, in days."""
    now = now or timezone.now()
    latest = now + timedelta(days=max(EXPIRY_WARNINGS))
    found = ManageKey.objects.filter(
        revoked_at=None, successor=None, expires_at__gt=now, expires_at__lte=latest
    )
    warnings = []
    for key in found.order_by("expires_at"):
        left = (key.expires_at or now) - now
        warnings.append((key, next(d for d in EXPIRY_WARNINGS if left <= timedelta(days=d))))
    return warnings


def history_of(key: ManageKey) -> QuerySet[AuditEntry]:
    """What was done with the key, what it was refused, and its own life; newest first."""
    used = Q(actor_kind=ActorKind.KEY, actor_id=key.public_id)
    return AuditEntry.objects.filter(
        used | Q(object_resource=ManageKey.resource, object_id=key.public_id)
    )


def calls_in(key: ManageKey, hours: int) -> int:
    """How often the key was used in this hour and those before it, `hours` in all."""
    since = timezone.now() - timedelta(hours=hours)
    found = KeyCalls.objects.filter(key=key, hour__gt=since).aggregate(calls=Sum("calls"))
    return found["calls"] or 0


def calls_per_day(key: ManageKey, days: int) -> list[tuple[date, int]]:
    """How often the key was used on each of the last `days` days of the site's time zone."""
    today = timezone.localdate()
    shown = [today - timedelta(days=ago) for ago in reversed(range(days))]
    counted = (
        KeyCalls.objects.filter(key=key)
        .annotate(day=TruncDate("hour"))
        .filter(day__gte=shown[0])
        .values_list("day")
        .annotate(Sum("calls"))
    )
    found = dict(counted)
    return [(day, found.get(day, 0)) for day in shown]


def refusals(entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
    """Those of the entries that tell what a key was refused."""
    return entries.filter(actor_kind=ActorKind.KEY, outcome=Outcome.REFUSED)


def refused_uses(days: int) -> QuerySet[AuditEntry]:
    """The last refused use of each key for each reason, within the last `days` days."""
    since = timezone.now() - timedelta(days=days)
    found = AuditEntry.objects.filter(
        object_resource=ManageKey.resource,
        actor_kind=ActorKind.KEY,
        outcome=Outcome.REFUSED,
        at__gte=since,
    )
    last = found.order_by().values("object_id", "code").annotate(last=Max("id")).values("last")
    return AuditEntry.objects.filter(pk__in=last)


def cut_off_addresses(days: int) -> int:
    """How many addresses had too many requests without a valid key in a minute of those days."""
    found = AuditEntry.objects.filter(
        object_resource=ApiSwitch.resource,
        outcome=Outcome.REFUSED,
        at__gte=timezone.now() - timedelta(days=days),
    )
    return found.order_by().values("address").distinct().count()
