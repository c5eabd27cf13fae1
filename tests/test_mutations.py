"""The tables of `make mutate` fit the code: a guard that has moved is still broken and missed."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.mutations import warm
from tests.mutations.__main__ import Mutation, problem_of, read_tables

REAL = Mutation(
    part="lib",
    file="syteops/lib/masks.py",
    guard="any",
    old='"""',
    new="",
    tests=("tests/keys/test_tokens.py",),
    runner="pytest",
)


def test_every_entry_names_tests_and_a_text_that_is_in_its_file_once() -> None:
    assert read_tables("")  # raises, naming each that does not


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ({"file": "syteops/gone.py"}, "no such file"),
        ({"old": "no such text"}, "0 times"),
        ({}, "times, not once"),
        ({"tests": ("tests/keys/test_tokens.py::test_gone",)}, "no such tests"),
    ],
)
def test_what_does_not_fit_is_named(lost: dict[str, Any], why: str) -> None:
    assert why in problem_of(replace(REAL, **lost))


MODULE = """
from functools import cache, wraps

def repeated(function):
    @wraps(function)
    def twice(*arguments):
        return 2 * function(*arguments)
    return twice

class Door:
    most = 10

    @property
    def is_open(self):
        return all(one < self.most for one in [1, 2])

    @repeated
    def width(self):
        return 5
"""


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One that was made before its module changed."""
    module = ModuleType("door")
    module.__file__ = str(tmp_path / "door.py")
    exec(compile(MODULE, module.__file__, "exec"), vars(module))
    monkeypatch.setitem(sys.modules, "door", module)
    return vars(module)["Door"]()


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("return 5", "return 6", (True, 12)),
        ("2 * function", "3 * function", (True, 15)),
        ("return all(", "# a line more\n        return not all(", (False, 10)),
        ("one < self.most", "one > self.most", (False, 10)),
    ],
)
def test_a_function_that_is_loaded_does_what_the_file_says_by_now(
    door: Any, tmp_path: Path, old: str, new: str, found: object
) -> None:
    (tmp_path / "door.py").write_text(MODULE.replace(old, new))
    warm.change_loaded(tmp_path / "door.py", MODULE)
    assert (door.is_open, door.width()) == found


@pytest.mark.parametrize(
    ("old", "new"), [("most = 10", "most = 1"), ("@repeated\n", "@cache\n"), ("Door:", "Gate:")]
)
@pytest.mark.usefixtures("door")
def test_what_is_no_function_takes_a_process_that_imports_the_file_anew(
    tmp_path: Path, old: str, new: str
) -> None:
    (tmp_path / "door.py").write_text(MODULE.replace(old, new))
    with pytest.raises(warm.NotHere):
        warm.change_loaded(tmp_path / "door.py", MODULE)
