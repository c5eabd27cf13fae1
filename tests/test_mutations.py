"""The tables of `make mutate` fit the code: a guard that has moved is still broken and missed."""

from dataclasses import replace
from typing import Any

import pytest

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
