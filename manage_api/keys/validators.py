"""Checks of what a new restricted key is given. All of it is settled once and never changes."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from manage_api.keys.models import ManageKey
from manage_api.operations import all_scopes
from syteops.core.addresses import exact_network
from syteops.core.errors import Invalid
from syteops.lib.text import NO_LINE, is_blank

DEFAULT_DAYS = 90

# Line breaks, terminal and text direction controls, and bytes that were no text.
_CONTROLS = re.compile(rf"[{NO_LINE}\ud800-\udfff]")


def validate_name(text: str) -> str:
    """A name that fits on one line everywhere it is shown. Raises Invalid."""
    name, longest = text.strip(), ManageKey._meta.get_field("name").max_length or 0
    if is_blank(name):
        raise Invalid.field("name", "Give the key a name: the tool that will use it.", "required")
    if len(name) > longest:
        detail = f"Choose a shorter name: {longest} characters at most."
        raise Invalid.field("name", detail, "too_long")
    if _CONTROLS.search(name):
        raise Invalid.field("name", "Write the name on one line, without control characters.")
    return name


def replace_controls(text: str) -> str:
    """The text as one line that a terminal can do nothing but show."""
    return _CONTROLS.sub("�", text)


def validate_scopes(scopes: Iterable[str]) -> list[str]:
    """Scopes that exist, each once. Raises Invalid."""
    wanted = set(scopes)
    if not wanted:
        raise Invalid.field("scopes", "Choose one scope at least.", "required")
    if unknown := sorted(wanted - set(all_scopes())):
        raise Invalid.field("scopes", f"There is no scope {', '.join(unknown)}.", "invalid_choice")
    return sorted(wanted)


def validate_networks(networks: Iterable[str]) -> list[str]:
    """Networks in their shortest form, each once. Raises Invalid."""
    try:
        return list(dict.fromkeys(exact_network(one) for one in networks))
    except ValueError as error:
        raise Invalid.field("networks", str(error)) from error


def validate_expiry(expires_at: datetime | None) -> datetime | None:
    """An end within KEY_MAX_DAYS, where the site sets that. Raises Invalid."""
    if exceeds_maximum(expires_at):
        detail = f"On this site a key lasts {settings.KEY_MAX_DAYS} days at most."
        raise Invalid.field("expires_at", detail, "out_of_range")
    return expires_at


def exceeds_maximum(expires_at: datetime | None) -> bool:
    """Whether a key with this end could not be made now."""
    latest = latest_expiry()
    return latest is not None and (expires_at is None or expires_at > latest)


def latest_expiry() -> datetime | None:
    """The last end that a key could be given now; None where the site sets none."""
    days = settings.KEY_MAX_DAYS
    # A minute of grace: "90 days from now" was computed a moment ago.
    return timezone.now() + timedelta(days=days, minutes=1) if days else None


def default_days() -> int:
    """How many days a new key lasts if nobody says otherwise."""
    return min(DEFAULT_DAYS, settings.KEY_MAX_DAYS or DEFAULT_DAYS)
