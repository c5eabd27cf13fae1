"""A command line parser for programs: it reports wrong arguments as JSON, too."""

import json
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from django.core.management.base import CommandParser


class _WrongArguments(Exception):
    def __init__(self, parser: CommandParser, message: str) -> None:
        super().__init__(message)
        self.parser = parser
        self.message = message


class JsonParser(CommandParser):
    """With `--json` among the arguments, an error is one JSON document and exit code 1."""

    def error(self, message: str) -> NoReturn:
        """Leave it to the outermost parser, the only one that knows all arguments."""
        raise _WrongArguments(self, message)

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        try:
            return super().parse_args(args, namespace)
        except _WrongArguments as wrong:
            if "--json" in (sys.argv if args is None else args):
                refuse("validation_error", wrong.message)
            CommandParser.error(wrong.parser, wrong.message)


def refuse(code: str, text: str, output: Any = None) -> NoReturn:
    """Print the error as JSON and exit with code 1."""
    (output or sys.stdout).write(json.dumps({"error": text, "code": code}) + "\n")
    sys.exit(1)
