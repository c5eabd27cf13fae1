"""The catalogue as a file of settings that POSIX shells and dotenv readers understand."""

import re
from collections.abc import Mapping

_SPECIAL = re.compile(r'[\\"$`]')


def as_env(values: Mapping[str, str]) -> str:
    """A line NAME="value" for each: sourced by a POSIX shell, it gives exactly these values.

    A line break in a value stays one, inside the quotes.
    """
    return "".join(f'{name}="{_quoted(value)}"\n' for name, value in values.items())


def _quoted(value: str) -> str:
    """What is special inside double quotes (POSIX.1, XCU 2.2.3), escaped."""
    return _SPECIAL.sub(r"\\\g<0>", value)
