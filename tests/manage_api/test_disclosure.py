"""A right to write is no right to read: what a write shows to whom."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from estimates import services as estimates
from estimates.choices import EstimateStatus
from manage_api.keys.models import ManageKey
from manage_api.operations import Access, Operation, all_operations, find
from syteops.audit.models import AuditEntry
from syteops.automation import services as variables
from syteops.automation.models import Variable
from syteops.core.actors import SYSTEM, command
from syteops.crm import services as crm
from syteops.roles import services as roles
from syteops.team import services as team
from tests.each import each
from tests.fixtures import Api
from tests.keys.key_pages import HOME
from tests.manage_api.faces import FACES, Face
from tests.samples import Sample, all_samples

Key = Callable[..., str]

WRITES = [one for one in all_operations() if one.writes]
SAMPLES = all_samples()


def scopes_without_reading(operation: Operation, sample: Sample) -> set[str]:
    also = [find(*name.split(".")) for name in sample.also]
    found = {one.scope for one in (operation, *also) if one is not None}
    return found - {f"{operation.resource}:read"}


def is_uuid(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str) and len(value) > 3:
        yield value


@pytest.mark.parametrize("operation", WRITES, ids=lambda one: one.name)
@each("dry_run", [False, True])
@each("face", FACES.values())
def test_who_may_not_read_sees_only_what_the_call_itself_said(
    operation: Operation, face: Face, dry_run: bool, make_key: Key
) -> None:
    sample = SAMPLES[operation.name]()
    if operation.resource == "audit" or f"{operation.resource}.get" in sample.also:
        return  # it takes the right to read what it is about: for undoing, see below
    sent = {text.lower() for text in texts([sample.params, sample.path])}

    key = make_key(*scopes_without_reading(operation, sample))
    answer = face.call(Api(key), operation, sample, dry_run=dry_run)

    assert answer.is_success
    shown = set(texts(answer.data))
    if dry_run:
        changes = answer.body["changes"]
        assert all(change["resource"] == operation.resource for change in changes)
        assert not any(change["fields"] for change in changes)
        shown |= set(texts(answer.body.get("impact") or {}))
    # Identifiers are all that is left: short numbers, slugs made of what was sent, and the id or
    # the secret that the call itself has made.
    shown = {text for text in shown if not (text.startswith("whsec_") or is_uuid(text))}
    assert {text.lower() for text in shown} <= sent | {"create", "update", "delete"}


def test_a_write_only_key_learns_the_etag_and_the_number_of_what_it_made(make_key: Key) -> None:
    answer = Api(make_key("crm:write")).post("/crm-systems", {"name": "HubSpot"})

    assert answer.status_code == 201
    assert answer.json() == {"crm_num": "001"}
    assert answer["ETag"]
    assert answer["Location"].endswith("/crm-systems/001")
    assert answer["SyteOps-Changed"] == "true"


def test_an_empty_patch_reads_nothing(make_key: Key) -> None:
    team.create_team_member(SYSTEM, first_name="Ada", notes="Secret plans")

    answer = Api(make_key("users:write")).patch("/team-members/001", {})

    assert answer.json() == {"user_num": "001"}


def test_a_dry_run_shows_nothing_of_what_a_delete_would_take_from_others(make_key: Key) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    team.create_team_member(SYSTEM, first_name="Ada", crm_ids={system.slot: "hs-4711"})

    deleter = Api(make_key("crm:delete")).delete("/crm-systems/001?dry_run=true")
    reader = Api(make_key("crm:delete", "crm:read", "users:read")).delete(
        "/crm-systems/001?dry_run=true"
    )

    assert "hs-4711" not in deleter.content.decode()
    assert "HubSpot" not in deleter.content.decode()
    assert deleter.json()["impact"] == {
        "crm_num": "001",
        "secrets_cleared": 0,
        "team_member_ids_cleared": 1,
        "team_member_ids_count": 1,
    }
    assert "hs-4711" in reader.content.decode()


def test_the_question_for_consent_tells_no_more_than_the_answer(make_key: Key) -> None:
    role = roles.create_role(SYSTEM, name="Editor")
    member = team.create_team_member(SYSTEM, first_name="Ada")
    roles.assign(SYSTEM, role, member)

    without = Api(make_key("roles:delete", "roles:read")).delete("/roles/editor")
    alone = Api(make_key("roles:delete")).delete("/roles/editor")
    both = Api(make_key("roles:delete", "roles:read", "users:read")).delete("/roles/editor")

    assert without.status_code == alone.status_code == both.status_code == 428
    assert without.json()["impact"] == {
        "slug": "editor",
        "name": "Editor",
        "holders_unassigned": 1,
    }
    assert alone.json()["impact"] == {"slug": "editor", "holders_unassigned": 1, "holders_count": 1}
    assert both.json()["impact"]["holders"] == [{"user_num": "001", "name": "Ada"}]


def test_a_full_role_names_its_holders_to_those_who_may_read_members(make_key: Key) -> None:
    role = roles.create_role(SYSTEM, name="Editor", constraint_type="unique")
    roles.assign(SYSTEM, role, team.create_team_member(SYSTEM, first_name="Ada"))
    team.create_team_member(SYSTEM, first_name="Grace")
    body = {"user_num": "002"}

    blind = Api(make_key("roles:write")).post("/roles/editor/assign", body)
    seeing = Api(make_key("roles:write", "users:read")).post("/roles/editor/assign", body)

    assert blind.status_code == seeing.status_code == 409
    assert blind.json()["code"] == "role_full"
    assert "Ada" not in blind.content.decode()
    assert seeing.json()["holders"] == [{"user_num": "001", "name": "Ada"}]


def test_a_write_shows_no_stored_value_that_it_could_have_set(make_key: Key) -> None:
    """`enabled` follows from enabling an integration, but not from changing an area."""
    answer = Api(make_key("ai:write")).patch("/ai/areas/notes.summary", {})

    assert answer.json() == {"area": "notes.summary"}


def test_a_replayed_answer_shows_what_may_be_read_by_now(
    bob: Any, as_person: Callable[..., Api]
) -> None:
    rights = Permission.objects.filter(codename__in=("add_crmsystem", "view_crmsystem"))
    bob.user_permissions.set(rights)
    first = as_person(bob).post("/crm-systems", {"name": "HubSpot"}, Idempotency_Key="once")
    again = as_person(bob).post("/crm-systems", {"name": "HubSpot"}, Idempotency_Key="once")
    bob.user_permissions.set(rights.filter(codename="add_crmsystem"))
    later = as_person(bob).post("/crm-systems", {"name": "HubSpot"}, Idempotency_Key="once")

    assert again.content == first.content
    assert later["Idempotent-Replayed"] == "true"
    assert later.json() == {"crm_num": "001"}


def test_an_impact_counts_and_does_not_tell_whether_a_secret_is_set(make_key: Key) -> None:
    answer = Api(make_key("ai:secrets")).delete("/ai/providers/openai/key")

    assert answer.json()["impact"] == {"provider": "openai", "areas_stopping_count": 0}


def test_a_refusal_that_tells_nothing_stored_gives_its_reason_to_all(make_key: Key) -> None:
    answer = Api(make_key("roles:write")).patch("/roles/site_owner", {"name": "Boss"})

    assert (answer.status_code, answer.json()["field"]) == (409, "name")


def test_a_refusal_does_not_tell_what_stands_in_the_way(make_key: Key) -> None:
    item = {"description": "Design", "quantity": 1, "unit_price": 1}
    estimate = estimates.create_estimate(
        SYSTEM, title="Website", client_email="jane@example.com", line_items=[item]
    )
    estimates.send_estimate(SYSTEM, estimate)
    estimates.answer_estimate(SYSTEM, estimate, EstimateStatus.APPROVED, name="Jane Doe")
    scopes, path = ("estimates_items:write", "estimates_items:delete"), f"/estimates/{estimate.pk}"
    change = {"action": "update", "params": {"id": estimate.pk, "title": "Shop"}}

    def refusals(api: Api) -> list[Any]:
        return [
            api.post(f"{path}/decline", {"name": "John"}),
            api.post(f"{path}/send"),
            api.patch(path, {"title": "Shop"}),
            api.delete(f"{path}?confirm=true"),
            api.post("/estimates/bulk", {"items": [change]}),
        ]

    blind = refusals(Api(make_key(*scopes)))
    seeing = refusals(Api(make_key(*scopes, "estimates_items:read")))

    assert [one.status_code for one in blind] == [one.status_code for one in seeing] == [409] * 5
    for word in ("Jane", "approved", estimate.number):
        assert not any(word in one.content.decode() for one in blind)
    assert "Jane Doe" in seeing[0].json()["detail"]


# --- By effect -------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_value_deletes_and_needs_that_right_and_consent(blank: str, make_key: Key) -> None:
    variables.set_variable(SYSTEM, "greeting", value="Hello")
    writer = Api(make_key("variables:write", "variables:read"))
    deleter = Api(make_key("variables:write", "variables:read", "variables:delete"))

    refused = writer.put("/variables/greeting?confirm=true", {"value": blank})
    asked = deleter.put("/variables/greeting", {"value": blank})

    assert (refused.status_code, refused.json()["scope"]) == (403, "variables:delete")
    assert asked.status_code == 428
    assert asked.json()["impact"]["value"] == "Hello"
    assert Variable.objects.filter(key="greeting").exists()
    assert deleter.put("/variables/greeting?confirm=true", {"value": blank}).status_code == 200
    assert not Variable.objects.filter(key="greeting").exists()


def test_a_bulk_does_not_get_round_it(make_key: Key) -> None:
    variables.set_variable(SYSTEM, "greeting", value="Hello")
    items = {"items": [{"action": "set", "params": {"key": "greeting", "value": ""}}]}

    answer = Api(make_key("variables:write")).post("/variables/bulk?confirm=true", items)

    assert answer.status_code == 403
    assert Variable.objects.filter(key="greeting").exists()


def test_a_person_who_may_change_variables_neither_creates_nor_deletes_one(
    bob: Any, as_person: Callable[..., Api]
) -> None:
    names = ("view_variable", "change_variable")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    variables.set_variable(SYSTEM, "greeting", value="Hello")
    api = as_person(bob)

    assert api.put("/variables/greeting", {"value": "Hi"}).status_code == 200
    assert api.put("/variables/farewell", {"value": "Bye"}).status_code == 403
    assert api.put("/variables/greeting?confirm=true", {"value": ""}).status_code == 403
    assert dict(Variable.objects.values_list("key", "value")) == {"greeting": "Hi"}


def test_a_person_who_may_change_variables_does_not_bring_one_back(
    bob: Any, as_person: Callable[..., Api]
) -> None:
    names = ("view_variable", "change_variable", "view_auditentry", "change_auditentry")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    variables.set_variable(SYSTEM, "greeting", value="Hello")
    variables.set_variable(SYSTEM, "greeting", value="")
    entry = AuditEntry.objects.get(event="variable.deleted")
    api = as_person(bob)

    answer = api.post(f"/audit/{entry.pk}/revert?confirm=true")
    page = api.client.post(f"/admin/audit/auditentry/{entry.pk}/undo/")

    assert answer.json()["permission"] == "automation.add_variable"
    assert page.status_code == 403
    assert not Variable.objects.exists()


# --- The audit trail -------------------------------------------------------------------------


def test_the_trail_shows_only_what_may_be_read_otherwise(make_key: Key, api: Api) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    team.create_team_member(SYSTEM, first_name="Ada")

    def seen(*scopes: str) -> set[str]:
        entries = Api(make_key("audit:read", *scopes)).get("/audit").json()["entries"]
        return {one["event"] for one in entries}

    assert seen() == set()
    assert seen("crm:read") == {"crm_system.created"}
    assert seen("crm:write") == set()
    assert seen("crm:read", "users:read") == {"crm_system.created", "team_member.created"}
    every = {one["event"] for one in api.get("/audit?per_page=200").json()["entries"]}
    assert {"key.generated", "crm_system.created"} <= every


def test_whoever_may_not_read_an_entry_cannot_tell_that_it_exists(make_key: Key) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    entry = AuditEntry.objects.get(event="crm_system.created")
    blind = Api(make_key("audit:write"))

    there = blind.post(f"/audit/{entry.pk}/revert?confirm=true")
    missing = blind.post("/audit/999999/revert?confirm=true")

    assert there.status_code == missing.status_code == 404
    assert there.json()["detail"].replace(str(entry.pk), "999999") == missing.json()["detail"]


def test_rights_come_before_reasons(make_key: Key) -> None:
    """A reader who may not delete is told that, and not why the change cannot be undone."""
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.update_crm_system(SYSTEM, system, name="Zoho")
    entry = AuditEntry.objects.get(event="crm_system.created")
    reader = Api(make_key("audit:write", "crm:read"))

    answer = reader.post(f"/audit/{entry.pk}/revert?confirm=true")

    assert (answer.status_code, answer.json()["scope"]) == (403, "crm:delete")


def test_a_number_before_and_after_is_no_count(make_key: Key) -> None:
    """Who may not read the trail learns what undoing would take away, and no value of then."""
    crm.create_crm_system(SYSTEM, name="HubSpot")
    entry = AuditEntry.objects.get(event="crm_system.created")
    undoer = Api(make_key("audit:write", "crm:read", "crm:delete"))

    told = undoer.post(f"/audit/{entry.pk}/revert").json()["impact"]

    assert told == {
        "changes": {},
        "deletion": {"secrets_cleared": 0, "team_member_ids_cleared": 0},
    }


def test_every_operation_that_reads_names_its_right() -> None:
    """`may_read` goes by the reads: without one, a resource's writes would show nothing to all."""
    readable = {one.resource for one in all_operations() if one.access is Access.READ}

    assert {one.resource for one in all_operations()} == readable


def test_undoing_tells_no_more_of_others_than_deleting(make_key: Key) -> None:
    role = roles.create_role(SYSTEM, name="Editor")
    roles.assign(SYSTEM, role, team.create_team_member(SYSTEM, first_name="Ada"))
    entry = AuditEntry.objects.get(event="role.created", object_id="editor")
    scopes = ("audit:read", "audit:write", "roles:read", "roles:delete")
    path = f"/audit/{entry.pk}/revert"

    blind = Api(make_key(*scopes)).post(path)
    tried = Api(make_key(*scopes)).post(f"{path}?dry_run=true")
    seeing = Api(make_key(*scopes, "users:read")).post(path)

    assert blind.status_code == seeing.status_code == 428
    assert "Ada" not in blind.content.decode()
    assert "Ada" not in tried.content.decode()
    assert seeing.json()["impact"]["deletion"]["holders"] == [{"user_num": "001", "name": "Ada"}]


def test_a_list_s_filters_name_only_whom_its_entries_name(
    bob: Any, as_person: Callable[..., Api], api: Api
) -> None:
    team.create_team_member(command("payroll"), first_name="Ada")
    names = ("view_auditentry", "view_crmsystem")
    bob.user_permissions.set(Permission.objects.filter(codename__in=names))
    api.post("/crm-systems", {"name": "HubSpot"})

    page = as_person(bob).client.get("/admin/audit/auditentry/").content.decode()

    assert "Site key" in page
    assert "payroll" not in page
    assert "users" not in re.findall(r'<option value="([^"]*)"', page)


def test_a_key_s_page_shows_what_its_viewer_may_read(
    bob: Any, as_person: Callable[..., Api], api: Api
) -> None:
    api.post("/team-members", {"first_name": "Ada", "notes": "Secret plans"})
    bob.user_permissions.set(Permission.objects.filter(codename="manage_api_keys"))
    client, path = as_person(bob).client, f"{HOME}{ManageKey.objects.get().public_id}/"

    blind = client.get(path).content.decode()
    bob.user_permissions.add(Permission.objects.get(codename="view_teammember"))
    seeing = client.get(path).content.decode()

    assert "Secret plans" not in blind
    assert "Secret plans" in seeing
