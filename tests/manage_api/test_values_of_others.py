"""What a record shows of others: their numbers, and of a note's people the name; nothing else.

Every text of every kind of object carries the mark of its resource. Each read is then made with
its own scope alone, and may show no mark of another.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import models

from estimates import services as estimates
from manage_api.operations import all_operations
from notes import services as notes
from notes.models import ActionItem
from syteops.ai.models import AiSuggestion
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.roles import services as roles
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.each import each
from tests.fixtures import Api, signed_in
from tests.manage_api.faces import Rest
from tests.samples import Sample, all_samples

Key = Callable[..., str]

READS = [one for one in all_operations() if not one.writes]
PUBLISHED = {"variables"}
"""What publishes values of others on purpose: automations are to know them (docs/variables.md)."""
LISTS = {one.resource: one for one in READS if not one.path_params}
SAMPLES = all_samples()


def texts_of(model: type[models.Model], word: str) -> dict[str, Any]:
    """A marked text for each column that takes one freely."""
    fields = (f for f in model._meta.fields if type(f) in (models.CharField, models.TextField))
    free = [f for f in fields if f.editable and not f.choices and f.name != "language"]
    return {f.name: f"mark-{word} {f.name}"[: f.max_length] for f in free}


@pytest.fixture
def world(db: None) -> dict[str, dict[str, str]]:
    """Objects that name each other, some changed and some gone; path parameters by resource."""
    login = User.objects.create_user("mark-users-login", email="mark-users@example.com")
    system = crm.create_crm_system(SYSTEM, name="mark-crm", url="https://mark-crm.example.com")
    gone_system = crm.create_crm_system(SYSTEM, name="mark-crm gone")
    values = texts_of(TeamMember, "users") | {"full_name": "Ada Nameword"}
    values |= {"email": "mark-users-a@example.com", "website": "https://mark-users.example.com"}
    ids = {one.slot: "mark-users-id" for one in (system, gone_system)}
    member = team.create_team_member(SYSTEM, user=login, crm_ids=ids, **values)
    # Of these two there is no name that could be shown.
    bare = team.create_team_member(SYSTEM, email="mark-users-b@example.com", notes="mark-users")
    gone = team.create_team_member(SYSTEM, email="mark-users-c@example.com", job_title="mark-users")
    role = roles.create_role(SYSTEM, name="mark-roles", slug="editor", description="mark-roles")
    for one in (member, bare):
        roles.assign(SYSTEM, role, one)
    item = {"text": "mark-notes", "assignee": member}
    note = notes.create_note(
        SYSTEM, title="mark-notes", author=bare, attendees=[member, bare, gone],
        action_items=[item], meeting_date=date(2026, 1, 1),
    )  # fmt: skip
    for author in (gone, member):
        notes.create_note(SYSTEM, title="mark-notes", author=author, attendees=[gone])
    estimate = estimates.create_estimate(SYSTEM, title="mark-estimates", crm_system=system)
    team.delete_team_member(SYSTEM, gone)
    crm.delete_crm_system(SYSTEM, gone_system)
    crm.restore_crm_system(SYSTEM, gone_system, {str(member.pk): "mark-users-id"})
    return {
        "users": {"user_num": member.slot},
        "roles": {"slug": role.slug},
        "crm": {"crm_num": system.slot},
        "notes_items": {"id": str(note.pk)},
        "estimates_items": {"id": str(estimate.pk)},
    }


def mark(resource: str) -> str:
    return resource.removesuffix("_items")


def marks(text: str) -> set[str]:
    return set(re.findall(r"mark-([a-z]+)", text))


def test_the_world_marks_what_it_should(world: dict[str, dict[str, str]], api: Api) -> None:
    for resource in world:
        shown = api.get(LISTS[resource].path).content.decode()
        assert marks(shown) == {mark(resource)}


@each("operation", READS)
def test_a_read_shows_no_value_of_another_resource(
    operation: Any, world: dict[str, dict[str, str]], make_key: Key
) -> None:
    if operation.resource in PUBLISHED:
        return
    sample = SAMPLES[operation.name]()
    path = {**sample.path, **world.get(operation.resource, {})} if sample.path else {}
    if "suggestion" in path:
        AiSuggestion.objects.update(object_id=path["id"])
    if operation.action == "get_action":
        path = {"id": str(ActionItem.objects.get(note_id=int(path["id"])).pk)}
    answer = Rest().call(Api(make_key(operation.scope)), operation, Sample(path))

    # What needs the right to read another resource shows nothing at all without it.
    assert answer.is_success != bool(sample.also)
    shown = str(answer.body)
    assert marks(shown) <= {mark(operation.resource)}
    assert ("Nameword" in shown) <= (operation.resource in {"users", "notes_items"})


@each("resource", sorted({one.resource for one in READS} - {"audit"}))
def test_nor_does_the_trail_of_one_resource(
    resource: str, world: dict[str, dict[str, str]], make_key: Key
) -> None:
    entries = Api(make_key("audit:read", f"{resource}:read")).get("/audit?per_page=200").json()

    assert {one["resource"] for one in entries["entries"]} <= {resource}
    assert marks(str(entries)) <= {mark(resource)}
    assert resource not in world or marks(str(entries)) == {mark(resource)}


def test_a_note_names_its_people_and_tells_nothing_else(
    world: dict[str, dict[str, str]], make_key: Key
) -> None:
    items = Api(make_key("notes_items:read")).get("/notes").json()["items"]
    names = [one["author_name"] for one in items]

    assert names[0] == "Ada Nameword"
    assert all(re.fullmatch(r"Team member (deleted-)?\d+", one) for one in names[1:])
    assert {n for one in items for n in one["attendee_names"]} == {names[1]}


def test_identifiers_of_members_are_for_those_who_read_members(
    world: dict[str, dict[str, str]], make_key: Key
) -> None:
    entry = AuditEntry.objects.get(event="crm_system.deleted")
    deletion = f"{world['crm']['crm_num']}?dry_run=true"

    def told(*scopes: str) -> list[str]:
        api = Api(make_key("crm:read", "crm:delete", "crm:write", "audit:read", *scopes))
        return [
            api.get("/audit?resource=crm&per_page=200").content.decode(),
            api.delete(f"/crm-systems/{deletion}").content.decode(),
        ]

    assert not any("mark-users" in one for one in told())
    assert all("mark-users-id" in one for one in told("users:read"))
    assert entry.changes["identifiers"]["before"]


def test_nor_are_they_on_pages_of_the_admin(world: dict[str, dict[str, str]], bob: User) -> None:
    rights = ("view_crmsystem", "view_auditentry", "change_auditentry", "add_crmsystem")
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))
    entry = AuditEntry.objects.get(event="crm_system.deleted")
    system = entry.object_pk
    addresses = [
        f"/admin/audit/auditentry/{entry.pk}/change/",
        f"/admin/crm/crmsystem/{system}/history/",
        "/admin/audit/auditentry/",
    ]

    for address in addresses:
        answer = signed_in(bob).get(address)
        assert answer.status_code == 200
        assert "mark-users" not in answer.content.decode(), address
    bob.user_permissions.add(Permission.objects.get(codename="view_teammember"))
    for address in addresses[:2]:
        assert "mark-users-id" in signed_in(bob).get(address).content.decode(), address
