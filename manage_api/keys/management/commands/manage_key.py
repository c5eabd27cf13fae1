"""`manage.py manage_key`: everything that Other Options → Manage API Key does."""

import argparse
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from manage_api.keys import queries, services, words
from manage_api.keys.descriptions import described, described_in_full, described_preset, time_of
from manage_api.keys.management.json_parser import JsonParser, refuse
from manage_api.keys.models import ManageKey
from manage_api.keys.presets import PRESETS
from manage_api.keys.services import Issued
from manage_api.keys.values import default_days
from syteops.core.actors import Actor, command
from syteops.core.errors import DomainError, Invalid, NotFound

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Command(BaseCommand):
    """Works beside a running server: every process sees the change from its next request on.

    With `--json` it prints one JSON document, and so it does for an error. Exit code 1 for errors.
    """

    help = "Makes, shows, rotates, pauses and revokes the keys of the Manage API."

    def add_arguments(self, parser: CommandParser) -> None:
        help_json = "Print JSON, for programs."
        parser.add_argument("--json", action="store_true", help=help_json)
        actions = parser.add_subparsers(
            dest="action", required=True, metavar="action", parser_class=JsonParser
        )
        for name, action in _ACTIONS.items():
            one = actions.add_parser(name, help=action.help, description=action.help)
            # Suppressed, it does not take back a --json that stands before the action.
            one.add_argument(
                "--json", action="store_true", default=argparse.SUPPRESS, help=help_json
            )
            for arguments in action.arguments:
                arguments(one)

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """The usual one, which Django lets nobody choose the class of."""
        parser = super().create_parser(*args, **kwargs)
        parser.__class__ = JsonParser
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        action = _ACTIONS[options["action"]]
        actor = command("manage_key").for_operation(f"keys.{options['action']}")
        try:
            shown = action.run(actor, options)
        except DomainError as refusal:
            self._fail(refusal, options["json"])
        else:
            self.stdout.write(json.dumps(shown) if options["json"] else action.words(shown))

    def _fail(self, refusal: DomainError, as_json: bool) -> None:
        text = refusal.detail
        if isinstance(refusal, Invalid):
            text = " ".join(one.detail for one in refusal.errors)
        if not as_json:
            raise CommandError(text)
        refuse(refusal.code, text, self.stdout)


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


def _all(parser: CommandParser) -> None:
    parser.add_argument("--all", action="store_true", help="Those that have ended, too.")


def _new_key(parser: CommandParser) -> None:
    parser.add_argument("--name", required=True, help="The tool that will use it.")
    rights = parser.add_mutually_exclusive_group(required=True)
    rights.add_argument("--scopes", help="Such as crm:read,crm:write.")
    rights.add_argument("--preset", choices=sorted(PRESETS), help="A usual choice: see presets.")
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
    return {**shown, "replaces": old.public_id, "old_key_ends_at": time_of(ends)}


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
    return {"api_enabled": queries.api_enabled(), "keys": [described(one) for one in found]}


def _show(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    return described_in_full(_chosen(options))


def _presets(actor: Actor, options: dict[str, Any]) -> dict[str, Any]:
    return {"presets": [described_preset(one) for one in PRESETS.values()]}


def _issued(issued: Issued) -> dict[str, Any]:
    return {"key": issued.text, **described(issued.key)}


def _chosen(options: dict[str, Any]) -> ManageKey:
    """The key named, or the site key. Raises NotFound."""
    if options["key"]:
        return queries.get_key(options["key"])
    key = queries.site_key()
    if key is None:
        raise NotFound("There is no site key. Generate one first.")
    return key


class _Action(NamedTuple):
    """What `--help` says of it, what does it, how it is told to people, and its arguments."""

    help: str
    run: Callable[[Actor, dict[str, Any]], dict[str, Any]]
    words: Callable[[dict[str, Any]], str]
    arguments: tuple[Callable[[CommandParser], None], ...] = ()


_ACTIONS = {
    "generate": _Action("Make the site key and open the API.", _generate, words.of_issued),
    "rotate": _Action(
        "Replace a key by a new one with the same rights.",
        _rotate,
        words.of_rotated,
        (_key, _overlap),
    ),
    "revoke": _Action("End a key for good.", _revoke, words.of_revoked, (_key,)),
    "enable": _Action("Open the API for every valid key.", _enable, words.of_api),
    "disable": _Action("Close the API for every key; all are kept.", _disable, words.of_api),
    "list": _Action("Show the keys.", _list, words.of_list, (_all,)),
    "show": _Action(
        "Show all about one key: rights, use, changes and refusals.", _show, words.of_key, (_key,)
    ),
    "presets": _Action("Show what --preset can be.", _presets, words.of_presets),
    "create": _Action("Make a restricted key.", _create, words.of_issued, (_new_key,)),
    "pause": _Action(
        "Refuse a restricted key until it is resumed.", _pause, words.of_paused, (_restricted,)
    ),
    "resume": _Action("Let a paused key work again.", _resume, words.of_paused, (_restricted,)),
}
