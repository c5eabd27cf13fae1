"""A process with everything imported, which forks for each broken guard: most of a run is imports.

The fork gives each function that is another one in the file by now its new code. Where more than
functions has changed, say a constant or a decorator, it answers NOT_HERE: only a process that
imports the file anew will do. What was worked out before the fork stays as it was, so a test that
fails here is one that notices, but whether none does is seen in a new process alone.

One request a line, as JSON: `{"file": …, "old": …, "tests": […], "options": […], "patience": …}`.
"""

import gc
import importlib
import inspect
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

NOT_HERE = 98
SHARED = "SYTEOPS_TEST_DATA_DIR"
IMPORTED = (
    "pytest",
    "hypothesis",
    "pytest_django.plugin",
    "syteops.urls",
    "tests.fixtures",
    "tests.integrations.relay",
)


class NotHere(Exception):
    """The change takes a process that imports the file anew."""


def main() -> None:
    import django

    answers = os.fdopen(os.dup(1), "w")
    django.setup()
    for name in IMPORTED:
        importlib.import_module(name)
    folder = Path(os.environ["SYTEOPS_TEST_BEGUN"])
    if not any(folder.iterdir()):
        wait_for(fork_into(begin, folder), 300)
    gc.freeze()
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)


def begin(folder: Path) -> int:
    from tests.mutations import ready

    ready.begin(folder)
    return 0


def answer(asked: dict[str, Any]) -> tuple[int, str]:
    """pytest's exit status, -1 if it did not end, or NOT_HERE; and what it said."""
    with tempfile.TemporaryDirectory(prefix="syteops-test-") as directory:
        said = Path(directory) / "said"
        status = wait_for(fork_into(run_tests, asked, directory, said), asked["patience"])
        return status, said.read_text("utf-8", errors="replace") if said.exists() else ""


def run_tests(asked: dict[str, Any], directory: str, said: Path) -> int:
    """In the fork: what the tests make for each other is made in a directory of its own."""
    import pytest

    os.environ[SHARED] = directory
    with said.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        if asked["file"]:
            change_loaded(Path(asked["file"]).resolve(), asked["old"])
    except NotHere:
        return NOT_HERE
    return int(pytest.main([*asked["options"], *asked["tests"]]))


def fork_into(work: Any, *arguments: Any) -> int:
    """The number of a process that does the work and ends with what it returns."""
    if process := os.fork():
        return process
    os.setsid()
    status = 3
    try:
        status = work(*arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def wait_for(process: int, patience: float) -> int:
    """Its exit status; -1 if it had to be ended, with all that it had started."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -1


# --- Functions that have changed ------------------------------------------------------------


def change_loaded(path: Path, old: str) -> None:
    """Let the module of this file, if it is loaded, do what the file says by now."""
    if path.suffix != ".py" or not is_loaded(path):
        return
    new = compile(path.read_text("utf-8"), str(path), "exec")
    changed = dict(differing(compile(old, str(path), "exec"), new))
    gc.unfreeze()  # what is frozen is not among the objects
    live = [
        (function, changed[function.__code__.co_qualname, function.__code__.co_firstlineno])
        for function in gc.get_objects()
        if type(function) is FunctionType  # a lazy object would be asked what it stands for
        and function.__code__.co_filename == str(path)
        and (function.__code__.co_qualname, function.__code__.co_firstlineno) in changed
    ]
    gc.freeze()
    if not live:
        raise NotHere
    for function, code in live:
        try:
            function.__code__ = code
        except ValueError as problem:  # it closes over other names
            raise NotHere from problem


def is_loaded(path: Path) -> bool:
    return any(getattr(module, "__file__", None) == str(path) for module in sys.modules.values())


def differing(old: CodeType, new: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    """Functions that differ, by name and line before. NotHere: what is no function does."""
    is_function = bool(old.co_flags & inspect.CO_OPTIMIZED)
    inner: list[tuple[tuple[str, int], CodeType]] = []
    for before, after in zip_longest(old.co_consts, new.co_consts):
        if isinstance(before, CodeType) and isinstance(after, CodeType):
            inner.extend(differing(before, after))
    yield from inner
    if is_function and (inner or not is_same(old, new)):
        yield (old.co_qualname, old.co_firstlineno), new
    elif not is_function and not is_same(old, new):
        raise NotHere


def is_same(old: CodeType, new: CodeType) -> bool:
    """Whether both do the same, whatever the functions inside do."""
    return shape_of(old) == shape_of(new)


def shape_of(code: CodeType) -> tuple[object, ...]:
    values = [repr(one) if not isinstance(one, CodeType) else one.co_name for one in code.co_consts]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return code.co_code, values, names, code.co_flags, code.co_argcount, code.co_kwonlyargcount


if __name__ == "__main__":
    main()
