"""Changes of roles are undone through their services."""

from typing import Any

import pytest

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.roles import services
from syteops.roles.models import Role
from syteops.team.services import delete_team_member
from tests.fixtures import Api
from tests.objects import get_member, get_role
from tests.samples.roles import a_role
from tests.samples.team import a_member
from tests.undoing import back_and_forth, latest, over_rest, refused, revert


def undo(api: Api, event: str) -> Any:
    """Undo the latest change of that kind."""
    entry = AuditEntry.objects.filter(event=event).first()
    assert entry is not None
    return api.post(f"/audit/{entry.pk}/revert?confirm=true")


def holders(api: Api, slug: str) -> Any:
    return api.get(f"/roles/{slug}").json()["role"]["assigned_users"]


def test_an_update_is_undone(api: Api) -> None:
    a_role(max_count=2, color="#111111")
    api.patch("/roles/editor", {"name": "Author", "constraint_type": "unique", "color": "#222222"})

    assert undo(api, "role.updated").status_code == 200

    role = get_role("editor")
    assert (role.name, role.max_count, role.color) == ("Editor", 2, "#111111")


def test_a_move_is_undone_and_the_undoing_as_well(api: Api) -> None:
    role = get_role("site_owner")
    services.assign(SYSTEM, role, a_member())
    services.assign(SYSTEM, role, a_member())

    assert undo(api, "role.assigned").status_code == 200
    assert holders(api, "site_owner") == ["001"]
    assert undo(api, "role.updated").status_code == 200
    assert holders(api, "site_owner") == ["002"]


def test_an_unassignment_is_undone(api: Api) -> None:
    role, member = a_role(), a_member()
    services.assign(SYSTEM, role, member)
    services.unassign(SYSTEM, role, member)

    assert undo(api, "role.unassigned").status_code == 200
    assert holders(api, "editor") == ["001"]


def test_whoever_got_the_number_of_a_former_holder_does_not_get_the_role(api: Api) -> None:
    services.assign(SYSTEM, a_role(), a_member())
    delete_team_member(SYSTEM, get_member("001"))
    a_member(first_name="Eve")

    refused = undo(api, "role.unassigned")

    assert refused.status_code == 409
    assert "Restore the member first" in refused.json()["detail"]
    assert holders(api, "editor") == []


def test_what_changed_again_since_is_not_undone(api: Api) -> None:
    role = a_role()
    services.assign(SYSTEM, role, a_member())
    entry = AuditEntry.objects.filter(event="role.assigned")[0]
    services.assign(SYSTEM, role, a_member())

    assert api.post(f"/audit/{entry.pk}/revert?confirm=true").status_code == 409
    assert holders(api, "editor") == ["001", "002"]


def test_a_creation_is_undone_by_deleting_and_a_deletion_by_restoring(api: Api) -> None:
    role = a_role(max_count=2, icon="edit")
    assert undo(api, "role.created").status_code == 200
    assert api.get("/roles/editor").status_code == 404

    role = a_role(name="Web Dev", max_count=2, icon="code")
    services.assign(SYSTEM, role, a_member())
    services.update_role(SYSTEM, role, name="Developer")
    services.delete_role(SYSTEM, role)
    assert undo(api, "role.deleted").status_code == 200

    role = get_role("web_dev")
    assert (role.name, role.max_count, role.icon) == ("Developer", 2, "code")
    assert holders(api, "web_dev") == ["001"]
    assert undo(api, "role.deleted").status_code == 409


def test_a_deleted_role_does_not_come_back_beside_its_successor(api: Api) -> None:
    for successor in ({"name": "editor!"}, {"name": "EDITOR"}):
        services.delete_role(SYSTEM, a_role())
        other = a_role(**successor)

        assert undo(api, "role.deleted").status_code == 409
        services.delete_role(SYSTEM, other)


def stored() -> Any:
    """Every custom role as it is stored, with its holders."""
    names = [field.name for field in Role._meta.concrete_fields if field.name != "updated_at"]
    return [
        [*(getattr(one, name) for name in names), one.assigned_users]
        for one in Role.objects.filter(system=False)
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Author", "description": "Writes."},
        {"constraint_type": "max_count", "max_count": 3},
        {"constraint_type": "unlimited", "icon": "edit", "color": "#123456"},
    ],
)
def test_each_update_is_undone_and_redone(api: Api, change: Any) -> None:
    a_role(constraint_type="unique")

    back_and_forth(
        "role.updated", lambda: api.patch("/roles/editor", change), stored, over_rest(api)
    )


def test_a_deleted_role_comes_back_as_the_same_role(api: Api) -> None:
    role = a_role(max_count=2)
    services.update_role(SYSTEM, role, holders=[a_member(), a_member()])

    def change() -> None:
        api.delete("/roles/editor?confirm=true")

    back_and_forth("role.deleted", change, stored, over_rest(api))
    assert get_role("editor").pk == role.pk


@pytest.mark.parametrize("action", ["assign", "unassign"])
def test_each_assignment_is_undone_and_redone(api: Api, action: str) -> None:
    role, first, second = a_role(), a_member(), a_member()
    services.update_role(SYSTEM, role, holders=[first])
    number = {"assign": second.slot, "unassign": first.slot}[action]

    def change() -> None:
        api.post(f"/roles/editor/{action}", {"user_num": number})

    back_and_forth(f"role.{action}ed", change, stored, over_rest(api))


def test_a_deleted_role_does_not_come_back_without_a_holder_who_is_gone(api: Api) -> None:
    services.assign(SYSTEM, a_role(), a_member())
    services.delete_role(SYSTEM, get_role("editor"))
    delete_team_member(SYSTEM, get_member("001"))

    assert "Restore the member first" in refused(api, latest("role.deleted"), stored)["detail"]


def test_a_limit_below_the_holders_does_not_come_back(api: Api) -> None:
    role = a_role(constraint_type="unique")
    api.patch("/roles/editor", {"constraint_type": "unlimited"})
    entry = latest("role.updated")
    services.update_role(SYSTEM, get_role(role.slug), holders=[a_member(), a_member()])

    assert refused(api, entry, stored)["unassign_first"] == 1


def test_a_later_change_of_another_field_stays(api: Api) -> None:
    a_role()
    api.patch("/roles/editor", {"description": "Writes."})
    entry = latest("role.updated")
    api.patch("/roles/editor", {"icon": "edit"})
    services.assign(SYSTEM, get_role("editor"), a_member())

    assert revert(api, entry).status_code == 200

    role = get_role("editor")
    assert (role.description, role.icon, role.assigned_users) == ("", "edit", ["001"])
    api.patch("/roles/editor", {"description": "Reads."})
    assert refused(api, entry, stored)["fields"] == ["description"]
