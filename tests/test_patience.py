"""No test fails because the machine is slow, or because of the time of day at which it runs."""

import ast
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from syteops.core.counters import CounterKind, counters
from tests import waiting
from tests.environment import ROOT
from tests.servers import free_port

FILES = sorted((ROOT / "tests").rglob("*.py"))
LEAST = 30
"""Seconds, for whatever another process or thread does; `waiting.PATIENCE` is for all of it."""
_WAITS = {"becomes_true", "communicate", "join", "result", "wait"}
_ASKS = {"get", "post", "put", "patch", "delete", "request", "stream", "Client", "AsyncClient"}


def _calls(code: ast.AST) -> Iterator[ast.Call]:
    """All but what must give up soon, and what says in a loop how often it is gone through."""
    if isinstance(code, ast.With) and "raises(" in ast.unparse(code.items[0]):
        return
    if isinstance(code, ast.Call):
        yield code
    for one in ast.iter_child_nodes(code):
        if not (isinstance(code, ast.While) and one is code.test):
            yield from _calls(one)


def _is_hasty(call: ast.Call) -> bool:
    """Whether it waits for a time that stands there, and for too short a one."""
    limits = [one.value for one in call.keywords if one.arg == "timeout"]
    limits += call.args if ast.unparse(call.func).rpartition(".")[2] in _WAITS else []
    numbers = [one.value for one in limits if isinstance(one, ast.Constant)]
    return any(isinstance(one, int | float) and one < LEAST for one in numbers)


def _is_impatient(call: ast.Call) -> bool:
    """Whether it asks as httpx does by itself, for five seconds."""
    package, _, function = ast.unparse(call.func).rpartition(".")
    return package == "httpx" and function in _ASKS


def _evaluates_again(call: ast.Call) -> bool:
    """Whether a page evaluates a text at each look: a policy without `unsafe-eval` refuses the
    second one. A function is evaluated once."""
    if not ast.unparse(call.func).endswith(".wait_for_function"):
        return False
    text = call.args[0]
    return not isinstance(text, ast.Name) and "() => " not in ast.unparse(text)


def _places(wrong: Callable[[ast.Call], bool]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}"
        for file in FILES
        for call in _calls(ast.parse(file.read_text(encoding="utf-8")))
        if wrong(call)
    ]


def test_whoever_waits_for_others_waits_long_enough() -> None:
    assert _places(_is_hasty) == []


def test_what_a_page_waits_for_is_a_function() -> None:
    assert _places(_evaluates_again) == []


def test_servers_are_asked_with_patience() -> None:
    assert [one for one in _places(_is_impatient) if not one.startswith("tests/web.py:")] == []


def _when_read(code: ast.AST) -> Iterator[ast.Call]:
    """The calls of a file that are made while it is read, and not in a test."""
    if isinstance(code, ast.Call):
        yield code
    if isinstance(code, ast.FunctionDef):
        inner: list[ast.AST] = [*code.decorator_list, *code.args.defaults]
    else:
        inner = [] if isinstance(code, ast.Lambda) else list(ast.iter_child_nodes(code))
    for one in inner:
        yield from _when_read(one)


def test_no_file_knows_the_day_before_its_tests_begin() -> None:
    """It may be over by then."""
    days = ("localdate", "today")
    assert [
        f"{file.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}"
        for file in FILES
        for call in _when_read(ast.parse(file.read_text(encoding="utf-8")))
        if ast.unparse(call.func).rpartition(".")[2] in days
    ] == []


def test_nobody_is_given_the_port_of_another() -> None:
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == 200


@pytest.mark.parametrize(("before", "waited"), [(13, []), (11, [11]), (3600, []), (1, [1])])
def test_no_test_begins_when_an_hour_is_about_to_end(
    monkeypatch: pytest.MonkeyPatch, before: int, waited: list[int]
) -> None:
    slept: list[float] = []
    clock = SimpleNamespace(time=lambda: 1_800_000_000.0 - before, sleep=slept.append)
    monkeypatch.setattr(waiting, "time", clock)

    waiting.let_the_hour_end()

    assert slept == waited


def test_no_minute_of_a_limit_ends_in_the_middle_of_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    assert counters().add(CounterKind.READS, "alice", 60) == 1
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert counters().add(CounterKind.READS, "alice", 60) == 2
