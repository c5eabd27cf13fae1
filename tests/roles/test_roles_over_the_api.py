from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import LimitReached
from syteops.roles import services
from syteops.roles.models import Role
from tests.each import each
from tests.fixtures import Api
from tests.objects import get_role
from tests.samples.roles import a_role
from tests.samples.team import a_member


@each(
    ("field", "value", "code"),
    [
        ("name", "", "required"),
        ("name", "  ", "required"),
        ("name", "x" * 61, "too_long"),
        ("name", None, "invalid"),
        ("name", 5, "invalid"),
        ("color", "red", "invalid"),
        ("color", "#fff", "invalid"),
        ("color", "#12345g", "invalid"),
        ("color", "#12345\n", "invalid"),
        ("color", "", "required"),
        ("icon", "Badge!", "invalid"),
        ("icon", "<script>", "invalid"),
        ("icon", "badge\n", "invalid"),
        ("constraint_type", "many", "invalid_choice"),
        ("constraint_type", "", "invalid_choice"),
        ("constraint_type", None, "invalid"),
        ("max_count", 0, "out_of_range"),
        ("max_count", -1, "out_of_range"),
        ("max_count", 10_001, "out_of_range"),
        ("max_count", "3", "invalid"),
        ("max_count", True, "invalid"),
        ("system", True, "read_only"),
        ("assigned_users", ["001"], "read_only"),
        ("assigned_count", 1, "read_only"),
        ("holders", ["001"], "unknown_field"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_and_nothing_is_stored(
    api: Api, field: str, value: Any, code: str
) -> None:
    a_role()

    for answer in (
        api.post("/roles", {"name": "Writer", field: value}),
        api.patch("/roles/editor", {"description": "changed", field: value}),
    ):
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (f"#/{field}", code)
    assert Role.objects.count() == 4
    assert get_role("editor").description == ""


@pytest.mark.parametrize(
    "slug", ["nobody", "EDITOR", "editor%00", "editor ", "%F0%9F%98%80", "x" * 99]
)
def test_only_the_exact_slug_names_a_role(api: Api, slug: str) -> None:
    a_role()

    assert api.get(f"/roles/{slug}").status_code == 404
    assert api.dispatch("roles.get", {"slug": "editor\n"}).status_code == 404


def test_a_name_is_required(api: Api) -> None:
    [error] = api.post("/roles", {"icon": "edit"}).json()["errors"]

    assert (error["pointer"], error["code"]) == ("#/name", "required")


def test_three_system_roles_exist_from_the_start(api: Api) -> None:
    found = api.get("/roles").json()["roles"]

    assert {one["slug"] for one in found} == {
        "site_owner",
        "technical_contact",
        "marketing_contact",
    }
    for one in found:
        assert one["system"] is True
        assert (one["constraint_type"], one["max_count"]) == ("unique", None)
        assert (one["assigned_users"], one["assigned_count"]) == ([], 0)


def test_a_role_is_stored_and_answered(api: Api) -> None:
    given = {
        "name": "Content Editor",
        "description": "Writes and reviews.",
        "icon": "edit_note",
        "color": "#1d4ed8",
        "constraint_type": "max_count",
        "max_count": 3,
    }

    made = api.post("/roles", given)

    assert made.status_code == 201
    assert made.headers["Location"].endswith("/roles/content_editor")
    assert made.json()["slug"] == "content_editor"
    role = made.json()["role"]
    assert {name: role[name] for name in given} == given
    assert (role["slug"], role["system"]) == ("content_editor", False)
    read = api.get("/roles/content_editor")
    assert read.json() == made.json()
    assert read.headers["ETag"] == made.headers["ETag"]


def test_a_role_is_unlimited_unless_told_otherwise(api: Api) -> None:
    role = api.post("/roles", {"name": "Writer"}).json()["role"]

    assert (role["constraint_type"], role["max_count"]) == ("unlimited", None)
    assert (role["description"], role["icon"], role["color"]) == ("", "", "#64748b")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Content Editor", "content_editor"),
        ("  Content -- Editor_ ", "content_editor"),
        ("Éditeur nº 1", "editeur_no_1"),
        ("管理", "guanli"),
        ("Größe & Straße", "groesse_strasse"),
        ("Bulk", "bulk_2"),
        ("x" * 60, "x" * 50),
    ],
)
def test_the_slug_is_made_of_the_name(api: Api, name: str, slug: str) -> None:
    assert api.post("/roles", {"name": name}).json()["slug"] == slug
    assert api.get(f"/roles/{slug}").status_code == 200


def test_a_slug_may_be_given_once_and_for_all(api: Api) -> None:
    made = api.post("/roles", {"name": "!?", "slug": "loud_one"})
    again = api.post("/roles", {"name": "Other", "slug": "loud_one"})
    changed = api.patch("/roles/loud_one", {"slug": "mine"})

    assert made.json()["slug"] == "loud_one"
    assert _error(again) == ("#/slug", "not_unique")
    assert _error(changed) == ("#/slug", "read_only")


@pytest.mark.parametrize("slug", ["Loud", "a__b", "_a", "a-b", "a\n", "bulk", "x" * 51])
def test_a_slug_that_no_address_could_hold_is_refused(api: Api, slug: str) -> None:
    answer = api.post("/roles", {"name": "Loud", "slug": slug})

    assert _error(answer)[0] == "#/slug"
    assert not Role.objects.filter(name="Loud").exists()


def test_a_name_of_which_no_slug_can_be_made_needs_one(api: Api) -> None:
    assert _error(api.post("/roles", {"name": "!?"})) == ("#/slug", "required")
    assert not Role.objects.filter(name="!?").exists()


def _error(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    return error["pointer"], error["code"]


def test_a_taken_slug_is_numbered(api: Api) -> None:
    slugs = [
        api.post("/roles", {"name": name}).json()["slug"]
        for name in ("Web Dev", "Web-Dev", "Web_Dev", "Webdev")
    ]

    assert slugs == ["web_dev", "web_dev_2", "web_dev_3", "webdev"]


def test_the_slug_stays_when_the_name_changes(api: Api) -> None:
    a_role()

    renamed = api.patch("/roles/editor", {"name": "Author"}).json()

    assert (renamed["slug"], renamed["role"]["name"]) == ("editor", "Author")
    assert api.post("/roles", {"name": "Editor"}).json()["slug"] == "editor_2"


@pytest.mark.parametrize("name", ["Editor", "EDITOR", "site owner"])
def test_a_name_is_given_once(api: Api, name: str) -> None:
    a_role()
    a_role(name="Writer")

    for answer in (api.post("/roles", {"name": name}), api.patch("/roles/writer", {"name": name})):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Role.objects.count() == 5


def test_colors_are_stored_in_lower_case(api: Api) -> None:
    assert (
        api.post("/roles", {"name": "W", "color": "#ABCDEF"}).json()["role"]["color"] == "#abcdef"
    )

    same = api.patch("/roles/w", {"color": "#ABCdef"})

    assert same.headers["SyteOps-Changed"] == "false"


def test_an_identical_update_changes_and_records_nothing(api: Api) -> None:
    a_role(max_count=3, icon="edit")
    entries = AuditEntry.objects.count()

    same = api.patch("/roles/editor", {"name": "Editor", "icon": "edit", "max_count": 3})

    assert same.headers["SyteOps-Changed"] == "false"
    assert AuditEntry.objects.count() == entries


# --- System roles ---


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Owner"},
        {"constraint_type": "unlimited"},
        {"constraint_type": "max_count", "max_count": 2},
        {"max_count": 2},
    ],
)
def test_name_and_constraint_of_a_system_role_are_fixed(api: Api, values: Any) -> None:
    before = api.get("/roles/site_owner").json()

    answer = api.patch("/roles/site_owner", {**values, "icon": "star"})

    assert (answer.status_code, answer.json()["code"]) == (409, "protected")
    assert api.get("/roles/site_owner").json() == before


def test_the_looks_of_a_system_role_can_change(api: Api) -> None:
    looks = {"description": "The boss.", "icon": "star", "color": "#ff0000"}
    fixed = {"name": "Site owner", "constraint_type": "unique", "max_count": None}

    role = api.patch("/roles/site_owner", {**looks, **fixed}).json()["role"]

    assert {name: role[name] for name in looks} == looks


def test_a_system_role_cannot_be_deleted(api: Api) -> None:
    answer = api.delete("/roles/site_owner?confirm=true")

    assert (answer.status_code, answer.json()["code"]) == (409, "protected")
    assert Role.objects.count() == 3


# --- Deleting ---


def test_the_impact_of_deleting_names_the_holders(api: Api) -> None:
    role = a_role()
    for name in ("Ada", "Grace"):
        services.assign(SYSTEM, role, a_member(first_name=name, last_name=""))

    refused = api.delete("/roles/editor")

    assert refused.status_code == 428
    impact = refused.json()["impact"]
    assert "syteops_user_001_is_editor" in impact.pop("lineage")["removed"]
    assert impact == {
        "slug": "editor",
        "name": "Editor",
        "holders_unassigned": 2,
        "holders": [{"user_num": "001", "name": "Ada"}, {"user_num": "002", "name": "Grace"}],
    }
    assert get_role("editor").assignments.count() == 2


def test_deleting_a_role_unassigns_its_holders(api: Api) -> None:
    services.assign(SYSTEM, a_role(), a_member())

    gone = api.delete("/roles/editor?confirm=true")

    assert gone.json() == {"slug": "editor", "deleted": True}
    assert api.get("/roles/editor").status_code == 404
    assert api.get("/team-members/001").json()["roles"] == []
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.event, entry.object_id) == ("role.deleted", "editor")
    assert entry.changes["assigned_users"] == {"before": ["001"], "after": None}


def test_the_list_costs_the_same_however_long_it_is(
    api: Api, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api.get("/roles")  # the key's last use is written once a minute
    for count in (1, 5):
        for number in range(count):
            role = a_role(name=f"Role {count} {number}")
            services.assign(SYSTEM, role, a_member())
            services.assign(SYSTEM, role, a_member())
        # The key, the roles, how many hold them, and who does.
        with django_assert_num_queries(4):
            found = api.get("/roles").json()["roles"]
    assert [one["assigned_count"] for one in found] == [0, 0, 0, *[2] * 6]


def test_there_are_so_many_custom_roles(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each makes a variable of every member: 200 made a million of them, in a few calls."""
    monkeypatch.setattr(services, "MOST_CUSTOM", 1)
    made = api.post("/roles", {"name": "Poet", "icon": "badge"})
    assert made.status_code == 201, made.content
    refused = api.post("/roles", {"name": "Critic", "icon": "badge"})
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    with pytest.raises(LimitReached):
        services.restore_role(SYSTEM, Role(slug="critic", name="Critic", icon="badge"))
