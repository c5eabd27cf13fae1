"""No two people have names that look alike, whoever chooses them, on whichever database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict, Invalid
from syteops.invitations.forms import AcceptForm
from syteops.invitations.models import Invitation
from syteops.invitations.services import (
    accept_by_address,
    accept_invitation,
    create_invitation,
)
from syteops.people.services import create_superuser, put_back_person
from syteops.people.usernames import TAKEN
from tests.each import each
from tests.invitations.invited import as_person
from tests.people.person_pages import save
from tests.undoing import latest

pytestmark = pytest.mark.django_db
PASSWORD = "kY3-lamp-sofa-ten"


def added(alice: User, name: str) -> Any:
    given = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    return _form(alice)({"username": name, **given})


def changed(alice: User, name: str) -> Any:
    person = User.objects.create_user("dora")
    return _form(alice, person)({"username": name}, instance=person)


# What makes or renames people without a form.


def commanded(alice: User, name: str) -> None:
    create_superuser(SYSTEM, User(username=name), PASSWORD)


def taken_back(alice: User, name: str) -> None:
    put_back_person(SYSTEM, User.objects.create_user("dora"), username=name)


def by_link(alice: User, name: str) -> None:
    invitation, token = create_invitation(as_person(alice), email="a@example.com")
    accept_invitation(SYSTEM, invitation.uid, token, User(username=name), PASSWORD)


def accepted(alice: User, name: str) -> Any:
    given = {"username": name, "password1": PASSWORD, "password2": PASSWORD}
    return AcceptForm(Invitation(email="a@example.com"), given)


def _form(alice: User, person: User | None = None) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = alice
    return admin.site.get_model_admin(User).get_form(request, person, change=person is not None)


DOORS = [added, changed, accepted]
SERVICES = [commanded, taken_back, by_link]
ALIKE = [
    "alice\u3164",
    "al\u115fice",
    "\uff41lice",
    "ALICE",
    "alic\xe9",
    "J\xd6RG",
    "jorg",
    "Eve@example.com",
    "\u0430lice",  # of a Cyrillic letter, and of nothing else
    "\u0430\u04cf\u0456\u0441\u0435",
    "\u0391lice",  # of a Greek one
    "AL\u0406CE",
    "aIice",
    "a1ice",
    "j\u043erg",
    "ali\u1d04e",  # of a small capital
    "\u0405yteOps",  # as the site itself is called in the trail
    "Syte\u0555ps",
]
MIXED = ["\u0555LGA", "\u03f3ohn", "ma\u03fc", "team\u0417", "\u13aa-\u13aalex"]
UNSEEN = ["\u3164", "\uffa0\u115f", "zoe\n", "\u2028zoe"]


@pytest.mark.parametrize("door", DOORS)
@each("name", ALIKE)
def test_a_name_that_looks_like_another_is_refused(
    alice: User, door: Callable[[User, str], Any], name: str
) -> None:
    """Who is invited chose the name of a superuser, with a letter in it that nobody sees."""
    User.objects.create_user("j\xf6rg", "eve@example.com")
    [error] = door(alice, name).errors.as_data()["username"]
    assert error.code == "unique"


@pytest.mark.parametrize("door", SERVICES)
@each("name", ALIKE)
def test_so_it_is_where_there_is_no_form(
    alice: User, door: Callable[[User, str], None], name: str
) -> None:
    User.objects.create_user("j\xf6rg", "eve@example.com")
    with pytest.raises(Invalid) as refused:
        door(alice, name)
    [error] = refused.value.errors
    assert (error.path, error.code) == (("username",), "not_unique")
    assert "looks like it" in error.detail
    assert not User.objects.filter(username=name).exists()


@pytest.mark.parametrize("door", DOORS)
@each("name", MIXED)
def test_no_word_mixes_scripts(alice: User, door: Callable[[User, str], Any], name: str) -> None:
    """Some letter of some script always looks like a Latin one that no list has."""
    [error] = door(alice, name).errors.as_data()["username"]
    assert (error.code, "one script" in error.message) == ("invalid", True)


@each(
    "name",
    [
        "\u0418\u0432\u0430\u043d-IT",
        "Tanaka\u592a\u90ce",
        "Ka\u02bbahumanu",
        "\u0418\u0432\u0430\u043d@example.com",
    ],
)
def test_people_are_called_as_they_are(alice: User, name: str) -> None:
    commanded(alice, name)
    assert User.objects.filter(username=name).exists()


def test_nor_does_a_provider_vouch_for_a_name_that_looks_like_another(alice: User) -> None:
    create_invitation(as_person(alice), email="dora@example.com")
    User.objects.create_user("DORA@example.com")
    with pytest.raises(Conflict):
        accept_by_address(SYSTEM, "dora@example.com")
    assert Invitation.objects.get().accepted_at is None


@each(
    ("address", "name"),
    [
        ("o'brien@example.com", "o_brien"),
        ("r&d@example.com", "r_d"),
        (f"x@{'y' * 60}.{'z' * 60}.{'z' * 60}.example", "x"),
        (f"{'x' * 240}@example.com", "x" * 140),
        ("zoe@example.com", "zoe@example.com"),
    ],
)
def test_whoever_can_be_invited_can_accept_by_a_provider(
    alice: User, address: str, name: str
) -> None:
    """An address may be longer than a name, and have signs in it that no name has."""
    User.objects.create_user("x")
    create_invitation(as_person(alice), email=address)
    made = accept_by_address(SYSTEM, address)
    assert made is not None
    assert (made.email, made.username) == (address, "x-2" if name == "x" else name)


def test_nobody_is_invited_under_what_somebody_is_called(alice: User) -> None:
    User.objects.create_user("ev\xe9@example.com")
    with pytest.raises(Invalid):
        create_invitation(as_person(alice), email="EVE@example.com")


def moved(alice: User, address: str) -> Any:
    person = User.objects.create_user("dora")
    given = {"username": "dora", "email": address}
    if errors := _form(alice, person)(given, instance=person).errors.as_data().get("email"):
        raise Invalid.field("email", "", errors[0].code)


def moved_back(alice: User, address: str) -> None:
    put_back_person(SYSTEM, User.objects.create_user("dora"), email=address)


def commanded_with(alice: User, address: str) -> None:
    create_superuser(SYSTEM, User(username="dora", email=address), PASSWORD)


@pytest.mark.parametrize("door", [moved, moved_back, commanded_with])
@each("address", ["eve@example.com", "ev\xe9@example.com", "Frank@example.com"])
def test_nobody_is_given_an_address_that_is_kept_for_somebody_else(
    alice: User, door: Callable[[User, str], None], address: str
) -> None:
    """Whoever may change people took that of an invitation, and came in as whom it was for."""
    create_invitation(as_person(alice), email="Eve@example.com")
    User.objects.create_user("frank@example.com")
    with pytest.raises(Invalid) as refused:
        door(alice, address)
    assert [one.path for one in refused.value.errors] == [("email",)]


@pytest.mark.parametrize("door", [moved, moved_back, commanded_with])
def test_any_other_address_is_given(alice: User, door: Callable[[User, str], None]) -> None:
    User.objects.create_user("frank", "frank@example.com")
    door(alice, "frank@example.com")


@pytest.mark.parametrize("name", ["Eve@example.com", "ev\xe9@example.com"])
@pytest.mark.parametrize("door", [added, changed, commanded, taken_back, by_link])
def test_nobody_is_called_by_the_address_of_whom_is_invited(
    alice: User, door: Callable[[User, str], Any], name: str
) -> None:
    create_invitation(as_person(alice), email="eve@example.com")
    assert "username" in fields_refused(door, alice, name)


def fields_refused(door: Callable[[User, str], Any], alice: User, name: str) -> set[str]:
    try:
        form = door(alice, name)
    except Invalid as refused:
        return {str(one.path[0]) for one in refused.errors}
    return {*form.errors} if form else set()


def test_a_rename_is_not_undone_where_somebody_looks_like_it_by_now(
    page: Client, charlie: User
) -> None:
    save(page, charlie, username="charles")
    User.objects.create_user("CHARLIE")

    where = f"/admin/audit/auditentry/{latest('person.updated').pk}/undo/"
    refused = page.post(where, follow=True)

    charlie.refresh_from_db()
    assert charlie.username == "charles"
    assert TAKEN in refused.content.decode()


@pytest.mark.parametrize("door", DOORS)
@each("name", UNSEEN)
def test_a_name_is_one_line_in_which_something_is_seen(
    alice: User, door: Callable[[User, str], Any], name: str
) -> None:
    assert "username" in door(alice, name).errors


@pytest.mark.parametrize("door", SERVICES)
@each("name", UNSEEN)
def test_it_is_so_without_a_form_as_well(
    alice: User, door: Callable[[User, str], None], name: str
) -> None:
    with pytest.raises(Invalid) as refused:
        door(alice, name)
    assert {one.path for one in refused.value.errors} == {("username",)}


@pytest.mark.parametrize("door", DOORS)
def test_any_other_name_is_taken(alice: User, door: Callable[[User, str], Any]) -> None:
    assert "username" not in door(alice, "zo\xeb@example.com").errors


@pytest.mark.parametrize("door", SERVICES)
def test_any_other_name_is_stored(alice: User, door: Callable[[User, str], None]) -> None:
    door(alice, "zo\xeb@example.com")
    assert User.objects.filter(username="zo\xeb@example.com").exists()


def test_whoever_has_a_name_may_spell_it_otherwise(alice: User) -> None:
    assert "username" not in changed(alice, "Dora").errors
    put_back_person(SYSTEM, alice, username="Alice")
    alice.refresh_from_db()
    assert alice.username == "Alice"
