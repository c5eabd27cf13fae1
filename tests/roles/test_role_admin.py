import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.lib.colours import Colour, contrast
from syteops.roles import services
from syteops.roles.models import Role, RoleAssignment
from tests.fixtures import signed_in
from tests.objects import get_role
from tests.samples.roles import a_role
from tests.samples.team import a_member

LIST = "/admin/roles/role/"
ADD = f"{LIST}add/"


def change(role: Role) -> str:
    return f"{LIST}{role.pk}/change/"


@pytest.fixture
def viewer(bob: User) -> Client:
    """Bob's browser; he may see roles and not change them."""
    bob.user_permissions.set(Permission.objects.filter(codename="view_role"))
    return signed_in(bob)


def fields(role: Role | None = None, **values: Any) -> dict[str, Any]:
    """What the form sends."""
    kept: dict[str, Any] = {"name": "Writer", "color": "#64748b", "constraint_type": "unlimited"}
    if role:
        names = ("name", "description", "icon", "color", "constraint_type", "max_count")
        kept = {name: getattr(role, name) or "" for name in names}
        kept["holders"] = [one.member_id for one in role.assignments.all()]
    return {**kept, **values}


def holders(slug: str) -> list[str]:
    return get_role(slug).assigned_users


@pytest.mark.parametrize("color", ["#1d4ed8", "#ffff00", "#000000", "#ffffff", "#767676"])
def test_an_icon_can_be_seen_on_its_colour_whatever_the_theme(page: Client, color: str) -> None:
    a_role(color=color)
    html = page.get(LIST).content.decode()
    ink = re.search(rf"background:{color};color:(#[0-9a-f]{{6}})", html)
    assert ink
    assert contrast(Colour.of(ink[1]), Colour.of(color)) >= 4.5


# --- Who may ---


def test_bob_sees_and_cannot_change(viewer: Client) -> None:
    role = a_role()
    services.assign(SYSTEM, role, a_member())

    shown = viewer.get(change(role))
    assert shown.status_code == 200
    assert "Ada Lovelace" in shown.content.decode()
    assert 'name="holders"' not in shown.content.decode()
    assert viewer.post(change(role), fields(role, name="Mine", holders=[])).status_code == 403
    assert viewer.get(ADD).status_code == 403
    delete = {"action": "delete_selected", "_selected_action": [role.pk], "post": "yes"}
    viewer.post(LIST, delete)
    assert get_role("editor").name == "Editor"
    assert holders("editor") == ["001"]


# --- The form ---


def test_a_new_role_with_holders(page: Client) -> None:
    chosen = [a_member().pk, a_member().pk]

    answer = page.post(ADD, fields(max_count=2, constraint_type="max_count", holders=chosen))

    assert answer.status_code == 302, answer.context["errors"]
    assert (get_role("writer").max_count, holders("writer")) == (2, ["001", "002"])
    assigned, created = AuditEntry.objects.filter(object_resource="roles")
    assert (created.event, created.door) == ("role.created", "admin")
    assert (assigned.event, assigned.operation) == ("role.assigned", "roles.create")


def test_a_new_role_with_too_many_holders_is_refused(page: Client) -> None:
    chosen = [a_member().pk, a_member().pk]

    answer = page.post(ADD, fields(constraint_type="unique", holders=chosen))

    assert "Writer takes 1 at most, not 2." in answer.content.decode()
    assert Role.objects.count() == 3


def test_values_and_holders_change_at_once_as_one_entry(page: Client) -> None:
    role, holder, other = a_role(), a_member(), a_member()
    services.assign(SYSTEM, role, holder)

    page.post(change(role), fields(role, icon="edit", holders=[other.pk]))

    assert (get_role("editor").icon, holders("editor")) == ("edit", ["002"])
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert entry.changes == {
        "icon": {"before": "", "after": "edit"},
        "assigned_users": {"before": ["001"], "after": ["002"]},
        "assigned_ids": {"before": [holder.pk], "after": [other.pk]},
    }


def test_the_limit_may_fall_together_with_the_holders(page: Client) -> None:
    role = a_role()
    members = [a_member() for _ in range(3)]
    for member in members:
        services.assign(SYSTEM, role, member)
    lowered = {"constraint_type": "max_count", "max_count": 2}

    refused = page.post(change(role), fields(role, **lowered))
    assert "unassign 1 of them first" in refused.content.decode()
    assert get_role("editor").constraint_type == "unlimited"

    page.post(change(role), fields(role, **lowered, holders=[members[0].pk, members[2].pk]))
    assert (get_role("editor").max_count, holders("editor")) == (2, ["001", "003"])


def test_more_holders_than_the_limit_are_refused(page: Client) -> None:
    role = a_role(constraint_type="unique")
    chosen = [a_member().pk, a_member().pk]

    answer = page.post(change(role), fields(role, holders=chosen))

    assert "Editor takes 1 at most, not 2." in answer.content.decode()
    assert holders("editor") == []


def test_a_limit_left_over_from_another_constraint_is_dropped(page: Client) -> None:
    role = a_role(max_count=3)

    page.post(change(role), fields(role, constraint_type="unlimited"))

    assert (get_role("editor").constraint_type, get_role("editor").max_count) == ("unlimited", None)


def test_a_constraint_without_its_limit_is_refused(page: Client) -> None:
    role = a_role()

    answer = page.post(change(role), fields(role, constraint_type="max_count"))

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert get_role("editor").constraint_type == "unlimited"


@pytest.mark.parametrize("name", ["site owner", "WRITER"])
def test_a_taken_name_is_refused(page: Client, name: str) -> None:
    a_role(name="Writer")
    role = a_role()

    answer = page.post(change(role), fields(role, name=name))

    assert answer.status_code == 200
    assert get_role("editor").name == "Editor"


def test_saving_without_a_change_records_nothing(page: Client) -> None:
    role = a_role(max_count=2)
    services.assign(SYSTEM, role, a_member())
    entries = AuditEntry.objects.count()

    assert page.post(change(role), fields(role)).status_code == 302
    assert AuditEntry.objects.count() == entries


# --- System roles ---


def test_name_and_constraint_of_a_system_role_cannot_be_changed(page: Client) -> None:
    role = get_role("site_owner")

    page.post(change(role), fields(role, name="Boss", constraint_type="unlimited", icon="star"))

    role = get_role("site_owner")
    assert (role.name, role.constraint_type, role.icon) == ("Site owner", "unique", "star")


def test_the_holder_of_a_system_role_is_replaced(page: Client) -> None:
    role = get_role("site_owner")
    services.assign(SYSTEM, role, a_member())

    page.post(change(role), fields(role, holders=[a_member().pk]))

    assert holders("site_owner") == ["002"]


def test_system_roles_are_not_offered_for_deletion(page: Client) -> None:
    role = get_role("site_owner")

    assert page.post(f"{LIST}{role.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Role.objects.count() == 3


def test_deleting_several_with_a_system_role_deletes_none_and_says_why(page: Client) -> None:
    chosen = [a_role().pk, get_role("site_owner").pk]

    answer = page.post(
        LIST,
        {"action": "delete_selected", "_selected_action": chosen, "post": "yes"},
        follow=True,
    )

    assert "Site owner is a system role: it cannot be deleted." in answer.content.decode()
    assert Role.objects.count() == 4


# --- The list ---


def test_deleting_names_the_holders_and_unassigns_them(page: Client) -> None:
    role = a_role()
    services.assign(SYSTEM, role, a_member())

    asked = page.get(f"{LIST}{role.pk}/delete/")
    assert "Holders: 001 Ada Lovelace" in asked.content.decode()
    page.post(f"{LIST}{role.pk}/delete/", {"post": "yes"})

    assert (Role.objects.count(), RoleAssignment.objects.count()) == (3, 0)
    assert AuditEntry.objects.all()[0].event == "role.deleted"


def test_the_list_shows_holders_and_costs_the_same_however_long_it_is(
    page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def add(count: int) -> None:
        for number in range(count):
            services.assign(SYSTEM, a_role(name=f"Role {count} {number}"), a_member())

    add(1)
    page.get(LIST)
    with django_assert_max_num_queries(30) as first:
        assert "Ada Lovelace" in page.get(LIST).content.decode()
    add(6)
    with django_assert_max_num_queries(len(first)):
        page.get(LIST)


def test_a_hostile_name_is_shown_as_text(page: Client) -> None:
    a_role(name="<script>alert(1)</script>")

    assert "<script>alert(1)" not in page.get(LIST).content.decode()


def test_a_search_reads_no_holders_of_each_role(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read all of them anew for each word: ten words took 17 s with 100,000 of them."""
    role = a_role(name="Writer")
    for name in ("Lovelace", "Grace"):
        services.assign(SYSTEM, role, a_member(first_name="Ada", last_name=name))
    shown = page.get(f"{LIST}?q=lovelace, grace").content.decode()
    assert ("Writer" in shown, "Site owner" in shown) == (True, False)

    monkeypatch.setattr(Role, "holders", property(lambda role: 1 / 0))
    assert page.get(f"{LIST}?q=a+b+nobody").status_code == 200
