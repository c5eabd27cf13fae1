"""SQLite's statements: written as Django writes them, whatever was seen before."""

import pytest
from django.db import connection

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
