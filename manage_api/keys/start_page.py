"""What the start page shows of keys: those that need somebody, and how the API stands."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from manage_api.keys.alterations import altered_keys
from manage_api.keys.queries import (
    api_state,
    cut_off_addresses,
    expiring_keys,
    keys_without_sponsor,
    live_keys,
    restricted_keys,
    site_key,
)
from manage_api.keys.risks import ALARM_DAYS, IS_OLD, find_alarms, is_old, keys_at_risk
from manage_api.keys.traffic import traffic
from syteops.audit.models import AuditEntry, Outcome
from syteops.audit.visibility import visible_to_person
from syteops.core.start_page import Line, Need, Panel, Step, counted, first_step, needs, panel

PERMISSION = "keys.manage_api_keys"
_STATES = {
    "no_key": Line("No key"),
    "enabled": Line("Active", "good"),
    "disabled": Line("API disabled", "bad"),
}


@first_step(
    30,
    PERMISSION,
    Step(
        "Create a key",
        "Tools read and change this site with a key. Give each its own, with the rights it needs.",
        "vpn_key",
        "admin:keys_managekey_changelist",
    ),
)
def has_key() -> bool:
    """Whether a key works."""
    return live_keys().exists()


@needs(PERMISSION)
def tell_altered(person: Any) -> Iterator[Need]:
    """The keys that somebody changed in the database."""
    for key in altered_keys():
        text = (
            f"The key {key.name} is refused: its rights were altered in the database, or the "
            "encryption keys are not those it was sealed with. Revoke it."
        )
        yield Need("bad", "gpp_bad", text, _url(key.public_id))


@needs(PERMISSION)
def tell_turned_away(person: Any) -> Iterator[Need]:
    """The keys that were used although they may not be."""
    ended, others = find_alarms()
    for alarm in ended:
        where = alarm.entry.address or "an unknown address"
        text = f"{alarm.entry.object_label}: {alarm.why}, from {where}."
        yield Need("bad", "gpp_maybe", text, _url(alarm.entry.object_id), at=alarm.entry.at)
    if others:
        text = f"Keys that work were turned away in the last {ALARM_DAYS} days."
        yield Need("warn", "gpp_maybe", text, _overview())


@needs(PERMISSION)
def tell_cut_off(person: Any) -> Iterator[Need]:
    """The addresses that tried too often without a key."""
    if cut_off_addresses(ALARM_DAYS):
        text = (
            f"Addresses were cut off in the last {ALARM_DAYS} days: too many requests came "
            "without a valid key."
        )
        sees_trail = person.has_perm("audit.view_auditentry")
        trail = reverse("admin:audit_auditentry_changelist") + "?q=api.refused"
        yield Need("warn", "block", text, trail if sees_trail else "")


@needs(PERMISSION)
def tell_expiring(person: Any) -> Iterator[Need]:
    """The keys that end soon."""
    for key, days in expiring_keys():
        tone, text = "bad" if days == 1 else "warn", f"The key {key.name} expires"
        yield Need(tone, "hourglass_bottom", text, _url(key.public_id), at=key.expires_at)


@needs(PERMISSION)
def tell_risky(person: Any) -> Iterator[Need]:
    """How many keys deserve a second look."""
    if count := keys_at_risk().count():
        who = counted(count, "restricted key is", "restricted keys are")
        text = f"{who} at risk: without an end, with every right, or idle. See why."
        url = f"{_overview()}?show=at_risk#restricted-keys"
        yield Need("warn", "shield_question", text, url, count=count)


@needs(PERMISSION)
def tell_without_sponsor(person: Any) -> Iterator[Need]:
    """The keys about which nobody can be asked."""
    for key in keys_without_sponsor():
        text = f"The key {key.name} has nobody to ask about it: {key.sponsor} is inactive."
        yield Need("warn", "person_off", text, _url(key.public_id))


@needs(PERMISSION)
def tell_aged(person: Any) -> Iterator[Need]:
    """A site key that was not rotated for long."""
    key = site_key()
    if key is not None and is_old(key):
        yield Need("warn", "autorenew", f"The site key is {IS_OLD}. Rotate it.", _overview())


@panel(PERMISSION)
def show_api(person: Any) -> Panel:
    """Whether the API can be used, and with what."""
    state = api_state()
    if state == "no_key":
        lines = [Line("Generate a key to let tools in.")]
    else:
        restricted = f"{_overview()}#restricted-keys"
        count = restricted_keys().count()
        lines = [*_site_key(), Line("Restricted keys", url=restricted, count=count)]
    return Panel("Manage API", "vpn_key", _overview(), _STATES[state], lines)


@panel(PERMISSION)
def show_traffic(person: Any) -> Panel | None:
    """Calls and refusals by day and key, once there is a key; refusals as far as one may see."""
    sees_trail = person.has_perm("audit.view_auditentry")
    entries = visible_to_person(person, AuditEntry.objects.all())
    shown = traffic(entries if sees_trail else entries.none())
    if not (shown.keys or live_keys().exists()):
        return None
    query = urlencode({"outcome__exact": Outcome.REFUSED.value})
    refused = f"{reverse('admin:audit_auditentry_changelist')}?{query}" if sees_trail else ""
    context = {"traffic": shown, "refused_url": refused}
    return Panel("API calls", "monitoring", template="admin/keys/traffic.html", context=context)


def _site_key() -> list[Line]:
    key = site_key()
    if key is None:
        return [Line("Site key", note="none")]
    used = Line("Last used", at=key.last_used_at, note="" if key.last_used_at else "never")
    page = _url(key.public_id)
    return [Line("Site key", note=key.hint, url=page), Line("Created", at=key.created_at), used]


def _overview() -> str:
    return reverse("admin:keys_managekey_changelist")


def _url(public_id: str) -> str:
    return reverse("admin:keys_managekey_detail", args=[public_id])
