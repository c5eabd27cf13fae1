"""A choice among many rows is searched for; few are listed, or all where nobody may search."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from notes.models import Note
from syteops.adminkit.searched_choices import FEW
from syteops.team.models import TeamMember

ADD = "/admin/notes/note/add/"
Restricted = Callable[..., Client]


@pytest.fixture
def members(db: None) -> list[TeamMember]:
    made = (TeamMember(number=n, first_name=f"Ada {n}") for n in range(1, FEW + 1))
    return TeamMember.objects.bulk_create(made)


def box(client: Client, path: str, name: str) -> str:
    """The select of that name, as the page has it."""
    shown = client.get(path).content.decode()
    found = re.search(rf'<select name="{name}".*?</select>', shown, re.DOTALL)
    assert found, name
    return found[0]


def one_more() -> TeamMember:
    made: TeamMember = TeamMember.objects.create(number=FEW + 1, first_name="Grace")
    return made


@pytest.mark.parametrize("name", ["author", "attendees"])
def test_few_are_listed(page: Client, members: list[TeamMember], name: str) -> None:
    shown = box(page, ADD, name)
    assert all(f">{one}</option>" in shown for one in members)
    assert "data-ajax--url" not in shown


@pytest.mark.parametrize("name", ["author", "attendees"])
def test_many_are_searched_for(page: Client, members: list[TeamMember], name: str) -> None:
    one_more()
    shown = box(page, ADD, name)
    assert "Ada" not in shown
    assert 'data-ajax--url="/admin/autocomplete/"' in shown


def test_what_is_chosen_is_shown_and_kept(page: Client, members: list[TeamMember]) -> None:
    note = Note.objects.create(title="Minutes", slug="minutes", author=one_more())
    shown = box(page, f"/admin/notes/note/{note.pk}/change/", "author")
    assert ">Grace</option>" in shown
    assert "Ada" not in shown


def test_who_may_not_search_members_is_shown_all(
    bob: User, members: list[TeamMember], client: Client
) -> None:
    one_more()
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename="add_note"))
    client.force_login(bob)
    shown = box(client, ADD, "author")
    assert ">Grace</option>" in shown
    assert "data-ajax--url" not in shown


def test_a_filter_by_one_of_many_is_typed(page: Client, members: list[TeamMember]) -> None:
    note = Note.objects.create(title="By Grace", slug="by-grace", author=one_more())
    Note.objects.create(title="By Ada", slug="by-ada", author=members[0])
    found = page.get(f"/admin/notes/note/?author=0{FEW + 1}").content.decode()
    assert note.title in found
    assert "By Ada" not in found
    assert "Ada 7</option>" not in found
