"""SQLite's statements, written as Django writes them whatever was seen before; and its one lock."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import OperationalError, connection, transaction

from syteops.core.sqlite import base
from syteops.core.sqlite.base import CursorWrapper

pytestmark = [pytest.mark.sqlite_only, pytest.mark.django_db]


def test_placeholders_and_percent_signs_read_as_ever() -> None:
    with connection.cursor() as cursor:
        assert isinstance(cursor.cursor, CursorWrapper)
        for _ in range(2):
            cursor.execute("SELECT %s, '100%%', '%%s'", ["a"])
            assert cursor.fetchone() == ("a", "100%", "%s")
        cursor.execute("SELECT %(one)s, '100%%'", {"one": 1})
        assert cursor.fetchone() == (1, "100%")
        cursor.execute("SELECT '100%'")
        assert cursor.fetchone() == ("100%",)


@pytest.fixture
def another_writer(transactional_db: None) -> Iterator[sqlite3.Connection]:
    """Another program, in the middle of a write."""
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name, uri=True, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def busy_timeout() -> int:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        return int(cursor.fetchone()[0])


def test_whoever_waits_for_the_lock_asks_again_every_millisecond(
    another_writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own pauses grow to 100 milliseconds, in which others take the lock again."""
    before, pauses = busy_timeout(), []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 50:
            another_writer.execute("ROLLBACK")

    monkeypatch.setattr(base, "sleep", pause)

    with transaction.atomic():
        assert pauses == [0.001] * 50
        assert busy_timeout() == before


def test_whoever_waits_too_long_for_the_lock_is_told(
    another_writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = busy_timeout()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)

    with pytest.raises(OperationalError, match="database is locked"), transaction.atomic():
        """Never reached."""

    assert not connection.in_atomic_block
    assert busy_timeout() == 50
    monkeypatch.undo()
    another_writer.execute("ROLLBACK")
    with transaction.atomic():
        """The next one begins, and sets what it waits for itself."""
    assert busy_timeout() == before
