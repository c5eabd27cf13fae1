"""The catalogue as a file of settings that POSIX shells and dotenv readers understand."""

import re
from collections.abc import Mapping

_SPECIAL = re.compile(r'[\\"$`]')


def as_env(values: Mapping[str, str]) -> str:
    """A line NAME="value" for each: sourced by a POSIX shell, it gives exactly these values.

    A line break in a value stays one, inside the quotes. What is special there is escaped (POSIX.1,
    XCU 2.2.3).
    """
    quoted = {name: _SPECIAL.sub(r"\\\g<0>", value) for name, value in values.items()}
    return "".join(f'{name}="{value}"\n' for name, value in quoted.items())
