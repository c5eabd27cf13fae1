"""The verifier sees every byte, names what is wrong, and reads a long trail in small pieces."""

import tracemalloc
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syteops.audit import chain, heads, stored, verification
from syteops.audit.models import AuditEntry
from syteops.core.actors import ActorKind, Channel
from tests.each import each
from tests.trail import allow_anything

pytestmark = pytest.mark.django_db

TEXT = "x" * 2000


def fill(count: int) -> None:
    """So many sealed entries, of two kilobytes each."""
    entries = []
    for number in range(count):
        entry = AuditEntry(actor_kind=ActorKind.KEY, door=Channel.REST, event="crm_system.updated")
        entry.changes = {"name": {"before": TEXT, "after": f"{number} “é” \U0001f600"}}
        entries.append(entry)
        entry.mac = chain.mac_of(entry)
    AuditEntry.objects.bulk_create(entries)
    assert chain.seal_pending() == count


def store(column: str, value: Any) -> int:
    """Write past the models, as somebody at the database would; the id of the victim."""
    victim = AuditEntry.objects.get(sequence=3)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE audit_auditentry SET {column} = %s WHERE id = %s", [value, victim.pk]
        )
    return victim.pk


def test_a_changed_blank_inside_the_changes_is_found() -> None:
    """The JSON means the same; the entry is not what was written."""
    fill(5)
    changes = AuditEntry.objects.get(sequence=3).changes
    text = str(AuditEntry._meta.get_field("changes").get_prep_value(changes))

    pk = store("changes", text.replace('": "', '":  "', 1))

    assert f"id {pk} " in verification.verify().problem


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "yesterday"),
        ("at", "2026-99-99 00:00:00"),
        ("at", 5),
        ("uid", "no uuid"),
        ("uid", "ffffffffffffffffffffffffffffffff"),
        ("changes", "{not json"),
        ("changes", b"\xff\xfe"),
        ("event", b"\xff\xfe"),
        ("event", 5),
        ("mac", "é"),
        ("mac", b"\x00"),
        ("seal", ""),
        ("sequence", "three"),
    ],
)
def test_what_could_not_even_be_loaded_is_found(column: str, value: object) -> None:
    """SQLite stores anything anywhere."""
    fill(5)

    store(column, value)

    assert verification.verify().problem


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "spelling", ["replace(at, ' ', 'T')", "at || '+00:00'", "at || '0'", "CAST(at AS BLOB)"]
)
def test_another_spelling_of_the_same_moment_is_found(spelling: str) -> None:
    """It would be sorted and compared as another one."""
    fill(5)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_auditentry SET at = {spelling} WHERE sequence = 3")

    assert verification.verify().problem


ODD_ENDS = [("cut_at", "yesterday"), ("cut_at", 5), ("head_seal", b"x"), ("head_sequence", b"5")]


@pytest.mark.sqlite_only
@each(("column", "value"), ODD_ENDS)
def test_so_are_ends_of_the_chain_that_could_not_even_be_loaded(column: str, value: Any) -> None:
    fill(5)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE audit_auditchain SET {column} = %s", [value])

    assert verification.verify().problem == "The record of the chain's ends was altered."
    assert not chain.is_intact()
    with pytest.raises(chain.TrailBroken):
        chain.require_intact()
    with pytest.raises(chain.BrokenChain):
        heads.keep_head()


@pytest.mark.sqlite_only
@each("column", ["id", "sequence"])
def test_so_is_a_number_that_is_none(column: str) -> None:
    """Whoever owns the tables can give the columns no types: the entry would not be found by it."""
    fill(5)
    allow_anything()
    assert verification.verify().problem == ""
    with connection.cursor() as cursor:
        victim = f"SET {column} = CAST({column} AS TEXT) WHERE sequence = 3"
        cursor.execute(f"UPDATE {AuditEntry._meta.db_table} {victim}")
    assert verification.verify().problem


@pytest.mark.sqlite_only
def test_a_text_that_is_not_utf_8_is_named_by_its_neighbour() -> None:
    fill(5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditentry SET code = CAST(x'ff' AS TEXT) WHERE sequence = 3")

    assert "cannot be read" in verification.verify().problem


def test_a_long_trail_takes_as_many_queries_as_a_short_one() -> None:
    counts = []
    for more in (3, 500):
        fill(more)
        with CaptureQueriesContext(connection) as asked:
            assert verification.verify().problem == ""
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_a_long_trail_does_not_have_to_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "ROWS_AT_ONCE", 50)
    fill(1500)

    tracemalloc.start()
    try:
        report = verification.verify()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (report.sealed, report.problem) == (1500, "")
    assert peak < 1500 * len(TEXT) / 4
