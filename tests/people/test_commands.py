"""The commands about people change what the admin changes, and leave the same record."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command, get_commands

from syteops.audit.models import AuditEntry
from tests.fixtures import signed_in
from tests.people.person_pages import NEW_PASSWORD

pytestmark = pytest.mark.django_db

WEAK, PASSWORD = "12345", "DJANGO_SUPERUSER_PASSWORD"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the operator type these, one after the other, the last one again and again."""

    def type_(*texts: str) -> None:
        left = list(texts)
        monkeypatch.setattr(
            "getpass.getpass", lambda prompt: left.pop(0) if len(left) > 1 else left[0]
        )

    return type_


def trail() -> list[tuple[str, str, str, str]]:
    found = AuditEntry.objects.order_by("pk")
    return [(one.event, one.object_label, one.actor_id, one.door) for one in found]


def test_no_command_of_djangos_stores_people_past_the_trail() -> None:
    writing = {"changepassword", "createsuperuser"}

    assert {get_commands()[name] for name in writing} == {"syteops.people"}


@pytest.mark.parametrize("active", [True, False])
def test_a_password_is_changed_on_the_record_and_ends_sessions(
    bob: User, typed: Any, active: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    page = signed_in(bob)
    User.objects.update(is_active=active)
    typed(NEW_PASSWORD)

    call_command("changepassword", "bob")

    bob.refresh_from_db()
    assert bob.check_password(NEW_PASSWORD)
    assert bob.is_active is active
    assert ("deactivated" in capsys.readouterr().out) is not active
    assert page.get("/admin/").status_code == 302
    assert trail() == [("person.password_changed", "bob", "changepassword", "command")]
    assert NEW_PASSWORD not in str(AuditEntry.objects.values())


@pytest.mark.parametrize(
    "texts", [(WEAK,), ("bob-password-1", NEW_PASSWORD) * 3], ids=["too weak", "different"]
)
def test_three_times_no_password_that_will_do_changes_nothing(
    bob: User, typed: Any, texts: tuple[str, ...]
) -> None:
    typed(*texts)

    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("changepassword", "bob")

    bob.refresh_from_db()
    assert bob.check_password("bob-password")
    assert trail() == []


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt])
@pytest.mark.parametrize("called", [("changepassword", "bob"), ("createsuperuser",)])
def test_who_gives_up_reads_no_traceback(
    bob: User, monkeypatch: pytest.MonkeyPatch, end: type[BaseException], called: tuple[str, ...]
) -> None:
    def give_up(prompt: str) -> str:
        raise end

    monkeypatch.setattr("getpass.getpass", give_up)
    monkeypatch.setattr("builtins.input", give_up)

    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command(*called)

    assert trail() == []


def test_nobody_is_no_person(db: None, typed: Any) -> None:
    typed(NEW_PASSWORD)

    with pytest.raises(CommandError, match="no user nobody"):
        call_command("changepassword", "nobody")


def test_a_superuser_is_made_on_the_record(
    db: None, typed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {"Username: ": "dora", "E-mail (may be blank): ": ""}
    monkeypatch.setattr("builtins.input", answers.__getitem__)
    typed(WEAK, WEAK, NEW_PASSWORD)

    call_command("createsuperuser")

    dora = User.objects.get()
    assert (dora.username, dora.is_staff, dora.is_superuser) == ("dora", True, True)
    assert dora.check_password(NEW_PASSWORD)
    assert trail() == [("person.created", "dora", "createsuperuser", "command")]


@pytest.mark.parametrize(
    ("username", "email", "password"),
    [
        ("bob", "", NEW_PASSWORD),
        ("B\xd2B", "", NEW_PASSWORD),
        ("", "", NEW_PASSWORD),
        ("a\u202eb", "", NEW_PASSWORD),
        ("dora", "nobody", NEW_PASSWORD),
        ("dora", "", WEAK),
        ("dora", "", ""),
    ],
)
def test_whom_the_rules_refuse_is_not_made(
    bob: User, monkeypatch: pytest.MonkeyPatch, username: str, email: str, password: str
) -> None:
    monkeypatch.setenv(PASSWORD, password)

    with pytest.raises(CommandError):
        call_command("createsuperuser", "--noinput", "--username", username, "--email", email)

    assert User.objects.get() == bob
    assert trail() == []
