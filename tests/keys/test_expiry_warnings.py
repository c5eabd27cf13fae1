"""Warnings before a key expires: once each, in the trail, by e-mail and in the admin."""

import smtplib
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings

from manage_api.keys import expiry, expiry_mail, services
from manage_api.keys.models import ManageKey
from syteops.audit.models import AuditEntry
from syteops.audit.words import sentence
from syteops.core.actors import SYSTEM
from syteops.core.locks import exclusive
from syteops.server import housekeeping
from tests.background import run_tasks
from tests.each import each
from tests.fixtures import Api, remake
from tests.threads import elsewhere

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_server(settings: Settings) -> None:
    settings.EMAIL_SERVER = {"host": "mail.example.com"}


def a_key(days: float = 10, **values: Any) -> ManageKey:
    named = {"name": "n8n", "scopes": ["crm:read"], **values}
    expires_at = timezone.now() + timedelta(days=days)
    return services.create_restricted_key(SYSTEM, expires_at=expires_at, **named).key


def warn() -> str:
    """One run of the command, as cron makes it."""
    output = StringIO()
    call_command("warn_expiring_keys", stdout=output)
    return output.getvalue()


def entries() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(event="key.expiring").order_by("pk"))


def warned_days() -> list[int]:
    return [one.changes["days_before_expiry"]["after"] for one in entries()]


def later(key: ManageKey, days: float) -> None:
    """So many days before the key's end."""
    remake(key, expires_at=timezone.now() + timedelta(days=days))


def test_each_warning_is_given_once_however_often_the_command_runs(alice: User) -> None:
    key = a_key(days=20)
    assert warn() == "No warning is due.\n"
    for days, due in ((13.9, 14), (10, None), (6.9, 7), (2, None), (0.9, 1), (0.1, None)):
        later(key, days)
        before = warned_days()
        for _ in range(3):
            warn()
        assert warned_days() == before + ([due] if due else [])
    assert len(mail.outbox) == 3
    later(key, -1)
    assert warn() == "No warning is due.\n"


def test_a_run_that_comes_late_gives_the_most_urgent_warning_only(alice: User) -> None:
    a_key(days=0.5)
    warn()
    assert warned_days() == [1]


def test_the_entry_tells_of_the_key_and_says_who_warned() -> None:
    key = a_key()
    warn()
    (entry,) = entries()
    assert (entry.object_resource, entry.object_id) == ("keys", key.public_id)
    assert (entry.actor_label, entry.door) == ("manage.py warn_expiring_keys", "command")
    assert sentence(entry).startswith("warned of the expiry of")


def test_a_revoked_key_is_not_warned_of() -> None:
    services.revoke_key(SYSTEM, a_key())
    assert warn() == "No warning is due.\n"


def test_of_a_rotated_key_the_new_one_is_warned_of(alice: User) -> None:
    key = a_key()
    warn()
    new = services.rotate_key(SYSTEM, key, timedelta(days=1)).key
    warn()
    assert [one.object_id for one in entries()] == [key.public_id, new.public_id]


# --- By e-mail -----------------------------------------------------------------------------


def test_a_mail_server_that_takes_its_time_does_not_have_all_of_it(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hour's other work waits: twenty keys of ten people were hours."""
    now = [0.0]
    asked: list[str] = []

    def send(key: ManageKey, days: int, address: str) -> Any:
        asked.append(key.name)
        now[0] += 200
        return expiry_mail.Problem("It takes long.", may_pass=True) if key.name == "a" else None

    monkeypatch.setattr(expiry, "monotonic", lambda: now[0])
    monkeypatch.setattr(expiry, "mail", send)
    for name in "abcd":
        a_key(name=name)
    with pytest.raises(CommandError, match="3 warnings"):
        warn()
    assert asked == ["a", "b"]
    assert [one.object_label for one in entries()] == [str(ManageKey.objects.get(name="b"))]
    with pytest.raises(CommandError, match="2 warnings"):
        warn()
    assert asked == ["a", "b", "a", "c"]
    assert len(entries()) == 2


def test_the_sponsor_and_those_who_manage_keys_are_told(alice: User, bob: User) -> None:
    carol = User.objects.create_user("carol", "carol@example.com", is_staff=True)
    carol.user_permissions.add(Permission.objects.get(codename="manage_api_keys"))
    sponsor = User.objects.create_user("sam", "sam@example.com", is_staff=True)
    key = a_key(sponsor=sponsor)
    warn()
    told = ["sam@example.com", "alice@example.com", "carol@example.com"]
    assert [one.recipients() for one in mail.outbox] == [[address] for address in told]
    message = mail.outbox[0]
    assert not any(address in str(message.message()) for address in told[1:])
    assert message.subject == "SyteOps: the key n8n expires within 14 days"
    assert key.hint in message.body
    assert key.public_id in message.body
    assert "Reads crm" in message.body
    assert "Last used:  never" in message.body


def test_nobody_who_has_left_is_told_and_nobody_twice(alice: User) -> None:
    gone = User.objects.create_user("gone", "gone@example.com", is_active=False, is_staff=True)
    retired = User.objects.create_superuser("retired", "retired@example.com")
    User.objects.filter(pk=retired.pk).update(is_staff=False)
    retired.refresh_from_db()
    a_key(sponsor=gone)
    a_key(name="Backup", sponsor=retired)
    a_key(name="CI", sponsor=alice)
    warn()
    assert [one.to for one in mail.outbox] == [["alice@example.com"]] * 3


def test_a_name_can_not_add_headers(alice: User) -> None:
    a_key()
    # No service takes such a name, but the database may hold one.
    ManageKey.objects.update(name="n8n\nBcc: mallory@example.com")
    warn()
    assert (
        mail.outbox[0].subject
        == "SyteOps: the key n8n Bcc: mallory@example.com expires within 14 days"
    )
    assert mail.outbox[0].recipients() == ["alice@example.com"]


def test_without_a_mail_server_the_trail_is_told_alone(alice: User, settings: Settings) -> None:
    settings.EMAIL_SERVER = None
    a_key()
    warn()
    assert (warned_days(), mail.outbox) == ([14], [])


def test_an_e_mail_that_fails_is_tried_again(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(message: Any) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    a_key()
    with monkeypatch.context() as broken:
        broken.setattr(mail.EmailMessage, "send", refuse)
        with pytest.raises(CommandError, match="1 warnings did not reach everybody"):
            warn()
    assert entries() == []
    warn()
    assert (warned_days(), len(mail.outbox)) == ([14], 1)


@pytest.mark.parametrize("address", ["a@b@c", "a@[", '"', "ann\n@example.com", "a@ü..de", "jo sé"])
def test_an_address_that_is_none_keeps_no_other_warning_back(alice: User, address: str) -> None:
    sponsor = User.objects.create_user("sam", is_staff=True)
    User.objects.filter(pk=sponsor.pk).update(email=address)
    sponsor.refresh_from_db()
    a_key(days=5, sponsor=sponsor)
    a_key(days=10)
    found = expiry.warn(SYSTEM)
    assert [one.recipients for one in found] == [["alice@example.com"]] * 2
    assert found[0].problem == f"{address!r} (no e-mail address)"
    assert found[1].problem == ""
    assert warned_days() == [7, 14]


def test_whoever_was_reached_is_not_mailed_again_because_another_was_not(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sponsor = User.objects.create_user("sam", "sam@example.com", is_staff=True)
    a_key(sponsor=sponsor)
    send = mail.EmailMessage.send

    def refuse_sam(message: mail.EmailMessage) -> int:
        if message.to == ["sam@example.com"]:
            raise smtplib.SMTPRecipientsRefused({"sam@example.com": (550, b"unknown")})
        return send(message)

    monkeypatch.setattr(mail.EmailMessage, "send", refuse_sam)
    with pytest.raises(CommandError, match="did not reach everybody"):
        warn()
    assert warn() == "No warning is due.\n"
    assert not DBTaskResult.objects.exists()  # it is refused for good
    assert [one.to for one in mail.outbox] == [["alice@example.com"]]


def _run_what_is_put_off() -> None:
    DBTaskResult.objects.update(run_after=timezone.now())
    run_tasks()


@pytest.fixture
def put_off(alice: User, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose mails the server puts off, while they are in here: Sam's, who answers for a key."""
    away, send = ["sam@example.com"], mail.EmailMessage.send
    sponsor = User.objects.create_user("sam", "sam@example.com", is_staff=True)
    a_key(sponsor=sponsor)

    def send_or_put_off(message: mail.EmailMessage) -> int:
        if message.to[0] in away:
            raise smtplib.SMTPRecipientsRefused({message.to[0]: (450, b"try later")})
        return send(message)

    monkeypatch.setattr(mail.EmailMessage, "send", send_or_put_off)
    with pytest.raises(CommandError, match="did not reach everybody"):
        warn()
    return away


def test_who_was_put_off_is_mailed_later_and_nobody_else_again(put_off: list[str]) -> None:
    run_tasks()
    assert [one.to for one in mail.outbox] == [["alice@example.com"]]
    _run_what_is_put_off()
    put_off.clear()
    _run_what_is_put_off()
    _run_what_is_put_off()
    assert [one.to for one in mail.outbox] == [["alice@example.com"], ["sam@example.com"]]
    assert mail.outbox[0].body == mail.outbox[1].body
    assert warned_days() == [14]


def test_it_is_given_up_in_the_end(put_off: list[str], caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(9):
        _run_what_is_put_off()
    assert caplog.text.count("was not sent to sam@example.com") == len(expiry_mail.AGAIN) == 4
    assert len(mail.outbox) == 1


def _revoke() -> None:
    services.revoke_key(SYSTEM, ManageKey.objects.get())


def _come_nearer() -> None:
    """The warning of 7 days before is one of its own."""
    later(ManageKey.objects.get(), 6)


def _leave() -> None:
    User.objects.filter(username="sam").update(is_active=False)


@each("change", [_revoke, _come_nearer, _leave])
def test_who_was_put_off_is_not_told_what_does_not_concern_him_any_more(
    put_off: list[str], change: Callable[[], None]
) -> None:
    change()
    put_off.clear()
    _run_what_is_put_off()
    assert [one.to for one in mail.outbox] == [["alice@example.com"]]


def test_housekeeping_logs_whom_it_could_not_tell(
    alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    User.objects.filter(pk=alice.pk).update(email="alice@")
    a_key()
    housekeeping.run()
    assert "was not sent to 'alice@'" in caplog.text


def test_two_runs_at_once_do_not_warn_twice(alice: User) -> None:
    a_key()
    with elsewhere(exclusive("key expiry warnings")):
        assert warn() == "Another run is in progress.\n"
    assert (entries(), mail.outbox) == ([], [])


# --- In the admin --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "warning"),
    [("/admin/", "The key n8n expires"), ("/admin/keys/managekey/", "n8n</a> expires in")],
)
def test_the_start_page_and_the_page_of_keys_warn_too(
    alice: User, as_person: Any, path: str, warning: str
) -> None:
    a_key(days=6)
    assert warning in as_person(alice).client.get(path).content.decode()


@pytest.mark.parametrize("path", ["/admin/", "/admin/keys/managekey/"])
def test_both_show_each_key_that_was_used_after_its_end(
    alice: User, as_person: Any, path: str
) -> None:
    for name in ("Loud", "Quiet"):
        issued = services.create_restricted_key(SYSTEM, name=name, scopes=["crm:read"])
        services.revoke_key(SYSTEM, issued.key)
        Api(issued.text).get("/whoami")
    page = as_person(alice).client.get(path).content.decode()
    assert "turned away" in page
    assert "Quiet" in page
    if path != "/admin/":
        assert "Loud" in page
