"""What needs attention, on top of the start page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.timesince import timeuntil

from manage_api.keys.queries import (
    altered_keys,
    cut_off_addresses,
    expiring_keys,
    keys_without_sponsor,
    site_key,
)
from manage_api.keys.risks import ALARM_DAYS, IS_OLD, find_alarms, is_old
from syteops.audit.chain import is_intact
from syteops.audit.visibility import readable_resources
from syteops.core.pending_migrations import pending_migrations
from syteops.dashboard.tasks import failing_tasks
from syteops.deliveries.choices import Standing
from syteops.deliveries.pages import destination_url
from syteops.deliveries.queries import Readable, all_destinations, last_problems
from syteops.history.templatetags.audit_words import ago


@dataclass(frozen=True)
class Notice:
    """One notice: how grave (warn or bad), what is wrong, and where to do something about it."""

    tone: str
    icon: str
    text: str
    url: str = ""


def notices_for(user: Any) -> list[Notice]:
    """The notices this person can do something about."""
    found: list[Notice] = []
    if user.is_superuser:
        found += [*_migrations(), *_broken_trail(), *_failing_tasks()]
    if user.has_perm("deliveries.view_delivery"):
        found += _stuck(readable_resources(user))
    if user.has_perm("keys.manage_api_keys"):
        found += [*_altered(), *_turned_away(), *_cut_off(user), *_expiring()]
        found += [*_without_sponsor(), *_aged()]
    return found


def _migrations() -> Iterator[Notice]:
    if pending := len(pending_migrations()):
        text = f"{pending} database migrations are pending. Run manage.py setup."
        yield Notice("bad", "database", text)


def _broken_trail() -> Iterator[Notice]:
    if not is_intact():
        text = "The audit trail was altered, or its key was replaced. Run manage.py verify_audit."
        yield Notice("bad", "gpp_maybe", text, reverse("admin:audit_auditentry_changelist"))


def _altered() -> Iterator[Notice]:
    for key in altered_keys():
        text = (
            f"The key {key.name} is refused: its rights were altered in the database, or the "
            "encryption keys are not those it was sealed with. Revoke it."
        )
        yield Notice("bad", "gpp_bad", text, _key_url(key.public_id))


def _failing_tasks() -> Iterator[Notice]:
    for task in failing_tasks():
        since = ago(task.failing_since) if task.failing_since else ""
        text = f"The server's own work fails ({task.name}), first {since}. The log says why."
        yield Notice("bad", "build", text)


def _stuck(readable: Readable) -> Iterator[Notice]:
    """Destinations of enabled integrations to which nothing gets through."""
    problems = last_problems()
    for one in all_destinations(readable):
        if not one.enabled or one.standing not in (Standing.PAUSED, Standing.FAILING):
            continue
        what = f"{one.installed.name}: {one.name}"
        url = destination_url(one.integration, one.destination)
        if one.standing == Standing.PAUSED:
            yield Notice("bad", "pause_circle", f"{what} is paused. {one.state.why_paused}", url)
        elif one.state.failing_since:
            since = ago(one.state.failing_since)
            why = problems.get((one.integration, one.destination), "")
            text = f"{what} fails, first {since}. {why}".rstrip()
            yield Notice("warn", "sync_problem", text, url)


def _turned_away() -> Iterator[Notice]:
    ended, others = find_alarms()
    for alarm in ended:
        where = alarm.entry.address or "an unknown address"
        text = f"{alarm.entry.object_label}: {alarm.why}, {ago(alarm.entry.at)}, from {where}."
        yield Notice("bad", "gpp_maybe", text, _key_url(alarm.entry.object_id))
    if others:
        text = f"Keys that work were turned away: {len(others)} in the last {ALARM_DAYS} days."
        yield Notice("warn", "gpp_maybe", text, reverse("admin:keys_managekey_changelist"))


def _without_sponsor() -> Iterator[Notice]:
    for key in keys_without_sponsor():
        text = f"The key {key.name} has nobody to ask about it: {key.sponsor} is inactive."
        yield Notice("warn", "person_off", text, _key_url(key.public_id))


def _cut_off(user: Any) -> Iterator[Notice]:
    if count := cut_off_addresses(7):
        who = "1 address was" if count == 1 else f"{count} addresses were"
        text = f"{who} cut off in the last 7 days: too many requests came without a valid key."
        sees_trail = user.has_perm("audit.view_auditentry")
        trail = reverse("admin:audit_auditentry_changelist") + "?q=api.refused"
        yield Notice("warn", "block", text, trail if sees_trail else "")


def _expiring() -> Iterator[Notice]:
    for key, days in expiring_keys():
        left = timeuntil(key.expires_at) if key.expires_at else ""
        text = f"The key {key.name} expires in {left}."
        yield Notice(
            "bad" if days == 1 else "warn", "hourglass_bottom", text, _key_url(key.public_id)
        )


def _aged() -> Iterator[Notice]:
    key = site_key()
    if key is not None and is_old(key):
        text = f"The site key is {IS_OLD}. Rotate it."
        yield Notice("warn", "autorenew", text, reverse("admin:keys_managekey_changelist"))


def _key_url(public_id: str) -> str:
    return reverse("admin:keys_managekey_detail", args=[public_id])
