"""SQLite's statements: written as Django writes them, whatever was seen before."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction

from syteops.core import background
from syteops.core.locks import transaction_lock
from syteops.core.outages import is_outage
from syteops.core.sqlite.base import CursorWrapper, DatabaseOperations, DatabaseWrapper
from syteops.team.models import TeamMember

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


@pytest.mark.parametrize("moment", ["2026-11-29 06:00:00", "0001-01-02 00:00:00.000001"])
def test_a_moment_is_read_as_it_was_stored(moment: str) -> None:
    made = TeamMember.objects.create(number=1)
    stored = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    TeamMember.objects.filter(pk=made.pk).update(created_at=stored, deleted_at=None)
    assert TeamMember.objects.values_list("created_at", "deleted_at").get() == (stored, None)


def test_a_moment_is_read_in_the_time_zone_in_which_it_is_stored(monkeypatch: Any) -> None:
    assert isinstance(connection.ops, DatabaseOperations)
    made = TeamMember.objects.create(number=1)
    vienna = ZoneInfo("Europe/Vienna")
    monkeypatch.setattr(connections[DEFAULT_DB_ALIAS], "timezone", vienna)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE team_teammember SET created_at = '2026-11-29 06:00:00'")
    read = TeamMember.objects.values_list("created_at", flat=True).get(pk=made.pk)
    assert read == datetime(2026, 11, 29, 6, tzinfo=vienna)


# --- When a transaction begins -------------------------------------------------------------------


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """Somebody else at the same database, who waits for nobody; nor do we."""
    at_once = "PRAGMA busy_timeout = 0"
    with connection.cursor() as cursor:
        cursor.execute(at_once)
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as one:
        one.execute(at_once)
        one.isolation_level = None
        yield one
    connection.close()


def is_taken(other: sqlite3.Connection) -> bool:
    """Whether somebody has the write lock."""
    try:
        other.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return True
    other.execute("ROLLBACK")
    return False


def numbers() -> list[int | None]:
    return list(TeamMember.objects.order_by("number").values_list("number", flat=True))


@pytest.mark.django_db(transaction=True)
def test_the_write_lock_is_taken_with_the_first_statement(other: sqlite3.Connection) -> None:
    for ask in (
        lambda: TeamMember.objects.create(number=1),
        TeamMember.objects.exists,
        lambda: TeamMember.objects.bulk_create([TeamMember(number=2)]),
        lambda: transaction_lock("mine"),
    ):
        with transaction.atomic(), connection.cursor():
            with transaction.atomic():
                assert not is_taken(other)
            ask()
            assert is_taken(other)
        assert not is_taken(other)

    assert numbers() == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_what_a_cursor_of_before_does_is_part_of_the_transaction(
    other: sqlite3.Connection,
) -> None:
    TeamMember.objects.create(number=1)
    with connection.cursor() as cursor, suppress(ZeroDivisionError), transaction.atomic():
        cursor.execute("UPDATE team_teammember SET number = 5")
        _ = 1 / 0

    assert numbers() == [1]


@pytest.mark.django_db(transaction=True)
def test_who_does_not_get_the_write_lock_does_nothing_without_it(
    other: sqlite3.Connection,
) -> None:
    other.execute("BEGIN IMMEDIATE")
    with suppress(ZeroDivisionError), transaction.atomic():
        with suppress(OperationalError):
            transaction_lock("mine")
        other.execute("ROLLBACK")
        with transaction.atomic():
            TeamMember.objects.create(number=1)
        assert is_taken(other)
        _ = 1 / 0

    assert numbers() == []


@pytest.mark.django_db(transaction=True)
def test_each_savepoint_takes_back_what_was_done_since() -> None:
    with transaction.atomic():
        with suppress(ZeroDivisionError), transaction.atomic():
            _ = 1 / 0
        with suppress(ZeroDivisionError), transaction.atomic():
            with transaction.atomic():
                TeamMember.objects.create(number=1)
            _ = 1 / 0
        with transaction.atomic():
            TeamMember.objects.create(number=2)
            with suppress(ZeroDivisionError), transaction.atomic():
                TeamMember.objects.create(number=3)
                _ = 1 / 0

    assert numbers() == [2]
    with transaction.atomic():
        pass
    TeamMember.objects.create(number=4)  # and not in a transaction that nobody ends
    connection.close()
    assert numbers() == [2, 4]


@pytest.mark.django_db(transaction=True)
def test_the_log_is_taken_into_the_database_beside_requests_long_before_one_has_to() -> None:
    def longest_log() -> int:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_autocheckpoint")
            return int(cursor.fetchone()[0])

    def look() -> None:
        background._prepare()
        found.append(longest_log())
        connection.close()

    found: list[int] = []
    thread = Thread(target=look)
    thread.start()
    thread.join()

    assert found[0] * 2 < longest_log()


# --- The file ------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Iterator[DatabaseWrapper]:
    """A connection to a database in a file of its own, as a server process has one."""
    found = connection.copy()
    assert isinstance(found, DatabaseWrapper)
    found.settings_dict["NAME"] = tmp_path / "a?b%.sqlite3"
    with found.cursor() as cursor:
        cursor.execute("CREATE TABLE story (told)")
    found.close()
    found.may_create = False
    yield found
    found.close()


def tell(own: DatabaseWrapper) -> None:
    """What a request does: it looks after the connection first."""
    own.close_if_unusable_or_obsolete()
    with own.cursor() as cursor:
        cursor.execute("INSERT INTO story VALUES (1)")


def test_a_connection_that_began_on_a_read_only_disk_is_not_kept(own: DatabaseWrapper) -> None:
    """It took no writes when the disk did again, until somebody restarted the process."""
    with own.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")  # SQLite says the same of it
    with pytest.raises(OperationalError, match="readonly"):
        tell(own)
    own.rollback()  # by which Django forgets that anything failed
    tell(own)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_is_not_there_any_more_is_not_written_to(
    own: DatabaseWrapper, is_replaced: bool
) -> None:
    """A write was acknowledged that went into the file which nobody would ever see again."""
    place = Path(own.settings_dict["NAME"])
    tell(own)
    kept = place.rename(place.with_name("kept"))
    if is_replaced:
        place.touch()
    for _ in range(2):
        with pytest.raises(OperationalError, match="restart SyteOps") as failure:
            tell(own)
        assert is_outage(failure.value)
    kept.rename(place)
    tell(own)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
def test_a_file_beside_it_that_is_none_is_named_and_nobody_waits(
    own: DatabaseWrapper, suffix: str
) -> None:
    """SQLite waited for ever at a named pipe that had the name of its former kind of journal."""
    place = Path(f"{own.settings_dict['NAME']}{suffix}")
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    with pytest.raises(OperationalError, match=f"{suffix} is a named pipe, and no file"):
        tell(own)


def test_none_is_made_in_its_place(own: DatabaseWrapper) -> None:
    place = Path(own.settings_dict["NAME"])
    place.unlink()
    with pytest.raises(OperationalError, match="restart SyteOps"):
        tell(own)
    assert not place.exists()


def test_nor_is_another_one_opened_before_a_restart(own: DatabaseWrapper) -> None:
    """Background work did, which closes its connection when it fails: it wrote into the other file,
    beside the journal of the former one, which SQLite then took for that of the other.
    """
    place = Path(own.settings_dict["NAME"])
    tell(own)
    journal = place.with_name(f"{place.name}-wal")
    written = journal.read_bytes()
    kept = place.rename(place.with_name("kept"))
    place.touch()
    anew = own.copy()
    anew.may_create = False
    for one in (own, anew):
        one.close()
        with pytest.raises(OperationalError, match="restart SyteOps"):
            tell(one)
    assert (place.read_bytes(), journal.read_bytes()) == (b"", written)
    kept.replace(place)
    tell(anew)
    anew.close()


def test_what_is_in_a_journal_that_was_taken_away_is_kept(own: DatabaseWrapper) -> None:
    """Whoever tidied up took it, while the site ran: what was acknowledged was lost with it."""
    place = Path(own.settings_dict["NAME"])
    tell(own)
    place.with_name(f"{place.name}-wal").unlink()
    with pytest.raises(OperationalError, match="restart SyteOps"):
        tell(own)
    place.with_suffix(".copy").write_bytes(place.read_bytes())
    with closing(sqlite3.connect(place.with_suffix(".copy"))) as copy:
        assert copy.execute("SELECT count(*) FROM story").fetchone() == (1,)


@pytest.mark.parametrize("is_link", [False, True])
@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_no_other_journal_is_begun_beside_it(
    own: DatabaseWrapper, ending: str, is_link: bool
) -> None:
    """Threads without a connection began one, and each half of the site saw its own writes alone,
    of which one half was gone with the restart.
    """
    place = Path(own.settings_dict["NAME"])
    if is_link:
        link = own.settings_dict["NAME"] = place.with_name("link")
        link.symlink_to(place)
    tell(own)
    journal = place.with_name(f"{place.name}{ending}")
    journal.unlink()
    anew = own.copy()
    anew.may_create = False
    for _ in range(2):
        with pytest.raises(OperationalError, match="restart SyteOps"):
            tell(anew)
    assert not journal.exists()
    own.close()
    tell(anew)
    anew.close()
