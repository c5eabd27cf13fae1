"""Whoever may invite gives what he holds and no more; the link is shown once, or mailed."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Forbidden, Invalid
from syteops.core.hourly import hourly_tasks
from syteops.integrations import queued_mail
from syteops.invitations.mailing import deliver
from syteops.invitations.models import Invitation
from tests.background import run_tasks
from tests.estimates.mails import text_of as text_of_mail
from tests.fixtures import signed_in
from tests.integrations.mailing import site_with_mail
from tests.integrations.smtp_sink import SmtpSink
from tests.invitations.invited import INVITATIONS, LINK, a_group, accept, give, invite, invited, row

pytestmark = pytest.mark.django_db
SEES = "crm.view_crmsystem"


@pytest.fixture
def inviter(bob: User) -> User:
    give(
        bob,
        *(f"invitations.{verb}_invitation" for verb in ("add", "view", "delete")),
    )
    return User.objects.get(pk=bob.pk)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def link_in(text: str) -> str:
    found = LINK.search(text)
    assert found, text[-2000:]
    return re.sub(r"^https?://[^/]+", "", found[0])


def test_the_link_is_shown_once_and_works(page: Client) -> None:
    shown = invite(page, SEES)
    assert "no-store" in shown.headers["Cache-Control"]
    link = link_in(text_of(shown))
    invitation = Invitation.objects.get()
    for path in ("", f"{invitation.pk}/change/", f"{invitation.pk}/history/"):
        assert link.split("/")[-2] not in text_of(page.get(INVITATIONS + path))
    assert accept(link).status_code == 302
    assert "Accepted" in text_of(page.get(INVITATIONS))


def test_a_form_sent_twice_makes_one_invitation(page: Client) -> None:
    opened = re.search(
        r'name="made_as" value="([0-9a-f-]{36})"', text_of(page.get(f"{INVITATIONS}add/"))
    )
    assert opened
    invite(page, SEES, made_as=opened[1])
    again = text_of(invite(page, SEES, made_as=opened[1]))
    assert "was made already" in again
    assert not LINK.search(again)
    assert Invitation.objects.count() == 1


# --- Who may ---------------------------------------------------------------------------------


def test_only_who_may_invite_does(bob: User, charlie: User) -> None:
    give(bob, "auth.add_user", "auth.change_user")
    for person in (bob, charlie):
        assert invite(signed_in(person), SEES).status_code in (302, 403)
        with pytest.raises(Forbidden):
            invited(person)
    assert not Invitation.objects.exists()


def test_nobody_gives_what_he_does_not_hold(inviter: User) -> None:
    client = signed_in(inviter)
    wide, narrow = a_group("Wide", SEES, "crm.delete_crmsystem"), a_group("Narrow", SEES)
    form = text_of(client.get(f"{INVITATIONS}add/"))
    assert f'name="rights" value="{row(SEES).pk}"' in form
    assert f'name="rights" value="{row("notes.view_note").pk}"' not in form
    assert f'value="{narrow.pk}"' in form
    assert ">Wide" not in form

    for sent in ({"rights": [row("notes.view_note").pk]}, {"groups": [wide.pk]}):
        answer = invite(client, **sent)
        assert answer.status_code == 403
        assert "Nobody gives more than he holds" in text_of(answer)
    with pytest.raises(Forbidden, match=r"crm\.delete_crmsystem"):
        invited(inviter, groups=[wide])
    with pytest.raises(Forbidden, match=r"notes\.view_note"):
        invited(inviter, "notes.view_note")
    assert not Invitation.objects.exists()
    [refused] = AuditEntry.objects.filter(object_resource="invitations")  # of like ones in a minute
    assert (refused.event, refused.code) == ("invitations.refused", "permission_denied")
    assert refused.actor_label == inviter.username

    assert LINK.search(text_of(invite(client, SEES, groups=[narrow.pk])))


def test_a_refusal_is_no_invitation_in_disguise(inviter: User) -> None:
    """Nothing internal, and no superuser, is given by a forged form."""
    forged = {"rights": [row("sessions.delete_session").pk], "is_superuser": "on"}
    assert not LINK.search(text_of(invite(signed_in(inviter), **forged)))


def test_whoever_has_an_account_is_not_invited_again(page: Client, bob: User) -> None:
    assert "has this address" in text_of(invite(page, SEES, email="BOB@example.com"))
    invite(page, SEES, email="dora@example.com")
    assert "open invitation" in text_of(invite(page, SEES, email="Dora@Example.com"))
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("days", [0, -1, 31, 10**9])
def test_no_link_lasts_longer_than_a_month(alice: User, days: int) -> None:
    with pytest.raises(Invalid):
        invited(alice, days=days)


@pytest.mark.parametrize("email", ["x", "a@b", "a@b.c\nBcc: d@e.f", "a\x00@example.com", "a" * 300])
def test_an_address_that_is_none_is_refused(page: Client, email: str) -> None:
    assert not LINK.search(text_of(invite(page, SEES, email=email)))
    assert not Invitation.objects.exists()


# --- Revoking --------------------------------------------------------------------------------


def test_deleting_it_revokes_the_link(inviter: User) -> None:
    client = signed_in(inviter)
    link = link_in(text_of(invite(client, SEES)))
    invitation = Invitation.objects.get()
    answer = client.post(f"{INVITATIONS}{invitation.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert accept(link).status_code == 404
    entry = AuditEntry.objects.latest("id")
    assert (entry.event, entry.actor_label) == ("invitation.revoked", "bob")


def test_it_is_never_changed(page: Client, alice: User) -> None:
    invited(alice, SEES)
    invitation = Invitation.objects.get()
    sent = {"rights": [row("notes.view_note").pk], "email": "evil@example.com", "days": 30}
    page.post(f"{INVITATIONS}{invitation.pk}/change/", sent)
    invitation.refresh_from_db()
    assert (invitation.permissions, invitation.email) == ([SEES], "")
    shown = text_of(page.get(f"{INVITATIONS}{invitation.pk}/change/"))
    for words in ("CRM systems (crm): see", ">Open<", "No group"):
        assert words in re.sub(r"\s*([<>])\s*", r"\1", shown)
    assert "InvitationState" not in shown


# --- By e-mail -------------------------------------------------------------------------------


@pytest.fixture
def mails(settings: Settings) -> Iterator[SmtpSink]:
    settings.SITE_URL = "https://ops.example.com"
    with site_with_mail(settings) as started:
        yield started


def test_the_link_is_mailed_and_its_token_kept_no_longer(page: Client, mails: SmtpSink) -> None:
    shown = text_of(invite(page, SEES, email="dora@example.com"))
    assert "mailed to dora@example.com" in shown
    assert Invitation.objects.get().mail_token is not None
    token = link_in(shown).split("/")[-2]

    run_tasks()

    (mail,) = mails.mails
    text = text_of_mail(mail)
    assert f"https://ops.example.com{link_in(shown)}" in text
    assert mail["To"] == "dora@example.com"
    invitation = Invitation.objects.get()
    assert (invitation.mail_state, invitation.mail_token) == ("sent", None)
    assert AuditEntry.objects.latest("id").event == "invitation.mailed"
    told = [str(value) for row in AuditEntry.objects.values() for value in row.values()]
    assert not [one for one in told if token in one]
    assert accept(link_in(text)).status_code == 302


def test_a_server_that_puts_it_off_is_asked_again_and_one_that_refuses_is_not(
    page: Client, mails: SmtpSink
) -> None:
    mails.replies["RCPT"] = "450 later"
    invite(page, SEES, email="dora@example.com")
    run_tasks()
    invitation = Invitation.objects.get()
    assert (invitation.mail_state, invitation.mail_attempts) == ("queued", 1)
    mails.replies["RCPT"] = "550 nobody here"
    deliver.call(invitation.pk, 1)
    invitation.refresh_from_db()
    assert (invitation.mail_state, invitation.mail_token) == ("failed", None)
    assert AuditEntry.objects.latest("id").event == "invitation.mail_failed"


def test_an_outage_while_it_is_mailed_passes(
    page: Client, mails: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite(page, SEES, email="dora@example.com")
    with monkeypatch.context() as broken:
        broken.setattr(queued_mail, "send_mail", Mock(side_effect=OperationalError("gone")))
        run_tasks()
    invitation = Invitation.objects.get()
    assert (invitation.mail_state, invitation.mail_attempts) == ("queued", 1)
    deliver.call(invitation.pk, 1)
    assert len(mails.mails) == 1


def test_a_mail_whose_task_was_lost_is_given_up_with_its_token(
    page: Client, mails: SmtpSink
) -> None:
    for email in ("dora@example.com", "emil@example.com"):
        invite(page, SEES, email=email)
    lost = Invitation.objects.filter(email="dora@example.com")
    lost.update(created_at=timezone.now() - queued_mail.GIVEN_UP - timedelta(minutes=1))
    hourly_tasks()["give_up_lost_invitations"](SYSTEM)
    assert [(one.mail_state, one.mail_token) for one in lost] == [("failed", None)]
    assert Invitation.objects.exclude(email="dora@example.com").get().mail_state == "queued"
    assert AuditEntry.objects.latest("id").event == "invitation.mail_failed"


def test_an_invitation_that_was_accepted_meanwhile_is_not_mailed(
    page: Client, mails: SmtpSink
) -> None:
    accept(link_in(text_of(invite(page, SEES, email="dora@example.com"))))
    run_tasks()
    assert (Invitation.objects.get().mail_state, mails.mails) == ("failed", [])


def test_an_invitation_that_expired_meanwhile_is_not_mailed(page: Client, mails: SmtpSink) -> None:
    invite(page, SEES, email="dora@example.com")
    Invitation.objects.update(expires_at=timezone.now())
    run_tasks()
    assert (Invitation.objects.get().mail_state, mails.mails) == ("failed", [])


def test_a_revoked_invitation_is_not_mailed(page: Client, mails: SmtpSink) -> None:
    invite(page, SEES, email="dora@example.com")
    pk = Invitation.objects.get().pk
    page.post(f"{INVITATIONS}{pk}/delete/", {"post": "yes"})
    run_tasks()
    assert not mails.mails


def test_without_mail_the_link_alone_is_made(page: Client, settings: Settings) -> None:
    settings.EMAIL_SERVER = None
    shown = text_of(invite(page, SEES, email="dora@example.com"))
    assert "It was not mailed." in shown
    assert "EMAIL_URL" in shown
    assert Invitation.objects.get().mail_token is None
    assert accept(link_in(shown)).status_code == 302
