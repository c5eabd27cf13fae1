"""People and groups in the admin: each change is recorded, and no password is ever shown."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from manage_api.keys import services
from manage_api.keys.models import ManageKey
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.team.models import TeamMember
from tests.fixtures import signed_in
from tests.people.person_pages import (
    GROUPS,
    NEW_PASSWORD,
    PASSWORD_FORM,
    PEOPLE,
    delete,
    delete_selected,
    save,
    set_password,
)
from tests.samples.team import a_deleted_member, a_member

pytestmark = pytest.mark.django_db


def trail() -> list[tuple[str, str, dict[str, Any]]]:
    found = AuditEntry.objects.filter(object_resource__in=("people", "groups")).order_by("id")
    return [(one.event, one.object_label, one.changes) for one in found]


def test_who_adds_a_person_is_told_of_the_ways_to_sign_in_here(page: Client) -> None:
    html = page.get(f"{PEOPLE}add/").content.decode()
    assert "OpenID Connect alone" in html
    assert "invite them" in html
    assert "LDAP" not in html


def test_a_new_person_is_recorded_without_the_password(page: Client) -> None:
    page.post(f"{PEOPLE}add/", {"username": "dora", **PASSWORD_FORM})
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


def test_a_person_s_page_tells_nothing_of_the_hash_and_ticks_groups(
    page: Client, bob: User
) -> None:
    group = Group.objects.create(name="Writers")
    bob.set_password("canary horse battery")
    bob.save()
    html = page.get(f"{PEOPLE}{bob.pk}/change/").content.decode()
    algorithm, *parts = bob.password.split("$")
    assert "A password is set." in html
    assert algorithm not in html
    assert not [one for one in parts if len(one) > 7 and one[:6] in html]
    ticks = f'<input type="checkbox" name="groups" value="{group.pk}"'
    assert ticks in html
    assert "selector" not in html.partition("<main")[2]


def test_saving_the_same_records_nothing(page: Client, bob: User) -> None:
    assert save(page, bob).status_code == 302
    assert trail() == []


def test_deleting_is_recorded_one_by_one_and_in_bulk(
    page: Client, bob: User, charlie: User
) -> None:
    delete(page, bob)
    delete_selected(page, charlie)
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

    delete(page, charlie)

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
    delete(page, charlie)

    answer = page.post(address, {"first_name": "Eve", "_seen": seen})

    assert b"Others changed this while you had it open" in answer.content
    assert TeamMember.objects.get().first_name == "Ada"


def test_whoever_cannot_be_deleted_keeps_everything(page: Client, alice: User) -> None:
    a_member(user=alice)
    before = AuditEntry.objects.filter(outcome="changed").count()

    assert delete(page, alice).status_code == 403

    assert TeamMember.objects.get().user == alice
    assert AuditEntry.objects.filter(outcome="changed").count() == before


def test_of_very_many_in_a_group_the_page_before_it_goes_names_some(page: Client) -> None:
    group = Group.objects.create(name="Editors")
    people = User.objects.bulk_create(User(username=f"in{n:03}") for n in range(102))
    group.user_set.set(people)

    asked = page.get(f"{GROUPS}{group.pk}/delete/").content.decode()

    assert asked.count("In it: in") == 100
    assert "In it: in099" in asked
    assert "and 2 more" in asked


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
    set_password(page, bob)
    bob.refresh_from_db()
    assert bob.check_password(NEW_PASSWORD)
    event = ("person.password_changed", "bob", {"password": {"before": "set", "after": "replaced"}})
    assert trail() == [event]
    assert bob.password not in page.get(f"{PEOPLE}{bob.pk}/change/").content.decode()
    assert bob.password[-10:] not in page.get(f"{PEOPLE}{bob.pk}/change/").content.decode()


def test_one_s_own_password_too(page: Client, alice: User) -> None:
    words = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
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
    address = f"{PEOPLE}{alice.pk}/password/"
    for answer in (page.get(address), page.post(address, PASSWORD_FORM)):
        assert answer.headers["Location"] == "/admin/password_change/"
    alice.refresh_from_db()
    assert alice.check_password("alice-password")


@pytest.mark.parametrize(
    "text", ["0{}", "00{}", "+{}", "%20{}", "{}%20", "{}%0A", "_{}", "{}.0", "%C2%A0{}"]
)
def test_nor_however_its_address_is_written(page: Client, alice: User, text: str) -> None:
    """Django looks an id up as a number: `02` is the person 2, and no text that equals "2"."""
    address = f"{PEOPLE}{text.format(alice.pk)}/password/"

    for answer in (page.get(address), page.post(address, PASSWORD_FORM)):
        assert answer.status_code == 404 or answer.headers["Location"] == "/admin/password_change/"

    alice.refresh_from_db()
    assert alice.check_password("alice-password")


def test_deactivating_a_sponsor_names_the_keys(page: Client, bob: User) -> None:
    services.create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"], sponsor=bob)
    fields = {"username": "bob", "is_staff": "on", "email": "bob@example.com"}
    shown = page.post(f"{PEOPLE}{bob.pk}/change/", fields, follow=True).content.decode()
    assert "answers for go on working: n8n." in shown
    bob.refresh_from_db()
    assert not bob.is_active


def test_who_may_not_see_keys_learns_no_name_of_one(bob: User, charlie: User) -> None:
    services.create_restricted_key(SYSTEM, name="n8n", scopes=["crm:read"], sponsor=charlie)
    rights = ("view_user", "change_user", "delete_user")
    bob.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    helper, fields = signed_in(bob), {"username": "charlie", "email": charlie.email}

    asked = helper.get(f"{PEOPLE}{charlie.pk}/delete/").content.decode()
    told = helper.post(f"{PEOPLE}{charlie.pk}/change/", fields, follow=True).content.decode()

    for shown in (asked, told):
        assert "answers for go on working. Tell who manages keys." in shown
        assert "n8n" not in shown


def test_the_question_before_deleting_speaks_of_no_tables(page: Client, bob: User) -> None:
    bob.user_permissions.set(Permission.objects.filter(codename="view_crmsystem"))
    html = page.get(f"{PEOPLE}{bob.pk}/delete/").content.decode()
    assert "bob" in html
    assert "relationship" not in html


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
