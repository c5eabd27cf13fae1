"""No two people have names that look alike, whoever chooses them, on whichever database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory

from syteops.invitations.forms import AcceptForm
from syteops.invitations.models import Invitation
from tests.each import each

pytestmark = pytest.mark.django_db
PASSWORD = "kY3-lamp-sofa-ten"


def added(alice: User, name: str) -> Any:
    given = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    return _form(alice)({"username": name, **given})


def changed(alice: User, name: str) -> Any:
    person = User.objects.create_user("dora")
    return _form(alice, person)({"username": name}, instance=person)


def accepted(alice: User, name: str) -> Any:
    given = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
    return AcceptForm(Invitation(email="a@example.com"), given)


def _form(alice: User, person: User | None = None) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = alice
    return admin.site.get_model_admin(User).get_form(request, person, change=person is not None)


DOORS = [added, changed, accepted]


@pytest.mark.parametrize("door", DOORS)
@each("name", ["alice\u3164", "al\u115fice", "\uff41lice", "ALICE", "alic\xe9", "J\xd6RG", "jorg"])
def test_a_name_that_looks_like_another_is_refused(
    alice: User, door: Callable[[User, str], Any], name: str
) -> None:
    """Who is invited chose the name of a superuser, with a letter in it that nobody sees."""
    User.objects.create_user("j\xf6rg")
    [error] = door(alice, name).errors.as_data()["username"]
    assert error.code == "unique"


@pytest.mark.parametrize("door", DOORS)
@each("name", ["\u3164", "\uffa0\u115f", "zoe\n", "\u2028zoe"])
def test_a_name_is_one_line_in_which_something_is_seen(
    alice: User, door: Callable[[User, str], Any], name: str
) -> None:
    assert "username" in door(alice, name).errors


@pytest.mark.parametrize("door", DOORS)
def test_any_other_name_is_taken(alice: User, door: Callable[[User, str], Any]) -> None:
    assert "username" not in door(alice, "zo\xeb@example.com").errors


def test_whoever_has_a_name_may_spell_it_otherwise(alice: User) -> None:
    assert "username" not in changed(alice, "Dora").errors
