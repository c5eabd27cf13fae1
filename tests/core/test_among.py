"""Asking for rows by very many values at once."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notes.models import Note
from tests.each import each

pytestmark = [pytest.mark.django_db, pytest.mark.combination]

VERY_MANY = 300_000
"""More than either database takes as parameters of one statement."""
ODD = ('quo"te', "a,b", "{x}", "null", "ü", "back\\slash", "%s")


def notes(*slugs: str) -> list[Note]:
    return [Note.objects.create(title=one, slug=f"s{n}") for n, one in enumerate(slugs)]


def test_it_finds_what_in_finds() -> None:
    one, two, three = notes("one", "two", "three")
    assert {*Note.objects.filter(pk__among={one.pk, three.pk, 10**9})} == {one, three}
    assert {*Note.objects.exclude(pk__among={one.pk, three.pk})} == {two}
    assert {*Note.objects.filter(title__among={"two", "Two"})} == {two}


@each("text", ODD)
def test_a_text_is_taken_as_it_is(text: str) -> None:
    (one,) = notes(text)
    assert [*Note.objects.filter(title__among={text, "other"}, pk=one.pk)] == [one]


def test_none_of_none_needs_no_statement(django_assert_num_queries: Any) -> None:
    notes("one")
    with django_assert_num_queries(0):
        assert [*Note.objects.filter(pk__among=frozenset())] == []


def test_very_many_are_a_single_parameter() -> None:
    one, _ = notes("one", "two")
    with CaptureQueriesContext(connection) as seen:
        found = [*Note.objects.filter(pk__among={one.pk, *range(10**6, 10**6 + VERY_MANY)})]
    assert found == [one]
    assert len(seen) == 1
