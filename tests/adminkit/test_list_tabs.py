"""Quick filters: a tab for each value of the first filter that has few, with how many there are."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from notes import services as notes
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.fixtures import signed_in
from tests.samples.crm import a_system
from tests.samples.team import a_deleted_member, a_member

pytestmark = pytest.mark.django_db
MEMBERS = "/admin/team/teammember/"
SYSTEMS = "/admin/crm/crmsystem/"


def tabs(client: Client, address: str) -> list[tuple[str, int | None, bool]]:
    shown: Any = client.get(address)
    return [(str(t["label"]), t["count"], t["is_chosen"]) for t in shown.context["tabs"]]


def test_deleted_ones_are_a_tab_away(alice: User) -> None:
    a_member()
    a_deleted_member()
    client = signed_in(alice)

    assert tabs(client, MEMBERS) == [("All", None, True), ("Deleted", 1, False)]
    assert tabs(client, f"{MEMBERS}?state=deleted") == [("All", None, False), ("Deleted", 1, True)]
    page = client.get(f"{MEMBERS}?state=deleted&q=ada&p=0").content.decode()
    assert 'href="?q=ada"' in page


def test_a_column_with_choices_has_a_tab_for_each(alice: User) -> None:
    for status in ("draft", "draft", "published"):
        notes.create_note(SYSTEM, title="A", content="", status=status)

    found = tabs(signed_in(alice), "/admin/notes/note/?status__exact=draft")

    assert found == [
        ("All", None, False),
        ("Draft", 2, True),
        ("Published", 1, False),
        ("Archived", 0, False),
    ]


def test_a_deleted_one_is_restored_with_one_click(alice: User) -> None:
    member = a_deleted_member(first_name="Zoe", last_name="")
    client = signed_in(alice)
    listed = client.get(f"{MEMBERS}?state=deleted").content.decode()
    where = f"{MEMBERS}{member.pk}/restore/"
    assert f'formaction="{where}"' in listed
    assert "Restore" not in client.get(MEMBERS).content.decode()

    assert client.get(where).status_code == 302
    assert not TeamMember.objects.exists()
    done: Any = client.post(where, follow=True)

    [told] = done.context["messages"]
    assert str(told).startswith("Zoe is back under the number 001.")
    assert TeamMember.objects.get().pk == member.pk
    entry = AuditEntry.objects.latest("pk")
    assert (entry.event, entry.operation) == ("team_member.restored", "users.restore")
    again: Any = client.post(where, follow=True)
    assert "is not deleted" in str(next(iter(again.context["messages"])))


def test_whoever_may_not_change_members_restores_none(bob: User) -> None:
    member = a_deleted_member()
    bob.user_permissions.add(Permission.objects.get(codename="view_teammember"))
    client = signed_in(bob)

    assert client.post(f"{MEMBERS}{member.pk}/restore/").status_code == 403
    assert "formaction" not in client.get(f"{MEMBERS}?state=deleted").content.decode()
    assert not TeamMember.objects.exists()


def test_a_neutral_no_is_a_grey_dash_that_is_also_told(alice: User) -> None:
    a_system()

    page = signed_in(alice).get("/admin/crm/crmsystem/").content.decode()

    assert 'title="No"' in page
    assert "close_small" not in page


def test_the_list_of_the_team_shows_faces_or_initials(alice: User) -> None:
    a_member(first_name="Ada", last_name="Lovelace")

    page = signed_in(alice).get(MEMBERS).content.decode()

    assert "AL" in page.split("Ada Lovelace")[0][-900:]


def test_a_deleted_crm_system_is_restored_with_what_members_are_there(alice: User) -> None:
    system = a_system()
    member = team.create_team_member(SYSTEM, first_name="Ada", crm_ids={system.slot: "ada-1"})
    client = signed_in(alice)
    crm.delete_crm_system(SYSTEM, system)
    assert tabs(client, SYSTEMS) == [("All", None, True), ("Deleted", 1, False)]
    where = f"{SYSTEMS}{system.pk}/restore/"
    assert f'formaction="{where}"' in client.get(f"{SYSTEMS}?state=deleted").content.decode()

    assert client.get(where).status_code == 302
    assert not CrmSystem.objects.exists()
    done: Any = client.post(where, follow=True)

    [told] = done.context["messages"]
    assert str(told).startswith("HubSpot is back under the number 001.")
    assert TeamMember.objects.get(pk=member.pk).crm_ids == {"001": "ada-1"}


def test_whoever_may_not_undo_a_deletion_restores_no_crm_system(bob: User) -> None:
    system = a_system()
    crm.delete_crm_system(SYSTEM, system)
    names = ("view_crmsystem", "change_crmsystem", "add_crmsystem")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = signed_in(bob)

    assert client.post(f"{SYSTEMS}{system.pk}/restore/").status_code == 403
    assert "formaction" not in client.get(f"{SYSTEMS}?state=deleted").content.decode()
    assert not CrmSystem.objects.exists()
