"""People and groups in the admin: audited, and no way up for those who may change people."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from manage_api.keys import services
from manage_api.keys.models import ManageKey
from manage_api.keys.services import create_restricted_key
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.team.models import TeamMember
from tests.samples.team import a_deleted_member, a_member

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/auth/user/"
GROUPS = "/admin/auth/group/"


@pytest.fixture
def page(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def helper(db: None) -> Client:
    """Staff who may do everything with people and groups, and is no superuser."""
    user = User.objects.create_user("helper", password="helper-password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    client = Client()
    client.force_login(user)
    return client


def form_of(user: User, **changed: Any) -> dict[str, Any]:
    """What the form of this person sends, with some fields changed; None leaves one out."""
    values = {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_active": user.is_active and "on",
        "is_staff": user.is_staff and "on",
        "is_superuser": user.is_superuser and "on",
        "user_permissions": [one.pk for one in user.user_permissions.all()],
        "groups": [one.pk for one in user.groups.all()],
        **changed,
    }
    return {name: value for name, value in values.items() if value not in (None, False)}


def save(client: Client, user: User, **changed: Any) -> Any:
    return client.post(f"{PEOPLE}{user.pk}/change/", form_of(user, **changed))


def trail() -> list[tuple[str, str, dict[str, Any]]]:
    found = AuditEntry.objects.filter(object_resource__in=("people", "groups")).order_by("id")
    return [(one.event, one.object_label, one.changes) for one in found]


# --- Recorded ------------------------------------------------------------------------------


def test_a_new_person_is_recorded_without_the_password(page: Client) -> None:
    given = {"username": "dora", "usable_password": "true"}
    words = {"password1": "canary horse battery", "password2": "canary horse battery"}
    page.post(f"{PEOPLE}add/", given | words)
    assert User.objects.filter(username="dora").exists()
    assert trail() == [
        (
            "person.created",
            "dora",
            {
                "username": {"before": None, "after": "dora"},
                "is_active": {"before": None, "after": True},
            },
        )
    ]


def test_changes_are_recorded_before_and_after_with_groups_and_permissions(
    page: Client, bob: User
) -> None:
    group = Group.objects.create(name="Editors")
    permission = Permission.objects.get(codename="view_crmsystem")
    save(page, bob, email="new@example.com", groups=[group.pk], user_permissions=[permission.pk])
    event, label, changes = trail()[0]
    assert (event, label) == ("person.updated", "bob")
    assert changes == {
        "email": {"before": "bob@example.com", "after": "new@example.com"},
        "groups": {"before": [], "after": ["Editors"]},
        "permissions": {
            "before": ["crm.change_crmsystem", "crm.view_crmsystem"],
            "after": ["crm.view_crmsystem"],
        },
    }


def test_saving_the_same_records_nothing(page: Client, bob: User) -> None:
    assert save(page, bob).status_code == 302
    assert trail() == []


def test_deleting_is_recorded_one_by_one_and_in_bulk(
    page: Client, bob: User, charlie: User
) -> None:
    page.post(f"{PEOPLE}{bob.pk}/delete/", {"post": "yes"})
    page.post(PEOPLE, {"action": "delete_selected", "_selected_action": charlie.pk, "post": "yes"})
    assert [(event, label) for event, label, _ in trail()] == [
        ("person.deleted", "bob"),
        ("person.deleted", "charlie"),
    ]
    assert not User.objects.filter(username__in=("bob", "charlie")).exists()


def test_a_deleted_login_is_let_go_in_the_history_of_whatever_named_it(
    page: Client, charlie: User
) -> None:
    services.create_restricted_key(SYSTEM, name="CI", scopes=["crm:read"], sponsor=charlie)
    deleted, live = a_deleted_member(user=charlie), a_member(user=charlie)
    before = AuditEntry.objects.latest("id").pk

    page.post(f"{PEOPLE}{charlie.pk}/delete/", {"post": "yes"})

    made = AuditEntry.objects.filter(pk__gt=before).order_by("id")
    told = {(one.event, one.object_pk): one for one in made}
    key = ManageKey.objects.get(name="CI")
    assert set(told) == {
        ("team_member.updated", str(deleted.pk)),
        ("team_member.updated", str(live.pk)),
        ("key.updated", str(key.pk)),
        ("person.deleted", ""),
    }
    for (event, pk), name in (
        (("team_member.updated", str(live.pk)), "user"),
        (("team_member.updated", str(deleted.pk)), "user"),
        (("key.updated", str(key.pk)), "sponsor"),
    ):
        entry = told[event, pk]
        assert entry.changes[name] == {"before": "charlie", "after": None}
        assert (entry.actor_label, entry.operation) == ("alice", "people.delete")
    assert key.sponsor is None
    assert TeamMember.all_objects.filter(user=None).count() == 2


def test_an_open_form_of_the_member_learns_that_the_login_was_deleted(
    page: Client, charlie: User
) -> None:
    member = a_member(user=charlie)
    address = f"/admin/team/teammember/{member.pk}/change/"
    seen = page.get(address).context["seen"]
    page.post(f"{PEOPLE}{charlie.pk}/delete/", {"post": "yes"})

    answer = page.post(address, {"first_name": "Eve", "_seen": seen})

    assert b"Changed while you had this open" in answer.content
    assert TeamMember.objects.get().first_name == "Ada"


def test_whoever_cannot_be_deleted_keeps_everything(page: Client, alice: User) -> None:
    a_member(user=alice)
    before = AuditEntry.objects.filter(outcome="changed").count()

    assert page.post(f"{PEOPLE}{alice.pk}/delete/", {"post": "yes"}).status_code == 403

    assert TeamMember.objects.get().user == alice
    assert AuditEntry.objects.filter(outcome="changed").count() == before


def test_a_deleted_group_is_a_change_of_everybody_in_it(
    page: Client, bob: User, charlie: User
) -> None:
    group, other = (Group.objects.create(name=name) for name in ("Editors", "Writers"))
    bob.groups.set([group, other])
    charlie.groups.set([group])

    chosen = {"action": "delete_selected", "_selected_action": group.pk, "post": "yes"}
    page.post(GROUPS, chosen)

    assert trail()[1:] == [
        (
            "person.updated",
            "bob",
            {"groups": {"before": ["Editors", "Writers"], "after": ["Writers"]}},
        ),
        ("person.updated", "charlie", {"groups": {"before": ["Editors"], "after": []}}),
    ]
    assert trail()[0][0] == "group.deleted"
    assert "Editors" in page.get(f"{PEOPLE}{bob.pk}/history/").content.decode()


def test_a_new_password_is_recorded_but_never_shown(page: Client, bob: User) -> None:
    words = {"password1": "canary horse battery", "password2": "canary horse battery"}
    page.post(f"{PEOPLE}{bob.pk}/password/", {**words, "usable_password": "true"})
    bob.refresh_from_db()
    assert bob.check_password("canary horse battery")
    event = ("person.password_changed", "bob", {"password": {"before": "set", "after": "replaced"}})
    assert trail() == [event]
    assert bob.password not in page.get(f"{PEOPLE}{bob.pk}/change/").content.decode()
    assert bob.password[-10:] not in page.get(f"{PEOPLE}{bob.pk}/change/").content.decode()


def test_one_s_own_password_too(page: Client, alice: User) -> None:
    words = {"new_password1": "canary horse battery", "new_password2": "canary horse battery"}
    address = "/admin/password_change/"
    refused = page.post(address, {"old_password": "wrong", **words})
    assert "This is not your password." in refused.content.decode()
    failed = AuditEntry.objects.get(event="person.sign_in_failed")
    assert (failed.object_label, failed.actor_label) == ("alice", "alice")
    AuditEntry.objects.all().delete()
    assert page.post(address, {"old_password": "alice-password", **words}).status_code == 302
    assert [(event, label) for event, label, _ in trail()] == [("person.password_changed", "alice")]
    assert AuditEntry.objects.latest("id").actor_label == "alice"


def test_a_session_alone_does_not_change_its_own_password(page: Client, alice: User) -> None:
    """The page for other people's passwords asks for no old one."""
    address = f"/admin/auth/user/{alice.pk}/password/"
    words = {"password1": "canary horse battery", "password2": "canary horse battery"}
    for answer in (page.get(address), page.post(address, {**words, "usable_password": "true"})):
        assert answer.headers["Location"] == "/admin/password_change/"
    alice.refresh_from_db()
    assert alice.check_password("alice-password")


@pytest.mark.parametrize(
    "text", ["0{}", "00{}", "+{}", "%20{}", "{}%20", "{}%0A", "_{}", "{}.0", "%C2%A0{}"]
)
def test_nor_however_its_address_is_written(page: Client, alice: User, text: str) -> None:
    """Django looks an id up as a number: `02` is the person 2, and no text that equals "2"."""
    address = f"{PEOPLE}{text.format(alice.pk)}/password/"
    words = {"password1": "canary horse battery", "password2": "canary horse battery"}

    for answer in (page.get(address), page.post(address, {**words, "usable_password": "true"})):
        assert answer.status_code == 404 or answer.headers["Location"] == "/admin/password_change/"

    alice.refresh_from_db()
    assert alice.check_password("alice-password")


def test_a_reactivated_superuser_is_a_superuser_s_work(helper: Client, alice: User) -> None:
    gone = User.objects.create_superuser("gone", is_active=False)
    words = {"password1": "canary horse battery", "password2": "canary horse battery"}

    for sent in (
        save(helper, gone, is_active="on"),
        helper.post(f"{PEOPLE}{gone.pk}/password/", {**words, "usable_password": "true"}),
        helper.post(f"{PEOPLE}{gone.pk}/delete/", {"post": "yes"}),
    ):
        assert sent.status_code == 403

    kept = User.objects.get(pk=gone.pk)
    assert not kept.is_active
    assert not kept.has_usable_password()


def test_deactivating_a_sponsor_names_the_keys(page: Client, bob: User) -> None:
    create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"], sponsor=bob)
    fields = {"username": "bob", "is_staff": "on", "email": "bob@example.com"}
    shown = page.post(f"/admin/auth/user/{bob.pk}/change/", fields, follow=True).content.decode()
    assert "answers for go on working: n8n." in shown
    bob.refresh_from_db()
    assert not bob.is_active


def test_groups_are_recorded(page: Client) -> None:
    permission = Permission.objects.get(codename="view_crmsystem")
    page.post(f"{GROUPS}add/", {"name": "Editors", "permissions": [permission.pk]})
    group = Group.objects.get()
    page.post(f"{GROUPS}{group.pk}/change/", {"name": "Writers"})
    page.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})
    assert [event for event, _, _ in trail()] == ["group.created", "group.updated", "group.deleted"]
    assert trail()[1][2] == {
        "name": {"before": "Editors", "after": "Writers"},
        "permissions": {"before": ["crm.view_crmsystem"], "after": []},
    }


def test_the_history_shows_it(page: Client, bob: User) -> None:
    save(page, bob, email="new@example.com")
    text = page.get(f"{PEOPLE}{bob.pk}/history/").content.decode()
    assert "new@example.com" in text


# --- No way up -----------------------------------------------------------------------------


def test_helpers_change_names_but_give_no_rights(helper: Client, charlie: User) -> None:
    group = Group.objects.create(name="Editors")
    every = list(Permission.objects.values_list("pk", flat=True))
    rights = {"is_staff": "on", "is_superuser": "on", "groups": [group.pk]}
    save(helper, charlie, first_name="Charles", user_permissions=every, **rights)
    charlie.refresh_from_db()
    assert charlie.first_name == "Charles"
    assert not charlie.is_staff
    assert not charlie.is_superuser
    assert not charlie.groups.exists()
    assert not charlie.user_permissions.exists()


def test_helpers_do_not_raise_themselves(helper: Client) -> None:
    me = User.objects.get(username="helper")
    save(helper, me, is_superuser="on")
    me.refresh_from_db()
    assert not me.is_superuser


@pytest.mark.parametrize("above", ["alice", "bob"])
def test_whoever_may_do_more_is_out_of_a_helper_s_reach(
    helper: Client, alice: User, bob: User, above: str
) -> None:
    person = User.objects.get(username=above)
    before = User.objects.filter(pk=person.pk).values().get()
    words = {"password1": "canary horse battery", "password2": "canary horse battery"}
    address = f"{PEOPLE}{person.pk}"
    sent = [
        helper.post(f"{address}/password/", {**words, "usable_password": "true"}),
        save(helper, person, email="mine@example.com"),
        helper.post(f"{address}/delete/", {"post": "yes"}),
    ]
    assert [one.status_code for one in sent] == [403, 403, 403]
    chosen = {"action": "delete_selected", "_selected_action": person.pk, "post": "yes"}
    helper.post(PEOPLE, chosen)
    assert User.objects.filter(pk=person.pk).values().get() == before


@pytest.mark.parametrize("above", ["alice", "bob"])
def test_nor_does_anybody_come_within_reach_by_being_inactive(
    helper: Client, alice: User, bob: User, above: str
) -> None:
    """Django says that the inactive have no rights; with a new password and a tick they have."""
    person = User.objects.get(username=above)
    User.objects.filter(pk=person.pk).update(is_active=False)
    test_whoever_may_do_more_is_out_of_a_helper_s_reach(helper, alice, bob, above)


def test_nor_does_somebody_whose_rights_come_from_a_group(helper: Client, charlie: User) -> None:
    editors = Group.objects.create(name="Editors")
    editors.permissions.add(Permission.objects.get(codename="view_crmsystem"))
    charlie.groups.add(editors)

    for is_active in (True, False):
        User.objects.filter(pk=charlie.pk).update(is_active=is_active)
        assert save(helper, charlie, email="mine@example.com").status_code == 403
        assert helper.post(f"{PEOPLE}{charlie.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.get(pk=charlie.pk).email == "charlie@example.com"


def test_whoever_may_do_no_more_is_a_helper_s_business_active_or_not(
    helper: Client, charlie: User
) -> None:
    charlie.user_permissions.add(Permission.objects.get(codename="view_user"))

    for is_active in (True, False):
        User.objects.filter(pk=charlie.pk).update(is_active=is_active)
        assert save(helper, charlie, email=f"{is_active}@example.com").status_code == 302
        assert User.objects.get(pk=charlie.pk).email == f"{is_active}@example.com"
    assert helper.post(f"{PEOPLE}{charlie.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=charlie.pk).exists()


def test_one_forbidden_person_among_many_keeps_all_of_them(
    helper: Client, bob: User, charlie: User
) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [charlie.pk, bob.pk], "post": "yes"}

    assert helper.post(PEOPLE, chosen).status_code == 403

    assert User.objects.filter(pk__in=(bob.pk, charlie.pk)).count() == 2
    assert not [event for event, _, _ in trail() if event == "person.deleted"]


def test_helpers_make_no_superuser_of_a_new_person(helper: Client) -> None:
    words = {"password1": "canary horse battery", "password2": "canary horse battery"}
    rights = {"is_staff": "on", "is_superuser": "on"}

    helper.post(f"{PEOPLE}add/", {"username": "dora", "usable_password": "true", **words, **rights})

    made = User.objects.get(username="dora")
    assert (made.is_staff, made.is_superuser) == (False, False)


def test_helpers_change_no_groups(helper: Client) -> None:
    group = Group.objects.create(name="Editors")
    every = list(Permission.objects.values_list("pk", flat=True))
    sent = [
        helper.post(f"{GROUPS}add/", {"name": "Mine", "permissions": every}),
        helper.post(f"{GROUPS}{group.pk}/change/", {"name": "Mine", "permissions": every}),
        helper.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}),
    ]
    assert [one.status_code for one in sent] == [403, 403, 403]
    assert list(Group.objects.values_list("name", flat=True)) == ["Editors"]


def test_bob_sees_no_people(bob: User) -> None:
    client = Client()
    client.force_login(bob)
    for address in (PEOPLE, GROUPS, f"{PEOPLE}{bob.pk}/change/"):
        assert client.get(address).status_code == 403


# --- The last superuser --------------------------------------------------------------------


@pytest.mark.parametrize("taken", ["is_superuser", "is_active", "is_staff"])
def test_the_only_superuser_stays_one(page: Client, alice: User, taken: str) -> None:
    response = save(page, alice, **{taken: None})
    assert b"this is the only one" in response.content
    alice.refresh_from_db()
    assert alice.is_superuser
    assert alice.is_active
    assert alice.is_staff
    assert page.post(f"{PEOPLE}{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    page.post(PEOPLE, {"action": "delete_selected", "_selected_action": alice.pk, "post": "yes"})
    assert User.objects.filter(pk=alice.pk).exists()


def test_with_another_one_they_may_step_down(page: Client, alice: User) -> None:
    User.objects.create_superuser("second")
    assert save(page, alice, is_superuser=None).status_code == 302
    alice.refresh_from_db()
    assert not alice.is_superuser


@pytest.mark.parametrize("lacking", ["is_active", "is_staff"])
def test_a_second_one_who_cannot_sign_in_to_the_admin_does_not_count(
    page: Client, alice: User, lacking: str
) -> None:
    second = User.objects.create_superuser("second")
    User.objects.filter(pk=second.pk).update(**{lacking: False})

    for taken in ("is_superuser", "is_active", "is_staff"):
        assert b"this is the only one" in save(page, alice, **{taken: None}).content
    assert page.post(f"{PEOPLE}{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    alice.refresh_from_db()
    assert (alice.is_superuser, alice.is_active, alice.is_staff) == (True, True, True)


def test_all_superusers_are_not_deleted_at_once(page: Client, alice: User) -> None:
    """Looked at one by one, neither of two is the only one."""
    second = User.objects.create_superuser("second")
    pks = [alice.pk, second.pk]

    page.post(PEOPLE, {"action": "delete_selected", "_selected_action": pks, "post": "yes"})

    kept = User.objects.filter(is_superuser=True, is_active=True, is_staff=True)
    assert kept.count() >= 1
    deleted = [label for event, label, _ in trail() if event == "person.deleted"]
    assert len(deleted) == 2 - kept.count()


def test_a_superuser_who_is_no_longer_one_anyway_may_be_deleted(page: Client) -> None:
    gone = User.objects.create_superuser("gone", is_active=False)

    assert page.post(f"{PEOPLE}{gone.pk}/delete/", {"post": "yes"}).status_code == 302

    assert not User.objects.filter(pk=gone.pk).exists()
