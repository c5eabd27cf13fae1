from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from PIL import Image
from pytest_django import DjangoAssertNumQueries, Settings

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.roles import services as roles
from syteops.team.models import TeamMember
from tests.fixtures import signed_in
from tests.objects import get_role
from tests.pictures import picture_bytes, upload
from tests.samples.team import a_deleted_member, a_member

LIST = "/admin/team/teammember/"
ADD = f"{LIST}add/"
DELETED = f"{LIST}?state=deleted"


def change(member: TeamMember) -> str:
    return f"{LIST}{member.pk}/change/"


@pytest.fixture
def viewer(bob: User) -> Client:
    """Bob's browser; he may see team members and not change them."""
    bob.user_permissions.set(Permission.objects.filter(codename="view_teammember"))
    return signed_in(bob)


@pytest.fixture(autouse=True)
def _uploads(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def fields(member: TeamMember | None = None, **values: Any) -> dict[str, Any]:
    """What the form sends."""
    names = [
        f.name
        for f in TeamMember._meta.fields
        if f.editable and f.name not in ("id", "profile_picture")
    ]
    kept = {name: getattr(member, name) or "" for name in names} if member else {}
    return {**kept, **values}


def box(system: CrmSystem) -> str:
    """The name of the form's field for the identifier in that system."""
    return f"crm_ids_{system.pk}"


# --- Who may ---


def test_bob_sees_and_cannot_change(viewer: Client) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    member = a_member(notes="Prefers letters.", crm_ids={"001": "H-1"})

    shown = viewer.get(change(member))
    assert shown.status_code == 200
    text = shown.content.decode()
    assert "Prefers letters." in text
    assert "001: H-1" in text
    assert 'name="first_name"' not in text
    assert f'name="{box(system)}"' not in text
    assert viewer.post(change(member), fields(member, first_name="Eve")).status_code == 403
    assert viewer.get(ADD).status_code == 403
    member.refresh_from_db()
    assert member.first_name == "Ada"


def test_bob_cannot_restore(viewer: Client) -> None:
    member = a_deleted_member()

    assert "Restore" not in viewer.get(DELETED).content.decode()
    viewer.post(DELETED, {"action": "restore", "_selected_action": [member.pk]})

    assert TeamMember.objects.count() == 0


def test_charlie_and_strangers_get_nowhere(charlie: User) -> None:
    member = a_member()
    client = Client()
    for _ in range(2):
        assert client.get(change(member)).status_code == 302
        client.force_login(charlie)


# --- The form ---


def test_a_new_member_gets_a_number_and_an_entry(page: Client) -> None:
    answer = page.post(ADD, {"first_name": "Ada", "country": "GB", "time_zone": "Europe/London"})

    assert answer.status_code == 302, answer.context["errors"]
    member = TeamMember.objects.get()
    assert (member.slot, member.country) == ("001", "GB")
    entry = AuditEntry.objects.get(object_resource="users")
    assert (entry.actor_label, entry.door, entry.operation) == ("alice", "admin", "users.create")


@pytest.mark.parametrize(
    ("field", "value"), [("email", "nobody"), ("language", "german"), ("country", "XX")]
)
def test_a_wrong_value_is_shown_and_nothing_is_stored(page: Client, field: str, value: str) -> None:
    member = a_member()

    answer = page.post(change(member), fields(member, nickname="changed", **{field: value}))

    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors
    assert TeamMember.objects.get().nickname == ""


def test_only_what_changed_is_stored_and_recorded(page: Client) -> None:
    member = a_member()
    TeamMember.objects.update(city="Paris")  # somebody else, after the form was opened

    page.post(change(member), fields(member, city="", job_title="CTO"))

    member.refresh_from_db()
    assert member.job_title == "CTO"
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert entry.changes["job_title"] == {"before": "", "after": "CTO"}


def test_saving_without_a_change_records_nothing(page: Client) -> None:
    member = a_member()
    entries = AuditEntry.objects.count()

    assert page.post(change(member), fields(member)).status_code == 302
    assert AuditEntry.objects.count() == entries


def test_a_taken_login_is_refused_beside_the_field(page: Client, alice: User) -> None:
    a_member(user=alice)
    member = a_member()

    answer = page.post(change(member), fields(member, user=alice.pk))

    assert answer.status_code == 200
    assert "001" in answer.context["adminform"].form.errors["user"][0]
    assert TeamMember.objects.filter(user=alice).count() == 1


def test_a_full_site_says_so_in_the_form(page: Client, settings: Settings) -> None:
    settings.MAX_TEAM_MEMBERS = 1
    a_member()

    answer = page.post(ADD, {"first_name": "Grace"})

    assert "There can be 1 team members at most" in answer.content.decode()
    assert TeamMember.objects.count() == 1


def test_there_is_a_box_for_each_crm_system(page: Client) -> None:
    hubspot = crm.create_crm_system(SYSTEM, name="HubSpot")
    zoho = crm.create_crm_system(SYSTEM, name="Zoho")
    member = a_member(crm_ids={"001": "H-1"})

    text = page.get(change(member)).content.decode()
    assert 'value="H-1"' in text
    assert f'name="{box(zoho)}"' in text
    page.post(change(member), fields(member, **{box(hubspot): "", box(zoho): "Z-9"}))

    assert TeamMember.objects.get().crm_ids == {"002": "Z-9"}
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert entry.changes == {"crm_ids": {"before": {"001": "H-1"}, "after": {"002": "Z-9"}}}


def test_a_new_member_can_have_identifiers_at_once(page: Client) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")

    page.post(ADD, {"first_name": "Ada", box(system): "H-1"})

    assert TeamMember.objects.get().crm_ids == {"001": "H-1"}


def test_an_identifier_never_goes_to_another_system_that_has_the_number_by_now(
    page: Client,
) -> None:
    """The form was open while 001 was deleted and given again; it is saved even twice."""
    hubspot = crm.create_crm_system(SYSTEM, name="HubSpot")
    member = a_member(crm_ids={"001": "H-1"})
    opened = page.get(change(member)).context["seen"]
    crm.delete_crm_system(SYSTEM, hubspot)
    crm.create_crm_system(SYSTEM, name="Zoho")  # 001 now
    sent = fields(member, job_title="CTO", **{box(hubspot): "H-1"})

    refused = page.post(change(member), {**sent, "_seen": opened})
    assert "Others changed this while you had it open" in refused.content.decode()
    assert TeamMember.objects.get().job_title == ""
    page.post(change(member), {**sent, "_seen": refused.context["seen"]})

    assert (TeamMember.objects.get().job_title, member.crm_ids) == ("CTO", {})


def test_an_identifier_that_is_too_long_is_shown(page: Client) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    member = a_member()

    answer = page.post(change(member), fields(member, **{box(system): "x" * 201}))

    assert "crm_ids" in answer.context["adminform"].form.errors
    assert TeamMember.objects.get().crm_ids == {}


def test_a_picture_is_uploaded_and_removed(page: Client) -> None:
    member = a_member()

    page.post(change(member), fields(member, profile_picture=upload(picture_bytes())))
    member.refresh_from_db()
    assert page.get(member.profile_picture.url).status_code == 200
    assert member.profile_picture.url in page.get(change(member)).content.decode()

    page.post(change(member), fields(member, **{"profile_picture-clear": "on"}))
    assert not TeamMember.objects.get().profile_picture


def test_a_picture_beyond_the_limit_is_shown_beside_its_field(
    page: Client, settings: Settings
) -> None:
    settings.MAX_PICTURE_BYTES = 10
    member = a_member()

    answer = page.post(change(member), fields(member, profile_picture=upload(picture_bytes())))

    assert "larger than" in answer.context["adminform"].form.errors["profile_picture"][0]


def test_a_picture_is_not_opened_before_its_header_is_read(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened, these 34 bytes take two gigabytes of memory."""
    monkeypatch.setattr(Image, "open", pytest.fail)
    header = b"RIFF\x1a\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xff\xff\x0f\0\0\0\0\0"
    member = a_member()

    answer = page.post(change(member), fields(member, profile_picture=upload(header, "me.webp")))

    assert "million pixels" in answer.context["adminform"].form.errors["profile_picture"][0]


def test_the_roles_are_shown(page: Client) -> None:
    member = a_member()
    roles.assign(SYSTEM, get_role("site_owner"), member)

    assert "Site owner" in page.get(change(member)).content.decode()


# --- The list ---


def test_the_list_shows_live_members_only(page: Client) -> None:
    a_member()
    a_deleted_member(first_name="Charles", last_name="Babbage")

    text = page.get(LIST).content.decode()

    assert "Ada Lovelace" in text
    assert "Babbage" not in text
    assert "Babbage" in page.get(DELETED).content.decode()


def test_a_deleted_member_is_found_by_the_number_it_had(page: Client) -> None:
    a_member(first_name="Grace")
    gone = a_deleted_member(first_name="Charles", last_name="Babbage", city="London")

    for text in ("002", "babbage london"):
        found = page.get(f"{DELETED}&q={text}").context["cl"].queryset
        assert [one.pk for one in found] == [gone.pk]
    assert not page.get(f"{LIST}?q=002").context["cl"].queryset


@pytest.mark.parametrize(
    "query", ["q=lovelace", "q=001", "q=1", "language=en", "country=GB", "role"]
)
def test_search_and_filters(page: Client, query: str) -> None:
    member = a_member(language="en", country="GB")
    a_member(first_name="Grace", last_name="Hopper")
    role = get_role("site_owner")
    roles.assign(SYSTEM, role, member)
    if query == "role":
        query = f"role_assignments__role__id__exact={role.pk}"

    found = page.get(f"{LIST}?{query}").context["cl"].queryset

    assert [one.pk for one in found] == [member.pk]


def test_the_list_costs_the_same_however_long_it_is(
    page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            roles.assign(SYSTEM, get_role("site_owner"), a_member())

    add(1)
    page.get(LIST)
    with django_assert_max_num_queries(30) as first:
        page.get(LIST)
    add(6)
    with django_assert_max_num_queries(len(first)):
        page.get(LIST)


# --- Deleting and restoring ---


def test_deleting_says_which_roles_go_and_frees_the_number(page: Client) -> None:
    member = a_member()
    roles.assign(SYSTEM, get_role("site_owner"), member)

    asked = page.get(f"{LIST}{member.pk}/delete/")
    assert "Roles unassigned: site_owner" in asked.content.decode()
    page.post(f"{LIST}{member.pk}/delete/", {"post": "yes"})

    assert TeamMember.objects.count() == 0
    assert TeamMember.all_objects.get().former_number == 1
    assert get_role("site_owner").assignments.count() == 0


def test_several_are_deleted_through_the_services(page: Client) -> None:
    chosen = [a_member().pk for _ in range(3)][1:]

    page.post(LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})

    assert [one.slot for one in TeamMember.objects.all()] == ["001"]
    assert AuditEntry.objects.filter(event="team_member.deleted").count() == 2


def test_deleted_members_are_restored(page: Client) -> None:
    chosen = [a_deleted_member().pk for _ in range(2)]

    answer = page.post(DELETED, {"action": "restore", "_selected_action": chosen}, follow=True)

    assert "is back under the number 001" in answer.content.decode()
    assert [one.slot for one in TeamMember.objects.all()] == ["001", "002"]
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.event, entry.operation) == ("team_member.restored", "users.restore")


def test_a_refused_restore_restores_none_and_says_why(page: Client, settings: Settings) -> None:
    chosen = [a_deleted_member().pk for _ in range(2)]
    settings.MAX_TEAM_MEMBERS = 1

    answer = page.post(DELETED, {"action": "restore", "_selected_action": chosen}, follow=True)

    assert "There can be 1 team members at most" in answer.content.decode()
    assert TeamMember.objects.count() == 0


@pytest.mark.parametrize(("where", "action"), [(LIST, "restore"), (DELETED, "delete_selected")])
def test_live_members_are_not_restored_nor_deleted_ones_deleted(
    page: Client, where: str, action: str
) -> None:
    chosen = [a_member().pk, a_deleted_member().pk]
    entries = AuditEntry.objects.count()

    page.post(where, {"action": action, "_selected_action": chosen, "post": "yes"})

    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize("query", ["", "?state=deleted"])
def test_a_deleted_member_cannot_be_changed(page: Client, query: str) -> None:
    member = a_deleted_member()

    answer = page.post(change(member) + query, fields(member, first_name="Eve"))

    assert answer.status_code in (302, 403)
    member.refresh_from_db()
    assert member.first_name == "Ada"


def test_other_forms_do_not_offer_deleted_members(page: Client) -> None:
    a_deleted_member(first_name="Charles")

    assert "Charles" not in page.get("/admin/roles/role/add/").content.decode()


def test_a_hostile_crm_name_is_shown_as_text(page: Client) -> None:
    crm.create_crm_system(SYSTEM, name="<script>alert(1)</script>")

    assert "<script>alert(1)" not in page.get(ADD).content.decode()


def test_without_a_crm_system_the_form_says_so(page: Client) -> None:
    assert "There is no CRM system yet." in page.get(ADD).content.decode()
    assert page.post(ADD, {"first_name": "Ada"}).status_code == 302
