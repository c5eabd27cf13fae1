"""SQLite's statements: written as Django writes them, whatever was seen before."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections

from syteops.core.sqlite.base import CursorWrapper, DatabaseOperations
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
