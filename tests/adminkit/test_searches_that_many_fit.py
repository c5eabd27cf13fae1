"""Searches in lists of the admin that very many rows fit."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notes.models import ActionItem, Note, NoteAttendee
from syteops.adminkit import growing_lists
from syteops.core import search as searching
from tests.each import each
from tests.samples.team import a_member

pytestmark = [pytest.mark.django_db, pytest.mark.combination]
MOST = 20


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many are already very many."""
    monkeypatch.setattr(searching, "MANY", MOST)
    monkeypatch.setattr(growing_lists, "MANY", MOST)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def shown(answer: Any) -> list[Any]:
    return [one.pk for one in answer.context_data["cl"].result_list]


@pytest.mark.usefixtures("few")
def test_of_more_than_are_counted_the_list_says_so_and_shows_the_first(page: Client) -> None:
    made = [Note.objects.create(title=f"Launch {n}", slug=f"n{n}").pk for n in range(MOST + 15)]

    first = page.get("/admin/notes/note/?q=launch")
    assert f"{MOST}+ notes" in text_of(first)
    assert f"Select all {MOST}+ notes" in text_of(first)
    assert f"{MOST}+ results" in text_of(first)
    last = page.get("/admin/notes/note/?q=launch&p=2")
    assert shown(first) + shown(last) == sorted(made, reverse=True)[:MOST]
    assert f"{MOST + 15} notes" in text_of(page.get("/admin/notes/note/"))


@pytest.mark.usefixtures("few")
def test_as_many_as_are_counted_are_counted(page: Client) -> None:
    for n in range(MOST):
        Note.objects.create(title=f"Launch {n}", slug=f"n{n}")
    answer = text_of(page.get("/admin/notes/note/?q=launch"))
    assert f"{MOST} notes" in answer
    assert f"{MOST}+ " not in answer  # times on the page have a "+" before no blank


@pytest.mark.usefixtures("few")
def test_whoever_is_in_very_many_is_found_in_each(page: Client) -> None:
    """By a name, which no index of texts has, in a place that is looked at as rows come by."""
    ada = a_member(first_name="Ada")
    for n in range(3 * MOST):
        note = Note.objects.create(
            title=f"Meeting {n}", slug=f"n{n}", author=ada if n % 3 == 0 else None
        )
        if n % 3 == 1:
            NoteAttendee.objects.create(note=note, member=ada)
    once = Note.objects.create(title="Other", slug="o")
    ActionItem.objects.create(note=once, text="Ask Ada")

    found = page.get("/admin/notes/note/?q=ada&o=-1")
    assert f"{MOST}+ notes" in text_of(found)
    assert once.pk in shown(found)
    assert f"{MOST}+ " not in text_of(page.get("/admin/notes/note/?q=ada+meeting+1"))


def test_what_few_fit_is_looked_up_once_for_the_whole_page(page: Client) -> None:
    for n in range(MOST):
        Note.objects.create(title=f"Hosting {n}", slug=f"n{n}", meeting_date=f"2026-01-{n + 1:02}")
    page.get("/admin/notes/note/?q=hosting")
    with CaptureQueriesContext(connection) as seen:
        page.get("/admin/notes/note/?q=hosting")
    statements = [one["sql"] for one in seen]
    lookups = [sql for sql in statements if " UNION " in sql and "hosting" in sql]
    assert len(lookups) == 1


LOGINS = ("plain", "MÜLLER", "Mu\u0308ller", "straße", "İpek", "mull_er", "per%cent")
WORDS = {
    "muller": {"MÜLLER", "Mu\u0308ller"},
    "Müller": {"MÜLLER", "Mu\u0308ller"},
    "STRASSE": {"straße"},
    "ipek": {"İpek"},
    "l_e": {"mull_er"},
    "r%c": {"per%cent"},
    "PLAIN": {"plain"},
    "nobody": set(),
    "MÜ ller": {"MÜLLER", "Mu\u0308ller"},
    "plain müller": set(),
}


@each(("word", "expected"), WORDS.items())
def test_logins_are_found_however_they_are_written(
    page: Client, word: str, expected: set[str]
) -> None:
    User.objects.bulk_create(User(username=f"u{n}", last_name=one) for n, one in enumerate(LOGINS))

    answer: Any = page.get("/admin/auth/user/", {"q": word})

    assert {one.last_name for one in answer.context_data["cl"].result_list} == expected
