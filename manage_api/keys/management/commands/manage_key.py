"""`manage.py manage_key`: everything that Other Options → Manage API Key does."""

import argparse
import json
from collections.abc import Callable
from datetime import timedelta
from operator import methodcaller
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser

from manage_api.keys import services, text_output
from manage_api.keys.management import subcommands
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
        for name, action in _SUBCOMMANDS.items():
            one = actions.add_parser(name, help=action.help, description=action.help)
            # Without SUPPRESS its default would override a --json before the subcommand.
            one.add_argument(
                "--json", action="store_true", default=argparse.SUPPRESS, help=help_json
            )
            action.add_arguments(one)

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """Django's parser as a JsonParser: Django has no option for the class."""
        parser = super().create_parser(*args, **kwargs)
        parser.__class__ = JsonParser
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        action = _SUBCOMMANDS[options["action"]]
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


# --- Subcommands ---------------------------------------------------------------------------


class _Subcommand(NamedTuple):
    """Its help text, what runs it, what renders its data for people, and its arguments."""

    help: str
    run: subcommands.Run
    render: Callable[[dict[str, Any]], str]
    add_arguments: Callable[[CommandParser], None] = _add_nothing


_SUBCOMMANDS = {
    "generate": _Subcommand(
        "Make the site key and open the API.", subcommands.generate, text_output.render_issued
    ),
    "rotate": _Subcommand(
        "Replace a key by a new one with the same rights.",
        subcommands.rotate,
        text_output.render_rotated,
        _add_key_and_overlap,
    ),
    "revoke": _Subcommand(
        "End a key for good.",
        subcommands.change_key(services.revoke_key, revoked=True),
        text_output.render_revoked,
        _add_key,
    ),
    "enable": _Subcommand(
        "Open the API for every valid key.", subcommands.change_api(True), text_output.render_api
    ),
    "disable": _Subcommand(
        "Close the API for every key; all are kept.",
        subcommands.change_api(False),
        text_output.render_api,
    ),
    "list": _Subcommand("Show the keys.", subcommands.list_keys, text_output.render_list, _add_all),
    "show": _Subcommand(
        "Show all about one key: rights, use, changes and refusals.",
        subcommands.show,
        text_output.render_key,
        _add_key,
    ),
    "presets": _Subcommand(
        "Show what --preset can be.", subcommands.list_presets, text_output.render_presets
    ),
    "create": _Subcommand(
        "Make a restricted key.", subcommands.create, text_output.render_issued, _add_new_key
    ),
    "pause": _Subcommand(
        "Refuse a restricted key until it is resumed.",
        subcommands.change_key(services.pause_key, paused=True),
        text_output.render_paused,
        _add_restricted_key,
    ),
    "resume": _Subcommand(
        "Let a paused key work again.",
        subcommands.change_key(services.resume_key, paused=False),
        text_output.render_paused,
        _add_restricted_key,
    ),
}
