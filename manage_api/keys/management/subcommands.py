"""The subcommands of `manage_key`. Each returns plain data, to be shown as JSON or as text."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from manage_api.keys import descriptions, queries, services
from manage_api.keys.models import ManageKey
from manage_api.keys.presets import PRESETS
from manage_api.keys.services import Issued
from syteops.core.actors import Actor
from syteops.core.errors import Invalid, NotFound

Data = dict[str, Any]
Run = Callable[[Actor, Data], Data]


def generate(actor: Actor, options: Data) -> Data:
    """Make the site key."""
    return _describe_issued(services.generate_site_key(actor))


def create(actor: Actor, options: Data) -> Data:
    """Make a restricted key."""
    preset, username = options["preset"], options["sponsor"]
    scopes = PRESETS[preset].scopes() if preset else options["scopes"].split(",")
    sponsor = queries.possible_sponsors().filter(username=username).first()
    if username and sponsor is None:
        raise NotFound(f"There is nobody active among the staff with the user name {username}.")
    return _describe_issued(
        services.create_restricted_key(
            actor,
            name=options["name"],
            scopes=[one.strip() for one in scopes if one.strip()],
            networks=options["network"],
            expires_at=_compute_expiry(options),
            sponsor=sponsor,
        )
    )


def rotate(actor: Actor, options: Data) -> Data:
    """Replace a key. Answers when the old one ends, or None if it has ended."""
    old = _find_key(options)
    data = _describe_issued(services.rotate_key(actor, old, options["overlap"]))
    old.refresh_from_db()
    ends = None if old.revoked_at else old.ends_at
    return {**data, "replaces": old.public_id, "old_key_ends_at": ends}


def change_key(service: Callable[[Actor, ManageKey], bool], **state: bool) -> Run:
    """Bring a key into a state, and say whether it was not in it."""

    def run(actor: Actor, options: Data) -> Data:
        key = _find_key(options)
        return {"id": key.public_id, **state, "changed": service(actor, key)}

    return run


def change_api(enabled: bool) -> Run:
    """Open or close the API."""

    def run(actor: Actor, options: Data) -> Data:
        return {"api_enabled": enabled, "changed": services.set_api_enabled(actor, enabled)}

    return run


def list_keys(actor: Actor, options: Data) -> Data:
    """Whether the API is open, and the keys that have not ended, or all."""
    found = queries.keys() if options["all"] else queries.live_keys()
    keys = [descriptions.describe(one) for one in found]
    return {"api_enabled": queries.api_enabled(), "keys": keys}


def show(actor: Actor, options: Data) -> Data:
    """All about one key."""
    key = _find_key(options)
    entries = queries.history_of(key)[: queries.HISTORY_LENGTH]
    history = [descriptions.describe_entry(one) for one in entries]
    return {**descriptions.describe_in_full(key), "history": history}


def list_presets(actor: Actor, options: Data) -> Data:
    """What --preset can be."""
    return {"presets": [descriptions.describe_preset(one) for one in PRESETS.values()]}


def _describe_issued(issued: Issued) -> Data:
    return {"key": issued.text, **descriptions.describe(issued.key)}


def _find_key(options: Data) -> ManageKey:
    """The key named, or the site key. Raises NotFound."""
    if options["key"]:
        return queries.get_key(options["key"])
    key = queries.site_key()
    if key is None:
        raise NotFound("There is no site key. Generate one first.")
    return key


def _compute_expiry(options: Data) -> datetime | None:
    if options["never_expires"]:
        return None
    if not 1 <= options["days"] <= 36_500:
        raise Invalid.field("days", "Give --days from 1 to 36500.", "out_of_range")
    return timezone.now() + timedelta(days=options["days"])
