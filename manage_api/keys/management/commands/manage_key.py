"""`manage.py manage_key`: everything that Other Options → Manage API Key does."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from manage_api.keys import queries, services
from manage_api.keys.models import KeyKind, ManageKey
from manage_api.keys.presets import PRESETS, in_words
from manage_api.keys.services import Issued
from manage_api.keys.values import default_days
from syteops.lib.actors import Actor, command
from syteops.lib.errors import DomainError, Invalid, NotFound

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Command(BaseCommand):
    """Works beside a running server: every process sees the change from its next request on.

    With `--json` it prints one JSON document, and so it does for an error. Exit code 1 for errors.
    """

    help = "Generates, rotates, revokes and lists the keys of the Manage API."

    def add_arguments(self, parser: CommandParser) -> None:
        help_json = "Print JSON, for programs."
        parser.add_argument("--json", action="store_true", help=help_json)
        actions = parser.add_subparsers(dest="action", required=True, metavar="action")
        for name, (text, add) in _ACTIONS.items():
            one = actions.add_parser(name, help=text, description=text)
            # Suppressed, it does not take back a --json that stands before the action.
            one.add_argument(
                "--json", action="store_true", default=argparse.SUPPRESS, help=help_json
            )
            for arguments in add:
                arguments(one)

    def handle(self, *args: Any, **options: Any) -> None:
        actor = command("manage_key").doing(f"keys.{options['action']}")
        try:
            shown = _RUN[options["action"]](actor, options)
        except DomainError as refusal:
            self._fail(refusal, options["json"])
        else:
            self.stdout.write(json.dumps(shown) if options["json"] else _words(shown))

    def _fail(self, refusal: DomainError, as_json: bool) -> None:
        text = refusal.detail
        if isinstance(refusal, Invalid):
            text = " ".join(one.detail for one in refusal.errors)
        if not as_json:
            raise CommandError(text)
        self.stdout.write(json.dumps({"error": text, "code": refusal.code}))
        sys.exit(1)


# --- Arguments -----------------------------------------------------------------------------


def _duration(text: str) -> timedelta:
    """A duration: whole seconds, or a number with s, m, h or d."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    if not number.isdecimal() or len(number) > 9:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration. Write it like 90s, 12h or 7d.")
    return timedelta(seconds=int(number) * _UNITS[unit])


def _key(parser: CommandParser) -> None:
    parser.add_argument("key", nargs="?", help="Id of a key (see list); the site key if left out.")


def _restricted(parser: CommandParser) -> None:
    parser.add_argument("key", help="Id of a restricted key (see list).")


def _overlap(parser: CommandParser) -> None:
    text = "How long the old key still works: 0 to 7d. Default 0."
    parser.add_argument("--overlap", type=_duration, default=timedelta(0), help=text)


def _new_key(parser: CommandParser) -> None:
    parser.add_argument("--name", required=True, help="The tool that will use it.")
    rights = parser.add_mutually_exclusive_group(required=True)
    rights.add_argument("--scopes", help="Such as crm:read,crm:write.")
    rights.add_argument("--preset", choices=sorted(PRESETS))
    term = parser.add_mutually_exclusive_group()
    text = "Until it expires. Default %(default)s."
    term.add_argument("--days", type=int, default=default_days(), help=text)
    term.add_argument("--never-expires", action="store_true")
    parser.add_argument(
        "--network", action="append", default=[], help="Only from there; may be repeated."
    )
    parser.add_argument("--sponsor", default="", help="User name of whom to ask about it.")


# --- Actions -------------------------------------------------------------------------------


def _generate(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    return _issued(services.generate_site_key(actor))


def _create(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    preset = options["preset"]
    scopes = PRESETS[preset].scopes() if preset else options["scopes"].split(",")
    return _issued(
        services.create_restricted_key(
            actor,
            name=options["name"],
            scopes=[one.strip() for one in scopes if one.strip()],
            networks=options["network"],
            expires_at=_expiry(options),
            sponsor=_sponsor(options["sponsor"]),
        )
    )


def _expiry(options: dict[str, Any]) -> datetime | None:
    if options["never_expires"]:
        return None
    if not 1 <= options["days"] <= 36_500:
        raise Invalid.field("days", "Give --days from 1 to 36500.", "out_of_range")
    return timezone.now() + timedelta(days=options["days"])


def _sponsor(username: str) -> User | None:
    if not username:
        return None
    person = User.objects.filter(username=username, is_active=True, is_staff=True).first()
    if person is None:
        raise NotFound(f"There is nobody active among the staff with the user name {username}.")
    return person


def _rotate(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    old = _chosen(options)
    shown = _issued(services.rotate_key(actor, old, options["overlap"]))
    old.refresh_from_db()
    ends = None if old.revoked_at else old.ends_at
    return {**shown, "replaces": old.public_id, "old_key_ends_at": _time(ends)}


def _revoke(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    key = _chosen(options)
    return {"id": key.public_id, "revoked": True, "changed": services.revoke_key(actor, key)}


def _pause(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    key = _chosen(options)
    return {"id": key.public_id, "paused": True, "changed": services.pause_key(actor, key)}


def _resume(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    key = _chosen(options)
    return {"id": key.public_id, "paused": False, "changed": services.resume_key(actor, key)}


def _enable(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    return {"api_enabled": True, "changed": services.set_api_enabled(actor, True)}


def _disable(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    return {"api_enabled": False, "changed": services.set_api_enabled(actor, False)}


def _list(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    found = queries.keys() if options["all"] else queries.live_keys()
    return {"api_enabled": queries.api_enabled(), "keys": [_described(one) for one in found]}


def _all(parser: CommandParser) -> None:
    parser.add_argument("--all", action="store_true", help="Those that have ended, too.")


_ACTIONS: dict[str, tuple[str, list[Callable[[Any], None]]]] = {
    "generate": ("Make the site key and open the API.", []),
    "rotate": ("Replace a key by a new one with the same rights.", [_key, _overlap]),
    "revoke": ("End a key for good.", [_key]),
    "enable": ("Open the API for every valid key.", []),
    "disable": ("Close the API for every key; all are kept.", []),
    "list": ("Show the keys.", [_all]),
    "create": ("Make a restricted key.", [_new_key]),
    "pause": ("Refuse a restricted key until it is resumed.", [_restricted]),
    "resume": ("Let a paused key work again.", [_restricted]),
}
_RUN: dict[str, Callable[[Actor, dict[str, Any]], dict[str, Any]]] = {
    "generate": _generate,
    "rotate": _rotate,
    "revoke": _revoke,
    "enable": _enable,
    "disable": _disable,
    "list": _list,
    "create": _create,
    "pause": _pause,
    "resume": _resume,
}


def _chosen(options: dict[str, Any]) -> ManageKey:
    """The key named, or the site key. Raises NotFound."""
    if options["key"]:
        return queries.get_key(options["key"])
    key = queries.site_key()
    if key is None:
        raise NotFound("There is no site key. Generate one first.")
    return key


# --- What is shown -------------------------------------------------------------------------


def _issued(issued: Issued) -> dict[str, Any]:
    return {"key": issued.text, **_described(issued.key)}


def _described(key: ManageKey) -> dict[str, Any]:
    return {
        "id": key.public_id,
        "kind": key.kind,
        "name": key.name,
        "hint": key.hint,
        "state": key.state.value,
        "scopes": key.scopes,
        "networks": key.networks,
        "created_at": _time(key.created_at),
        "created_by": key.created_by,
        "expires_at": _time(key.expires_at),
        "retires_at": _time(key.retires_at),
        "last_used_at": _time(key.last_used_at),
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _words(shown: dict[str, Any]) -> str:
    """The same for people."""
    if "key" in shown:
        return _key_words(shown)
    if "keys" in shown:
        state = f"The API is {'enabled' if shown['api_enabled'] else 'disabled'}."
        return "\n".join([state, *map(_line, shown["keys"])])
    if "api_enabled" in shown:
        return f"The API is {'enabled' if shown['api_enabled'] else 'disabled'}."
    if "revoked" in shown:
        return f"Key {shown['id']} is revoked."
    return f"Key {shown['id']} is {'paused' if shown['paused'] else 'working again'}."


def _key_words(shown: dict[str, Any]) -> str:
    lines = [shown["key"], "", "Store it now: it is not shown again."]
    if "replaces" in shown:
        ends = shown["old_key_ends_at"]
        lines.append(f"The old key {'works until ' + ends if ends else 'has stopped working'}.")
    return "\n".join(lines)


def _line(key: dict[str, Any]) -> str:
    rights = "everything" if key["kind"] == KeyKind.SITE else in_words(key["scopes"])
    ends = [moment for moment in (key["retires_at"], key["expires_at"]) if moment]
    end = f"until {min(ends)}" if ends else "never expires"
    return f"{key['id']}  {key['state']:<9} {key['hint']}  {key['name']} ({end}): {rights}"
