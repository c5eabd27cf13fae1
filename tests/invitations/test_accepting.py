"""A link makes one account with what was given, and nothing else makes one."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from syteops.audit.models import AuditEntry, Outcome
from syteops.core.counters import CounterKind, counters
from syteops.invitations import queries, services
from syteops.invitations.models import Invitation, InvitationState
from syteops.people import lockout
from syteops.people.queries import stored_permissions
from tests.fixtures import signed_in
from tests.invitations.invited import PASSWORD, a_group, accept, as_person, give, invited, row
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db
SEES = "crm.view_crmsystem"


@pytest.fixture
def inviter(bob: User) -> User:
    """Sees and changes CRM systems, and may invite; no superuser."""
    give(bob, "invitations.add_invitation", "invitations.view_invitation")
    return User.objects.get(pk=bob.pk)


def people() -> set[str]:
    return {*User.objects.values_list("username", flat=True)}


def refusals() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(outcome=Outcome.REFUSED).order_by("id")
    return [(one.event, one.code) for one in found]


@pytest.mark.parametrize("name", ["first_name", "last_name"])
@pytest.mark.parametrize("text", ["\u202enimda", "Eve\nadmin", "Eve\x0b", "\u2066Eve"])
def test_nobody_gives_himself_a_name_that_shows_another(alice: User, name: str, text: str) -> None:
    answer = accept(invited(alice), **{name: text})
    assert answer.status_code == 400
    assert answer.context["form"].errors.keys() == {name}
    assert people() == {"alice"}


def test_a_name_that_nobody_sees_is_none(alice: User) -> None:
    accept(invited(alice), first_name="\u200b", last_name=" Lovelace ")
    made = User.objects.get(username="dora")
    assert (made.first_name, made.last_name) == ("", "Lovelace")


def test_who_tries_without_end_fills_no_trail_and_keeps_nobody_busy(
    inviter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try has a password hashed, as a sign-in has."""
    monkeypatch.setattr(User, "set_password", lambda user, password: None)
    link = invited(inviter, SEES)
    inviter.user_permissions.clear()

    answers = [accept(link).status_code for _ in range(lockout.MOST_A_MINUTE + 2)]

    assert answers == [*[400] * lockout.MOST_A_MINUTE, 429, 429]
    assert refusals() == [("invitations.refused", "permission_denied")] * 10


# --- Forged and used links -----------------------------------------------------------------


def other(letter: str) -> str:
    return "A" if letter != "A" else "B"


@pytest.mark.parametrize(
    "forge",
    [
        lambda uid, token: (uid, other(token[0]) + token[1:]),  # well formed, wrong
        lambda uid, token: (uid, "A" * 43),
        lambda uid, token: (uid, token[:-1]),
        lambda uid, token: (uid, token + "A"),
        lambda uid, token: (uid, token.swapcase()),
        lambda uid, token: (uid, "%00" + token[1:]),
        lambda uid, token: (uid, "é" * 43),
        lambda uid, token: (uid, "A" * 5000),
        lambda uid, token: ("00000000-0000-4000-8000-000000000000", token),
        lambda uid, token: (uid[:-1], token),
    ],
)
def test_a_forged_link_shows_nothing_and_makes_nobody(alice: User, forge: Any) -> None:
    link = invited(alice, SEES, email="dora@example.com")
    uid, token = link.strip("/").split("/")[-2:]
    forged = "/admin/invitations/invitation/accept/{}/{}/".format(*forge(uid, token))
    for answer in (Client().get(forged), accept(forged)):
        assert answer.status_code in (302, 404)
        assert "dora@example.com" not in answer.content.decode()
        assert "csrfmiddlewaretoken" not in answer.content.decode()
    assert people() == {"alice"}


def test_the_token_of_another_invitation_opens_none(alice: User) -> None:
    one, two = invited(alice, SEES), invited(alice)
    mixed = "/".join([*one.split("/")[:-2], two.split("/")[-2], ""])
    assert accept(mixed).status_code == 404
    assert people() == {"alice"}


def test_neither_token_nor_hash_can_be_read_from_the_database(alice: User) -> None:
    token = invited(alice, SEES).split("/")[-2]
    stored = [str(value) for row in Invitation.objects.values() for value in row.values()]
    told = [str(value) for row in AuditEntry.objects.values() for value in row.values()]
    for text in (token, queries.hash_of(token)):
        assert not [one for one in (*stored, *told) if text in one]


def test_a_verifier_copied_from_another_row_opens_nothing(alice: User) -> None:
    """Whoever can write to the table has no link by that."""
    weak, strong = invited(alice), invited(alice, SEES)
    ids = [link.split("/")[-3] for link in (weak, strong)]
    copied = Invitation.objects.get(uid=ids[0]).verifier
    Invitation.objects.filter(uid=ids[1]).update(verifier=copied)
    mixed = "/".join([*strong.split("/")[:-2], weak.split("/")[-2], ""])
    assert accept(mixed).status_code == 404
    assert people() == {"alice"}


@pytest.mark.parametrize("end", ["used", "expired", "revoked"])
def test_a_link_that_is_over_is_like_one_that_never_was(alice: User, end: str) -> None:
    link = invited(alice, SEES)
    if end == "used":
        assert accept(link, "eve").status_code == 302
    elif end == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        services.delete_invitation(as_person(alice), Invitation.objects.get())
    before = people()
    forged = Client().get(link.replace(link.split("/")[-2], "A" * 43))
    for answer in (Client().get(link), accept(link)):
        assert answer.status_code == 404
        assert "used, revoked, or has expired" in answer.content.decode()
        assert answer.status_code == forged.status_code
    assert people() == before


# --- Two at once ---------------------------------------------------------------------------


def test_whoever_is_slower_with_the_same_link_gets_nothing(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form was sound, and the link open, when the page looked."""
    link = invited(alice, SEES)
    accept_invitation = services.accept_invitation

    def be_slower(*args: Any) -> Any:
        monkeypatch.setattr(services, "accept_invitation", accept_invitation)
        assert accept(link, "first").status_code == 302
        return accept_invitation(*args)

    monkeypatch.setattr(services, "accept_invitation", be_slower)
    assert accept(link, "second").status_code == 404
    assert people() == {"alice", "first"}


@pytest.mark.combination
@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_a_link_at_the_same_time_one_gets_an_account(alice: User) -> None:
    link = invited(alice, SEES)
    together, answers = threading.Barrier(4), []

    def use(name: str) -> None:
        try:
            together.wait(PATIENCE)
            browser = Client(raise_request_exception=False)
            answers.append(accept(link, name, client=browser).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=use, args=(f"racer{n}",)) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)
    assert sorted(answers)[0] == 302
    assert answers.count(302) == 1
    assert len(people()) == 2
    assert AuditEntry.objects.filter(event="invitation.accepted").count() == 1


# --- What the inviter holds ----------------------------------------------------------------


@pytest.mark.parametrize(
    "lost", ["the right", "to invite", "active", "staff", "deleted", "superuser"]
)
def test_an_inviter_who_lost_it_meanwhile_gives_nothing(
    inviter: User, alice: User, lost: str
) -> None:
    link = invited(alice if lost == "superuser" else inviter, SEES)
    if lost == "superuser":
        User.objects.create_superuser("second")
        User.objects.filter(pk=alice.pk).update(is_superuser=False)
    elif lost == "the right":
        inviter.user_permissions.remove(row(SEES))
    elif lost == "to invite":
        inviter.user_permissions.remove(row("invitations.add_invitation"))
    elif lost == "deleted":
        inviter.delete()
    else:
        User.objects.filter(pk=inviter.pk).update(**{f"is_{lost}": False})
    before = people()

    answer = accept(link)

    assert answer.status_code == 400
    shown = answer.content.decode()
    assert "may not give these rights any more" in shown
    assert SEES not in shown
    assert people() == before
    assert refusals() == [("invitations.refused", "permission_denied")]


def test_a_group_that_grew_beyond_the_inviter_is_not_given(inviter: User) -> None:
    group = a_group("CRM", SEES)
    link = invited(inviter, groups=[group])
    group.permissions.add(row("crm.delete_crmsystem"))
    assert accept(link).status_code == 400
    assert "dora" not in people()

    group.permissions.remove(row("crm.delete_crmsystem"))
    assert accept(link).status_code == 302
    assert stored_permissions(User.objects.get(username="dora")) == {SEES}


# --- What is made --------------------------------------------------------------------------


def test_the_invited_chooses_name_and_password_and_signs_in_with_what_was_given(
    inviter: User,
) -> None:
    group = a_group("CRM", SEES)
    link = invited(inviter, "crm.change_crmsystem", groups=[group], email="dora@example.com")
    shown = Client().get(link)
    assert "bob invites you" in shown.content.decode()
    assert shown.content.count(b"<main") == 1
    assert "no-store" in shown.headers["Cache-Control"]
    assert shown.headers["X-Robots-Tag"].startswith("noindex")

    sent = {"first_name": "Dora", "is_superuser": "on", "email": "evil@example.com"}
    answer = accept(link, **sent)

    assert answer.headers["Location"] == "/admin/login/"
    dora = User.objects.get(username="dora")
    assert (dora.is_active, dora.is_staff, dora.is_superuser) == (True, True, False)
    assert (dora.email, dora.first_name) == ("dora@example.com", "Dora")
    assert stored_permissions(dora) == {SEES, "crm.change_crmsystem"}
    browser = Client()
    browser.post("/admin/login/", {"username": "dora", "password": PASSWORD})
    assert browser.get("/admin/crm/crmsystem/").status_code == 200
    assert browser.get("/admin/auth/user/").status_code == 403


def test_it_is_in_the_trail_under_the_new_name(alice: User) -> None:
    accept(invited(alice, SEES))
    found = AuditEntry.objects.order_by("id")
    assert [(one.event, one.actor_label, one.door) for one in found] == [
        ("invitation.created", "alice", "admin"),
        ("person.created", "dora", "public"),
        ("invitation.accepted", "dora", "public"),
    ]
    assert found[1].changes["permissions"] == {"before": None, "after": [SEES]}
    assert PASSWORD not in str([one.changes for one in found])


@pytest.mark.parametrize("taken", ["dora@example.com", "DORA@EXAMPLE.COM"])
def test_an_address_that_got_an_account_meanwhile_makes_no_second_one(
    alice: User, taken: str
) -> None:
    link = invited(alice, SEES, email="dora@example.com")
    User.objects.create_user("other", taken, is_active=False)
    answer = accept(link)
    assert "signs in already" in answer.content.decode()
    assert people() == {"alice", "other"}
    assert refusals() == [("invitations.refused", "conflict")]


def test_nor_does_one_that_is_chosen_freely(alice: User) -> None:
    """Nor one that somebody else is invited under, who would come in as whoever was faster."""
    link = invited(alice, SEES)
    invited(alice, email="eve@example.com")
    for address in ("Alice@example.com", "Eve@example.com"):
        assert accept(link, email=address).status_code == 400
        assert accept(link, username=address).status_code == 400
    assert accept(link, username="ev\xe9@example.com").status_code == 400
    assert people() == {"alice"}


def test_asking_who_there_is_counts_as_signing_in_that_fails(alice: User) -> None:
    """The holder of a link could try names without end: the form says which are taken."""
    link = invited(alice, SEES)
    for _ in range(lockout.MOST_A_MINUTE):
        counters().add(CounterKind.TRIES_OF_ADDRESS, "127.0.0.1", 60)
    counters().take_back(CounterKind.TRIES_OF_ADDRESS, "127.0.0.1", 60)
    assert accept(link, "alice").status_code == 400
    assert accept(link, "bob").status_code == 429


def test_the_own_address_is_a_good_name(alice: User) -> None:
    accept(invited(alice, SEES, email="dora@example.com"), username="Dora@example.com")
    assert people() == {"alice", "Dora@example.com"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "alice"},
        {"username": "ALICE"},
        {"username": "a" * 151},
        {"username": ""},
        {"username": "a b"},
        {"username": "a\x00b"},
        {"password1": "12345678", "password2": "12345678"},
        {"password1": "dora@example.com", "password2": "dora@example.com"},
        {"password2": "another one"},
        {"first_name": "a" * 151},
    ],
)
def test_what_the_rules_refuse_uses_no_link_up(alice: User, wrong: dict[str, str]) -> None:
    link = invited(alice, SEES, email="dora@example.com")
    sent = {"username": "dora", **wrong}
    assert accept(link, **sent).status_code == 400
    assert people() == {"alice"}
    assert accept(link).status_code == 302


def test_a_form_of_another_site_makes_nobody(alice: User) -> None:
    link = invited(alice, SEES)
    assert accept(link, client=Client(enforce_csrf_checks=True)).status_code == 403
    assert people() == {"alice"}


def test_looking_changes_nothing(alice: User, page: Client) -> None:
    link = invited(alice, SEES)
    before = AuditEntry.objects.count()
    for method in ("get", "head"):
        assert getattr(signed_in(alice), method)(link).status_code == 200
    assert Client().put(link).status_code == 405
    assert AuditEntry.objects.count() == before
    assert accept(link).status_code == 302


def test_the_open_invitations_are_those_whose_state_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    ends = [now + timedelta(seconds=one) for one in (-1, 0, 1)]
    made = Invitation.objects.bulk_create(
        Invitation(expires_at=end, accepted_at=accepted) for end in ends for accepted in (None, now)
    )

    assert {one.state for one in made} == set(InvitationState)
    working = {one for one in made if one.state is InvitationState.OPEN}
    assert set(queries.open_invitations()) == working
