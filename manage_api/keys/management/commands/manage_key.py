"""`manage.py manage_key`: everything that Other Options → Manage API Key does."""

import argparse
import json
from collections.abc import Callable
from datetime import timedelta
from operator import methodcaller
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser

from manage_api.keys import services, text_output
from manage_api.keys.management import operations
from manage_api.keys.management.json_parser import JsonParser, refuse
from manage_api.keys.presets import PRESETS
from manage_api.keys.validators import default_days
from syteops.core.actors import command
from syteops.core.errors import DomainError, Invalid

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
            action.add_arguments(one)

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """The usual one, which Django lets nobody choose the class of."""
        parser = super().create_parser(*args, **kwargs)
        parser.__class__ = JsonParser
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        action = _ACTIONS[options["action"]]
        actor = command("manage_key").for_operation(f"keys.{options['action']}")
        try:
            data = action.run(actor, options)
        except DomainError as refusal:
            errors = refusal.errors if isinstance(refusal, Invalid) else [refusal]
            text = " ".join(one.detail for one in errors)
            if options["json"]:
                refuse(refusal.code, text, self.stdout)
            raise CommandError(text) from refusal
        as_json = json.dumps(data, default=methodcaller("isoformat"))
        self.stdout.write(as_json if options["json"] else action.render(data))


# --- Arguments -----------------------------------------------------------------------------


def _parse_duration(text: str) -> timedelta:
    """A duration: whole seconds, or a number with s, m, h or d."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    if not number.isdecimal() or len(number) > 9:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration. Write it like 90s, 12h or 7d.")
    return timedelta(seconds=int(number) * _UNITS[unit])


def _add_nothing(parser: CommandParser) -> None:
    """For an action that takes no arguments."""


def _add_key(parser: CommandParser) -> None:
    parser.add_argument("key", nargs="?", help="Id of a key (see list); the site key if left out.")


def _add_restricted_key(parser: CommandParser) -> None:
    parser.add_argument("key", help="Id of a restricted key (see list).")


def _add_key_and_overlap(parser: CommandParser) -> None:
    _add_key(parser)
    text = "How long the old key still works: 0 to 7d. Default 0."
    parser.add_argument("--overlap", type=_parse_duration, default=timedelta(0), help=text)


def _add_all(parser: CommandParser) -> None:
    parser.add_argument("--all", action="store_true", help="Those that have ended, too.")


def _add_new_key(parser: CommandParser) -> None:
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


class _Action(NamedTuple):
    """What `--help` says of it, what does it, how people are told, and its arguments."""

    help: str
    run: operations.Run
    render: Callable[[dict[str, Any]], str]
    add_arguments: Callable[[CommandParser], None] = _add_nothing


_ACTIONS = {
    "generate": _Action(
        "Make the site key and open the API.", operations.generate, text_output.render_issued
    ),
    "rotate": _Action(
        "Replace a key by a new one with the same rights.",
        operations.rotate,
        text_output.render_rotated,
        _add_key_and_overlap,
    ),
    "revoke": _Action(
        "End a key for good.",
        operations.change_key(services.revoke_key, revoked=True),
        text_output.render_revoked,
        _add_key,
    ),
    "enable": _Action(
        "Open the API for every valid key.", operations.change_api(True), text_output.render_api
    ),
    "disable": _Action(
        "Close the API for every key; all are kept.",
        operations.change_api(False),
        text_output.render_api,
    ),
    "list": _Action("Show the keys.", operations.list_keys, text_output.render_list, _add_all),
    "show": _Action(
        "Show all about one key: rights, use, changes and refusals.",
        operations.show,
        text_output.render_key,
        _add_key,
    ),
    "presets": _Action(
        "Show what --preset can be.", operations.list_presets, text_output.render_presets
    ),
    "create": _Action(
        "Make a restricted key.", operations.create, text_output.render_issued, _add_new_key
    ),
    "pause": _Action(
        "Refuse a restricted key until it is resumed.",
        operations.change_key(services.pause_key, paused=True),
        text_output.render_paused,
        _add_restricted_key,
    ),
    "resume": _Action(
        "Let a paused key work again.",
        operations.change_key(services.resume_key, paused=False),
        text_output.render_paused,
        _add_restricted_key,
    ),
}
