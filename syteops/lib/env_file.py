"""The settings file: `NAME=value`, one a line, as systemd and Docker read it too.

Everything behind the first `=` is the value, as it stands: nothing is expanded or run, and `&`, `$`
and `#` mean nothing. Quotes around the whole value are taken off. Lines that begin with `#` are
comments. A line ends with a line feed, before which editors of Windows write a carriage return, as
they write a byte order mark at the beginning; no other control is in a line.
"""

import re

NO_LINE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What is in no line of text: controls but the tab, and what Python makes of bytes of no text."""

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


class WrongLine(ValueError):
    """A line that is no setting; says which and why, and never what is in it."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"line {number} {problem}")


def parse_env_file(text: str) -> dict[str, str]:
    """Every setting of the file by its name. Raises WrongLine."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if NO_LINE.search(stripped):
            raise WrongLine(number, "has a control character, such as NUL or a form feed")
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise WrongLine(number, "is not of the form NAME=value")
        name, value = match[1], match[2]
        if name in found:
            raise WrongLine(number, f"sets {name} a second time")
        found[name] = _unquoted(value, number)
    return found


def _unquoted(value: str, number: int) -> str:
    quote = value[:1]
    if quote in ("'", '"'):
        if len(value) < 2 or value[-1] != quote or quote in value[1:-1]:
            raise WrongLine(number, "has a quote that does not end where the line does")
        return value[1:-1]
    if re.search(r"\s#", value):
        raise WrongLine(number, "has a # behind a blank: put quotes around a value with one in it")
    return value
