"""Whoever is invited under an address that the provider has verified needs no link."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.invitations.models import Invitation
from tests.invitations.invited import give, invited
from tests.people.authenticator_app import after_a_while
from tests.people.openid_provider import Provider
from tests.people.openid_sign_in import provider, refused, running, sign_in

pytestmark = pytest.mark.django_db

__all__ = ["provider", "running"]

ADDRESS = "dora@example.com"


@pytest.fixture
def invitation(alice: User, provider: Provider) -> Invitation:
    invited(alice, "crm.view_crmsystem", email=ADDRESS)
    provider.claims = {"email": ADDRESS}
    return Invitation.objects.get()


def test_the_invited_gets_what_the_invitation_gives_and_no_more(
    client: Client, provider: Provider, invitation: Invitation
) -> None:
    provider.claims |= {"is_superuser": True, "groups": ["admin"]}
    assert sign_in(client, provider)["Location"] == "/admin/"
    dora = User.objects.get(email=ADDRESS)
    assert client.session["_auth_user_id"] == str(dora.pk)
    assert (dora.username, dora.is_staff, dora.is_superuser) == (ADDRESS, True, False)
    assert dora.get_all_permissions() == {"crm.view_crmsystem"}
    assert not dora.has_usable_password()
    told = AuditEntry.objects.filter(event__in=("person.created", "invitation.accepted"))
    assert {(one.actor_label, one.operation) for one in told} == {(ADDRESS, "people.openid")}
    assert told.count() == 2


def test_it_makes_one_account(client: Client, provider: Provider, invitation: Invitation) -> None:
    sign_in(client, provider)
    sign_in(Client(), provider)
    assert User.objects.filter(email=ADDRESS).count() == 1


def expire(invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def deactivated(invitation: Invitation) -> None:
    User.objects.create_user("former", "Dora@example.com", is_active=False)


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(expire, id="expired"),
        pytest.param(lambda one: one.delete(), id="revoked"),
        pytest.param(lambda one: User.objects.update(is_active=False), id="inviter left"),
        pytest.param(lambda one: User.objects.update(is_superuser=False), id="rights lost"),
        pytest.param(deactivated, id="deactivated here"),
        pytest.param(lambda one: Invitation.objects.update(email=""), id="for nobody's address"),
    ],
)
def test_an_invitation_that_does_not_work_makes_nobody(
    client: Client, provider: Provider, invitation: Invitation, meanwhile: Any
) -> None:
    meanwhile(invitation)
    before = User.objects.count()
    refused(client, sign_in(client, provider))
    assert User.objects.count() == before


@pytest.mark.parametrize(
    "claims", [{"email": "d\u00f6ra@example.com"}, {"email_verified": False}, {"email": None}]
)
def test_another_address_or_one_not_verified_makes_nobody(
    client: Client, provider: Provider, invitation: Invitation, claims: dict[str, Any]
) -> None:
    provider.claims |= claims
    refused(client, sign_in(client, provider))
    assert not User.objects.filter(email=ADDRESS).exists()


def test_a_name_that_is_taken_is_nobody_else_s(
    client: Client, provider: Provider, invitation: Invitation
) -> None:
    User.objects.create_user(ADDRESS, "other@example.com", is_staff=True)
    refused(client, sign_in(client, provider))
    assert Invitation.objects.get().accepted_at is None


def test_without_a_password_an_old_sign_in_is_told_to_come_again(
    client: Client, provider: Provider, invitation: Invitation
) -> None:
    sign_in(client, provider)
    after_a_while(client)
    give(User.objects.get(email=ADDRESS), "keys.manage_api_keys")
    answer = client.post("/admin/second-factor/", {"code": "000000", "password": "x"})
    assert "You have no password here" in answer.content.decode()
