"""What a site does for itself, without cron: each task once an hour, and one failure stops none."""

import errno
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from manage_api.keys import services
from manage_api.keys.models import KeyCalls, ManageKey
from manage_api.models import IdempotencyRecord
from syteops.audit import chain
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.background import fresh_connection
from syteops.core.counters import CounterKind, counters
from syteops.core.locks import Busy
from syteops.dashboard.tasks import failing_tasks
from syteops.server import housekeeping
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db


def test_it_warns_of_keys_that_expire() -> None:
    soon = timezone.now() + timedelta(days=6)
    key = services.create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"], expires_at=soon)
    housekeeping.run()
    housekeeping.run()
    warned = AuditEntry.objects.get(event="key.expiring")
    assert (warned.object_id, warned.door) == (key.key.public_id, "system")
    assert warned.operation == "housekeeping.warn_of_expiry"


def test_a_warning_that_could_not_be_sent_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    alice: Any,
) -> None:
    settings.EMAIL_SERVER = {"host": "mail.example.com"}
    soon = timezone.now() + timedelta(days=6)
    services.create_restricted_key(
        SYSTEM, name="n8n", scopes=["crm:read"], expires_at=soon, sponsor=alice
    )

    def fail(message: Any) -> None:
        raise OSError("no route")

    monkeypatch.setattr("manage_api.keys.expiry_mail.EmailMessage.send", fail)
    housekeeping.run()
    assert "no route" in caplog.text
    assert not AuditEntry.objects.filter(event="key.expiring").exists()


def test_it_keeps_to_the_retention_of_the_trail(settings: Settings) -> None:
    old = AuditEntry(
        at=timezone.now() - timedelta(days=40), actor_kind="key", door="rest", event="role.updated"
    )
    old.mac = chain.mac_of(old)
    old.save()
    chain.seal_pending()
    housekeeping.run()
    assert AuditEntry.objects.filter(pk=old.pk).exists()
    settings.AUDIT_RETENTION_DAYS = 30
    housekeeping.run()
    assert not AuditEntry.objects.filter(pk=old.pk).exists()
    assert AuditEntry.objects.get(event="audit.pruned").actor_kind == "system"


@pytest.mark.parametrize("minutes", [1, 30])
def test_whoever_holds_up_the_sealing_is_noticed(
    monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    """Until it is sealed an entry could be deleted, and nobody would see that it was there."""
    entry = AuditEntry(
        at=timezone.now() - timedelta(minutes=minutes),
        actor_kind="key",
        door="rest",
        event="role.updated",
    )
    entry.mac = chain.mac_of(entry)
    entry.save()
    monkeypatch.setattr(chain, "try_transaction_lock", lambda name: False)
    housekeeping.run()
    assert [one.name for one in failing_tasks()] == (["seal_audit"] if minutes > 5 else [])

    monkeypatch.undo()
    housekeeping.run()
    assert not failing_tasks()
    assert AuditEntry.objects.get(pk=entry.pk).sequence


def test_it_removes_what_nobody_needs_any_more(site_key: str) -> None:
    past = timezone.now() - timedelta(days=40)
    IdempotencyRecord.objects.create(digest="1", fingerprint="", expires_at=past, answer={})
    KeyCalls.objects.create(key=ManageKey.objects.get(), hour=past, calls=1)
    Session.objects.create(session_key="old", session_data="", expire_date=past)
    Session.objects.create(
        session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1)
    )
    housekeeping.run()
    assert not IdempotencyRecord.objects.exists()
    assert not KeyCalls.objects.exists()
    assert [one.session_key for one in Session.objects.all()] == ["new"]


def test_what_began_while_the_clock_was_a_year_ahead_ends_as_if_it_began_now() -> None:
    now = timezone.now()
    year = timedelta(days=365)
    Session.objects.create(session_key="one", session_data="", expire_date=now + year)
    failed = AccessAttempt.objects.create(failures_since_start=5)
    AccessAttempt.objects.update(attempt_time=now + year)
    housekeeping.run()
    assert Session.objects.get().expire_date < now + timedelta(days=15)
    failed.refresh_from_db()
    assert failed.attempt_time < now + timedelta(minutes=1)


def test_nothing_is_removed_as_old_while_the_clock_leaps(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """A machine that began with a clock a year ahead removed the whole trail within the hour, and
    reminded of all that would have been due by then.
    """
    real = timezone.now()
    removed: list[str] = []
    tasks = {name: partial(lambda n, a: removed.append(n), name) for name in housekeeping.TASKS}
    monkeypatch.setattr(housekeeping, "TASKS", tasks)
    reminds = {"remind": lambda actor: removed.append("remind")}
    monkeypatch.setattr(housekeeping, "hourly_tasks", lambda: reminds)

    def run_at(**later: float) -> tuple[bool, list[str]]:
        removed.clear()
        monkeypatch.setattr(timezone, "now", lambda: real + timedelta(**later))
        housekeeping.run()
        assert {"seal_audit", "forget_sessions"} < {*removed}
        assert ("remind" in removed) == ("prune_audit" in removed)
        return "prune_audit" in removed, [one.name for one in failing_tasks()]

    went: tuple[bool, list[str]] = (True, [])
    leapt = (False, ["clock"])
    assert run_at() == run_at(hours=1) == run_at(days=6) == went
    assert run_at(days=365) == run_at(days=365, hours=23) == leapt
    assert run_at(days=6, hours=1) == leapt  # it was put right; and so if two machines take turns
    assert run_at(days=7, hours=2) == went
    assert run_at(days=365) == leapt
    assert {*removed} == housekeeping._AT_ANY_TIME - {"look_at_clock"} < {*tasks}
    assert run_at(days=366, hours=1) == went


def test_an_outage_is_no_leap_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """After one nothing was removed for a day, and nobody warned that a key ends."""
    with monkeypatch.context() as broken:
        locked = Mock(side_effect=OperationalError("database is locked"))
        broken.setattr(housekeeping, "look_at_clock", locked)
        housekeeping.run()
    assert [one.name for one in failing_tasks()] == ["look_at_clock"]
    pruned = Mock()
    monkeypatch.setitem(housekeeping.TASKS, "prune_audit", pruned)
    housekeeping.run()
    assert pruned.called
    assert not failing_tasks()


def test_one_failure_stops_nothing_else_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(actor: Any) -> None:
        raise RuntimeError("broken")

    def busy(actor: Any) -> None:
        raise Busy

    done: list[str] = []
    tasks = {"broken": fail, "busy": busy, "last": lambda actor: done.append(actor.operation)}
    monkeypatch.setattr(housekeeping, "TASKS", tasks)
    housekeeping.run()
    assert done == ["housekeeping.last"]
    assert "Housekeeping: broken failed." in caplog.text
    assert "busy" not in caplog.text


def test_of_all_processes_one_does_it_once_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    monkeypatch.setattr(housekeeping, "run", lambda: runs.append(1))
    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 7200.0)
    for _ in range(3):
        housekeeping.run_if_due()
    assert len(runs) == 1
    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 7200.0 + 3600)
    housekeeping.run_if_due()
    assert len(runs) == 2


# --- Failures and outages ------------------------------------------------------------------


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """One task, which raises what is in the list, one after the other, and then works."""
    raised: list[Exception] = []

    def run(actor: Any) -> None:
        if raised:
            raise raised.pop(0)

    monkeypatch.setattr(housekeeping, "TASKS", {"one": run})
    monkeypatch.setattr(housekeeping, "_is_interrupted", False)
    return raised


def test_what_fails_is_shown_until_it_works_again(task: list[Exception], alice: Any) -> None:
    task.append(RuntimeError("broken"))
    housekeeping.run()
    client = signed_in(alice)
    assert "own work fails (one)" in client.get("/admin/").content.decode()
    assert [one.name for one in failing_tasks()] == ["one"]
    housekeeping.run()
    assert failing_tasks() == []
    assert "own work fails" not in client.get("/admin/").content.decode()


def test_after_an_outage_it_is_done_a_minute_later(task: list[Exception]) -> None:
    counters().add(CounterKind.HOUSEKEEPING, "", housekeeping.HOUR)  # another process has the hour
    task += [OperationalError("gone"), OperationalError("still gone"), RuntimeError("its turn")]
    housekeeping.run()
    assert len(task) == 2
    housekeeping.run_if_due()
    housekeeping.run_if_due()
    assert task == []
    assert failing_tasks()


@pytest.mark.parametrize(
    "error",
    [PermissionError(errno.EACCES, "a file of root's"), OperationalError("this table is damaged")],
)
def test_an_outage_of_one_task_is_shown_and_keeps_back_no_other(
    task: list[Exception], error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that nobody can write hid itself, and ended all that follows, each time."""
    done: list[int] = []
    monkeypatch.setitem(housekeeping.TASKS, "two", lambda actor: done.append(1))
    task.append(error)
    housekeeping.run()
    assert ([one.name for one in failing_tasks()], done) == (["one"], [1])


def test_without_the_database_nothing_further_is_tried(
    task: list[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(name: str) -> None:
        raise InterfaceError("connection already closed")

    done: list[int] = []
    monkeypatch.setitem(housekeeping.TASKS, "two", lambda actor: done.append(1))
    monkeypatch.setattr(housekeeping, "note_failure", away)
    task.append(RuntimeError("of which nobody knows that it is one"))
    housekeeping.run()
    assert not done
    counters().add(CounterKind.HOUSEKEEPING, "", housekeeping.HOUR)
    housekeeping.run_if_due()
    assert done


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_is_replaced() -> None:
    """As after a restart of the database on a site without traffic."""
    connection.ensure_connection()
    connection.connection.close()
    with suppress(DatabaseError, InterfaceError), fresh_connection():
        ManageKey.objects.exists()
    with fresh_connection():
        assert not ManageKey.objects.exists()


def test_other_background_work_is_watched_as_well(task: list[Exception]) -> None:
    job = housekeeping.watched("count_calls", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        job()
    assert [one.name for one in failing_tasks()] == ["count_calls"]
    housekeeping.watched("count_calls", lambda: None)()
    assert failing_tasks() == []
