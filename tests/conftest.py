"""What all tests share. Settings and servers: tests/settings.py, tests/run_on_postgresql.py."""

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.template.base import Template
from django.template.context import Context, RequestContext
from django.test import TransactionTestCase
from django.test.signals import template_rendered
from hypothesis import HealthCheck, settings
from pytest_rerunfailures import suspended_finalizers

from manage_api.keys.models import ApiSwitch
from syteops.audit import chain
from syteops.audit.ends_seen import EndsSeen
from syteops.audit.models import AuditEntry
from syteops.core import counters
from syteops.env import kept_secret
from syteops.lib.stack import in_one_chunk
from tests import databases, emptying
from tests.environment import ROOT, isolate, one_at_a_time
from tests.isolation import forget_calls
from tests.manage_api.stored import make_function
from tests.once import is_once, leaves_once_out
from tests.waiting import let_the_hour_end

# What a run says of a commit is not a matter of luck. SYTEOPS_TEST_RANDOM=1 looks further.
# Nor is how fast the machine is just now.
settings.register_profile(
    "same each time",
    derandomize=not os.environ.get("SYTEOPS_TEST_RANDOM"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same each time")

for name in ("encryption_keys", "audit_key"):
    kept_secret(name)  # as setup does it: without a database nobody knows whether to

_WITH_SERVERS = ("browser", "concurrency", "docs", "server", "tasks")
_OF_ONE_DOCUMENT = ("test_python_client", "test_schemathesis")

# --- Before the first test -----------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Isolates also a run with settings other than ours, and child processes in any case."""
    gc.disable()  # until all tests are collected
    isolate()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m combination`, files that do not have the word need not even be imported.

    With `-m "not once"`, neither need those that are tested once.
    """
    if leaves_once_out(config):
        return is_once(collection_path) or None
    if config.option.markexpr != "combination" or not collection_path.match("test_*.py"):
        return None
    return "mark.combination" not in collection_path.read_text() or None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """In a new clone one worker compiles the tests, half of what it takes to collect them.

    Those who came at the same time would all do so: they wait for it.
    """
    with ExitStack() as turn:
        if not _are_compiled():
            turn.enter_context(one_at_a_time("collecting"))
        if _are_compiled():
            turn.close()  # by now
        return (yield)


def _are_compiled() -> bool:
    """Whether this Python has been here before: one of the last files stands for all."""
    name = f"test_shape.{sys.implementation.cache_tag}-pytest-*.pyc"
    return any((ROOT / "tests" / "__pycache__").glob(name))


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out tests that make sense on the other database only. They are not "skipped"."""
    other = "sqlite_only" if connection.vendor == "postgresql" else "postgresql_only"
    left_out = [item for item in items if item.get_closest_marker(other)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    for item in items:
        if is_once(item.path):
            item.add_marker(pytest.mark.once)
        folder, file = item.path.parent.name, item.path.stem
        has_server = item.get_closest_marker("slow") and folder in _WITH_SERVERS
        if has_server or file in _OF_ONE_DOCUMENT:
            # They share a running site, or what is made of the API description, which each worker
            # of pytest-xdist would make anew.
            item.add_marker(pytest.mark.xdist_group(folder if folder == "browser" else file))
        if has_server:
            # Whether other processes are in time is also the machine's to say: these may try once
            # more. What failed at first is shown all the same.
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the garbage collector, a tenth of a run, leaves it alone."""
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()


# --- After the last test -------------------------------------------------------------------

_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remembers what was skipped and not expected to fail."""
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)
    if str(report.outcome) == "rerun":  # the plugin's own
        _begin_anew()


def _begin_anew() -> None:
    """Let the second try of a test have another site than the first one, which may have left
    anything there. The plugin has put aside what is to be closed after the last test of a file."""
    for node in [one for one in suspended_finalizers if not isinstance(one, pytest.Session)][::-1]:
        closing, _ = suspended_finalizers.pop(node)
        while closing:
            with suppress(Exception, pytest.fail.Exception):  # it may be what has failed
                closing.pop()()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With SYTEOPS_TEST_NO_SKIPS a skipped test fails the run: it would hide a missing tool."""
    if _skipped and os.environ.get("SYTEOPS_TEST_NO_SKIPS"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What needed a second try, and why the run failed if it did because of skipped tests."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"failed at first: {report.nodeid}", yellow=True)
        terminalreporter.write_line(report.longreprtext)
    if _skipped and os.environ.get("SYTEOPS_TEST_NO_SKIPS"):
        terminalreporter.section("skipped, which is not allowed here", red=True)
        terminalreporter.write("\n".join([*_skipped, ""]))


# --- Around every test ---------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """What a test does in one day, month or year may take it some seconds."""
    let_the_hour_end()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[Any]:
    """Let the test have room for its calls: it takes a third of the system's time less."""
    pyfuncitem.obj = partial(in_one_chunk, pyfuncitem.obj)
    return (yield)


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted, kept or noted in one test must not decide another.

    It is counted by a clock that stands still: no minute of a limit ends in the middle of a test.
    """
    forget_calls()
    monkeypatch.setattr(chain, "_ends_seen", EndsSeen())
    now = time.time()
    clock = SimpleNamespace(time=lambda: now, monotonic=time.monotonic, sleep=time.sleep)
    monkeypatch.setattr(counters, "time", clock)


@pytest.fixture(scope="session", autouse=True)
def _pages_tell_what_they_show(django_test_environment: None) -> None:
    """What `response.context` holds. Django would keep what each part of a page and each of its
    fields was given as well: up to a quarter of the time that a form takes."""

    def render(self: Template, context: Context) -> str:
        if context.template is self and isinstance(context, RequestContext):
            template_rendered.send(sender=self, template=self, context=context)
        return self.nodelist.render(context)

    Template._render = render  # type: ignore[attr-defined]


_begun_with: list[AuditEntry] = []


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests begin with an empty audit trail, as those do that come after a flush of all tables."""
    with django_db_blocker.unblock():
        _begun_with.extend(AuditEntry.objects.order_by("pk"))
        AuditEntry.objects.all().delete()
        # What `serialized_rollback` lays back.
        connection._test_serialized_contents = (  # type: ignore[attr-defined]
            connection.creation.serialize_db_to_string()
        )
        emptying.remember()
        if connection.vendor == "postgresql":
            make_function()


_flush: Any = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _empty_tables(case: TransactionTestCase) -> None:
    """`serialized_rollback` lays its rows back into tables that have none at all."""
    if case.serialized_rollback or not emptying.empty():
        _flush(case)


TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[attr-defined]


@pytest.fixture
def begun_with(db: None) -> list[AuditEntry]:
    """The trail that a new site begins with, stored again: migrations have left it."""
    return AuditEntry.objects.bulk_create(_begun_with)


@receiver(post_migrate)
def _restore_single_rows(**kwargs: Any) -> None:
    """After each test that empties the tables: the rows of which migrations make exactly one."""
    chain.begin()
    ApiSwitch.objects.get_or_create(pk=1)


# Groups to start from are made in the test of them: others begin with none.
post_migrate.disconnect(dispatch_uid="syteops.people")


# --- Databases -----------------------------------------------------------------------------


@pytest.fixture
def fresh_database() -> Iterator[dict[str, str]]:
    """The environment that leads a child process to an empty database of its own."""
    with databases.fresh_database() as environment:
        yield environment


# --- People and keys -----------------------------------------------------------------------

import tests.integrations.relay  # noqa: E402, F401 - an integration of the tests' own
from tests.fixtures import *  # noqa: E402, F403 - fixtures are found by name in this module
