"""No helper that takes a text takes more than linear time for it, or fails in an unforeseen way."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError

import syteops.lib
from tests.effort import takes_over

SIZE = 100_000
SECONDS = 1.0
"""Of the processor: a hundred times what most take, where quadratic time would be minutes."""

UNITS = {
    "letters of flags": "\U0001f1e6",
    "joined emoji": "\U0001f469\u200d",
    "joiners": "\u200d",
    "combining marks": "\u0301",
    "stacked letters": "a\u0301\u0323",
    "conjuncts": "\u0915\u094d",
    "right to left": "\u05d0",
    "controls of direction": "\u202e",
    "half a surrogate pair": "\ud800",
    "NUL": "\0",
    "what folds to many letters": "\ufdfa",
}
GIVEN: dict[Any, Callable[[str], Any]] = {
    str: lambda text: text,
    bytes: lambda text: text.encode("utf-8", "surrogatepass"),
    int: lambda text: 1000,
    float: lambda text: 1.0,
    bool: lambda text: False,
    list[str]: lambda text: [text],
}
REFUSALS = (ValueError, ValidationError)
"""UnicodeError is a ValueError."""


def _helpers() -> Iterator[tuple[str, Callable[..., Any], list[Any]]]:
    """Each function of the package that takes a text and nothing that we cannot make."""
    for info in pkgutil.iter_modules(syteops.lib.__path__):
        module = importlib.import_module(f"syteops.lib.{info.name}")
        for name, one in inspect.getmembers(module, callable):
            if inspect.isclass(one) or one.__module__ != module.__name__ or name[0] == "_":
                continue
            needed = [
                parameter.annotation
                for parameter in inspect.signature(one).parameters.values()
                if parameter.default is parameter.empty
            ]
            if str in needed and all(kind in GIVEN for kind in needed):
                yield f"{info.name}.{name}", one, needed


HELPERS = list(_helpers())


def _call(helper: Callable[..., Any], given: list[Any]) -> None:
    # Where an exception is a guaranteed answer, it is one of these.
    with suppress(*REFUSALS):
        found = helper(*given)
        if inspect.isgenerator(found):
            list(found)


def test_the_helpers_are_found() -> None:
    names = {name for name, _, _ in HELPERS}
    assert {"text.cut", "text.breakable", "urls.problem_of", "markdown.excerpt"} <= names
    assert len(names) > 30


def test_no_helper_takes_long_for_a_hostile_text() -> None:
    slow = []
    for name, helper, needed in HELPERS:
        for what, unit in UNITS.items():
            text = unit * (SIZE // len(unit))
            given = [GIVEN[kind](text) for kind in needed]
            if takes_over(SECONDS, _call, helper, given):
                slow.append(f"{name}: {what}")
    assert slow == []
