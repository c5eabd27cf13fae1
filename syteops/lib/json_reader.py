"""JSON from outside, read strictly (RFC 8259), whichever door it came through.

Refused is what JSON parsers usually let pass: a name that is there twice, NaN, numbers that no
column holds, more levels than MAX_DEPTH, and texts that cannot be stored. The time taken grows with
the length.
"""

import json
import math
import re
from typing import Any, NoReturn

MAX_DEPTH = 40
"""Levels. What a call brings may stand at the fifth of them, and deeper: an item of a bulk does."""

SURROGATE = re.compile("[\ud800-\udfff]")


class Refused(ValueError):
    """It is not JSON, or JSON that two readers understand differently; its text says why."""


def read(text: str | bytes) -> Any:
    """The value of a JSON text. Raises Refused saying what is wrong."""
    try:
        value = json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except Refused:
        raise
    except UnicodeDecodeError as error:
        raise Refused("It is not UTF-8.") from error
    except RecursionError as error:
        raise Refused(_too_deep(MAX_DEPTH)) from error
    except ValueError as error:
        raise Refused(f"It is not JSON: {error}.") from error
    check(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Refused(f"The name {_first_twice(pairs)!r} appears twice in one object.")
    return made


def _first_twice(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    return name


def _refuse_constant(name: str) -> NoReturn:
    raise Refused(f"{name} is not a JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Refused(f"The number {text[:50]} is too large.")
    return number


def _bounded(text: str) -> int:
    number = int(text) if len(text) <= 20 else 2**63
    if not -(2**63) <= number < 2**63:
        raise Refused("A whole number is outside 64 bits.")
    return number


def _too_deep(most: int) -> str:
    return f"It is nested more than {most} levels deep."


def check(value: Any, most: int = MAX_DEPTH, depth: int = 1) -> None:
    """Raises Refused for a value of more than `most` levels, or with texts that nobody stores."""
    if depth > most:
        raise Refused(_too_deep(most))
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            check(inner, most, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            check(inner, most, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise Refused("A text contains a NUL character.")
    if SURROGATE.search(text):
        raise Refused("A text contains half of a surrogate pair.")
