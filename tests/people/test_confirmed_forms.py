"""A session that somebody found open makes no way in that outlives it: the password is asked."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from syteops.invitations.models import Invitation
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
SECRET = "canary horse battery"
NEW = {"username": "eve", "password1": SECRET, "password2": SECRET, "usable_password": "true"}


@pytest.fixture
def page(alice: User, settings: Any) -> Client:
    """Somebody's who signed in long ago."""
    alice.set_password(PASSWORD)
    alice.save()
    settings.CONFIRM_PASSWORD_MINUTES = 0
    return signed_in(alice)


def forms(bob: User) -> dict[str, dict[str, Any]]:
    """Every page on which somebody is given a way in, and what a thief would send."""
    group = Group.objects.create(name="Some")
    return {
        "/admin/invitations/invitation/add/": {"days": 7},
        "/admin/auth/user/add/": NEW,
        f"/admin/auth/user/{bob.pk}/change/": {"username": "bob", "is_superuser": "on"},
        f"/admin/auth/user/{bob.pk}/password/": {"password1": SECRET, "password2": SECRET},
        "/admin/auth/group/add/": {"name": "New"},
        f"/admin/auth/group/{group.pk}/change/": {"name": "Renamed"},
    }


def stored() -> list[Any]:
    people = User.objects.order_by("pk").values_list("username", "is_superuser", "password")
    return [*people, *Group.objects.order_by("pk").values_list("name"), Invitation.objects.count()]


@pytest.mark.parametrize("place", range(6))
def test_without_the_password_nothing_is_given(page: Client, bob: User, place: int) -> None:
    address, sent = [*forms(bob).items()][place]
    assert 'name="own_password"' in page.get(address).content.decode()
    before = stored()

    for wrong in ({}, {"own_password": "guess"}):
        answer = page.post(address, {**sent, **wrong})
        assert answer.status_code == 200
        assert 'name="own_password"' in answer.content.decode()
        assert "guess" not in answer.content.decode()
        assert stored() == before

    page.post(address, {**sent, "own_password": PASSWORD})
    assert stored() != before
