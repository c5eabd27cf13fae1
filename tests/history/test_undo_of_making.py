"""Undoing a creation or a restoration deletes the object, unless it changed since."""

from collections.abc import Callable
from typing import Any

import pytest

from manage_api.operations import find
from notes.models import Note
from syteops.ai import services as ai
from syteops.ai.models import AiProvider
from syteops.core import reading
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict
from syteops.crm.models import CrmSystem
from syteops.history.reverting import revert as revert_by_service
from syteops.history.undo import MADE, all_undos
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.objects import get_role
from tests.samples.crm import a_system
from tests.samples.roles import a_role
from tests.samples.team import a_member
from tests.undoing import latest, refused, revert

Change = Callable[[Api], Any]


def shower(api: Api, path: str) -> Callable[[], Any]:
    def show() -> Any:
        return {**api.get(path).json(), "request_id": ""}

    return show


# --- What would go -------------------------------------------------------------------------


def test_it_says_what_the_deletion_would_take(api: Api) -> None:
    a_role()
    api.post("/roles/editor/assign", {"user_num": a_member().slot})

    impact = revert(api, latest("role.created"), "").json()["impact"]

    own = api.delete("/roles/editor").json()["impact"]
    del own["lineage"]  # by itself, which undoing is not: it would be refused
    assert impact["deletion"] == own
    assert own["holders"] == [{"user_num": "001", "name": "Ada Lovelace"}]
    assert impact["changes"]["slug"]["after"] == "editor"


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
def test_it_says_so_under_the_number_that_the_object_has_now(api: Api, query: str) -> None:
    ada = a_member(first_name="Ada")
    api.delete("/team-members/001?confirm=true")
    a_member(first_name="Eve")  # 001 now
    api.post("/team-members/restore", {"id": ada.pk})

    impact = revert(api, latest("team_member.restored"), query).json()["impact"]

    assert impact["deletion"]["name"] == "Ada Lovelace"
    assert impact["deletion"]["user_num"] == "002"


def test_it_says_nothing_of_a_deletion_where_there_is_none(api: Api) -> None:
    a_system()
    created = latest("crm_system.created")
    api.patch("/crm-systems/001", {"name": "Other"})
    assert "deletion" not in revert(api, latest("crm_system.updated"), "").json()["impact"]

    api.delete("/crm-systems/001?confirm=true")

    assert "deletion" not in revert(api, created, "").json()["impact"]


def test_whatever_undoing_a_creation_amounts_to_says_what_it_would_take() -> None:
    """By an operation on the object alone, with an impact."""
    seen = 0
    for undo in all_undos().values():
        for verb in MADE:
            operation = find(undo.resource, undo.actions.get(verb, ""))
            if operation:
                assert operation.destructive
                assert operation.path_params == [operation.viewset.lookup_name()]
                seen += 1
    assert seen


# --- What came later stands in the way -----------------------------------------------------


def test_a_role_that_is_held_by_now_stays(api: Api) -> None:
    a_role()
    for _ in range(2):
        api.post("/roles/editor/assign", {"user_num": a_member().slot})

    problem = refused(api, latest("role.created"), shower(api, "/roles/editor"))

    assert problem["fields"] == ["assigned_ids", "assigned_users"]
    assert len(get_role("editor").holders) == 2


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (
            lambda api: api.put("/crm-systems/001/secret", {"api_key": "first-key-1"}),
            ["api_key", "api_key_set_at"],
        ),
        (lambda api: api.patch("/crm-systems/001", {"url": "https://a.example"}), ["url"]),
        (lambda api: api.patch("/crm-systems/001", {"link_admin_only": True}), ["link_admin_only"]),
        (lambda api: a_member(crm_ids={"001": "H-1"}), ["identifiers"]),
    ],
)
@pytest.mark.parametrize("event", ["crm_system.created", "crm_system.restored"])
def test_a_crm_system_that_got_anything_since_stays(
    api: Api, event: str, change: Change, fields: list[str]
) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    if event == "crm_system.restored":
        api.delete("/crm-systems/001?confirm=true")
        revert(api, latest("crm_system.deleted"))
    entry = latest(event)
    change(api)

    assert refused(api, entry, shower(api, "/crm-systems/001"))["fields"] == fields
    assert CrmSystem.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"content": "Agreed: everything."},
        {"tags": ["client"]},
        {"action_items": [{"text": "Write the brief"}]},
        {"attendees": ["001"]},
        {"meta": {"a": 1}},
    ],
)
@pytest.mark.parametrize("event", ["note.created", "note.restored"])
def test_a_note_that_was_written_since_stays(api: Api, event: str, change: dict[str, Any]) -> None:
    a_member()
    path = f"/notes/{api.post('/notes', {'title': 'Kick-off'}).json()['id']}"
    if event == "note.restored":
        api.delete(f"{path}?confirm=true")
        revert(api, latest("note.deleted"))
    entry = latest(event)
    api.patch(path, change)

    assert set(change) <= set(refused(api, entry, shower(api, path))["fields"])
    assert Note.objects.count() == 1


@pytest.mark.parametrize("restored", [False, True])
def test_a_member_who_got_a_role_or_another_identifier_since_stays(
    api: Api, restored: bool
) -> None:
    a_system()
    member = a_member()
    if restored:
        api.delete("/team-members/001?confirm=true")
        api.post("/team-members/restore", {"id": member.pk})
    entry = latest("team_member.restored" if restored else "team_member.created")
    show = shower(api, "/team-members/001")

    api.patch("/team-members/001", {"crm_ids": {"001": "H-1"}})
    assert refused(api, entry, show)["fields"] == ["crm_ids"]
    api.post("/roles/site_owner/assign", {"user_num": "001"})
    assert refused(api, entry, show)["fields"] == ["crm_ids", "roles"]
    assert TeamMember.objects.count() == 1


def test_what_is_kept_in_an_object_counts_as_a_whole(api: Api) -> None:
    """A further key of a JSON object is lost with the note that has it."""
    note = api.post("/notes", {"title": "Kick-off", "meta": {"a": 1}}).json()
    api.patch(f"/notes/{note['id']}", {"meta": {"a": 1, "b": 2}})

    problem = refused(api, latest("note.created"), shower(api, f"/notes/{note['id']}"))

    assert problem["fields"] == ["meta"]


def test_a_secret_that_was_set_since_is_not_taken_for_the_one_it_began_with(db: None) -> None:
    provider = ai.create_ai_provider(SYSTEM, slug="own", name="Own", base_url="https://ai.example")
    created = latest("ai_provider.created")
    ai.set_secrets(SYSTEM, provider, api_key="first-key-1")

    with pytest.raises(Conflict) as refusal:
        revert_by_service(SYSTEM, created)

    assert "api_key" in refusal.value.extra["fields"]
    assert AiProvider.objects.filter(slug="own").exists()


def test_a_later_change_of_another_kind_of_object_with_that_key_does_not_count(db: None) -> None:
    """Providers and areas share a resource, and their primary keys are alike."""
    provider = ai.create_ai_provider(SYSTEM, slug="own", name="Own", base_url="https://ai.example")
    created = latest("ai_provider.created")
    ai.update_ai_area(SYSTEM, _area_with_key(provider.pk), enabled=False)

    revert_by_service(SYSTEM, created)

    assert not AiProvider.objects.filter(slug="own").exists()


def _area_with_key(pk: int) -> Any:
    from syteops.ai.models import AiAreaSettings

    AiAreaSettings.objects.all().delete()
    return AiAreaSettings.objects.create(pk=pk, area="notes.summary")


# --- What was undone does not --------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "event"),
    [
        (lambda api: api.patch("/crm-systems/001", {"name": "Other"}), "crm_system.updated"),
        (
            lambda api: api.put("/crm-systems/001/secret", {"api_key": "first-key-1"}),
            "crm_system.secret_set",
        ),
        (
            lambda api: api.patch("/team-members/001", {"crm_ids": {"001": "H-1"}}),
            "team_member.updated",
        ),
    ],
)
def test_a_creation_is_undone_once_the_later_change_is(
    api: Api, change: Change, event: str
) -> None:
    a_member()
    api.post("/crm-systems", {"name": "HubSpot"})
    created = latest("crm_system.created")
    assert change(api).status_code == 200
    assert revert(api, created).status_code == 409

    assert revert(api, latest(event)).status_code == 200
    assert revert(api, created).status_code == 200

    assert CrmSystem.objects.count() == 0


def test_a_creation_is_not_undone_after_more_changes_than_can_be_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that writes notes changes one 600 times a minute, by a megabyte each."""
    note = api.post("/notes", {"title": "Kick-off"}).json()["id"]
    for content in ("x" * 1_000, ""):
        api.patch(f"/notes/{note}", {"content": content})
    monkeypatch.setattr(reading, "MOST_READ", 1_000)
    shown = shower(api, f"/notes/{note}")
    assert "Delete it instead" in refused(api, latest("note.created"), shown)["detail"]
    monkeypatch.undo()
    assert revert(api, latest("note.created")).status_code == 200


def test_a_role_goes_once_nobody_holds_it_any_more(api: Api) -> None:
    a_role()
    a_member()
    api.post("/roles/editor/assign", {"user_num": "001"})

    assert revert(api, latest("role.assigned")).status_code == 200
    assert revert(api, latest("role.created")).status_code == 200

    assert api.get("/roles/editor").status_code == 404


@pytest.mark.parametrize("whole", [False, True])
def test_a_restoration_is_undone_whatever_the_object_had(api: Api, whole: bool) -> None:
    """A restored row keeps more than its entry names: that is no later change."""
    a_system()
    member = a_member(city="London", crm_ids={"001": "H-1"})
    if whole:
        api.post("/roles/site_owner/assign", {"user_num": "001"})
    api.delete("/team-members/001?confirm=true")
    assert revert(api, latest("team_member.deleted")).status_code == 200
    show = shower(api, "/team-members/001")
    before = show()

    assert revert(api, latest("team_member.restored")).status_code == 200
    assert revert(api, latest("team_member.deleted")).status_code == 200

    assert {**show(), "updated_at": ""} == {**before, "updated_at": ""}
    assert before["roles"] == (["site_owner"] if whole else [])
    assert TeamMember.objects.get().pk == member.pk


def test_a_creation_is_undone_although_the_object_was_away_meanwhile(api: Api) -> None:
    a_system()
    a_member(crm_ids={"001": "H-1"})
    created = latest("team_member.created")
    api.delete("/team-members/001?confirm=true")
    revert(api, latest("team_member.deleted"))

    assert revert(api, created).status_code == 200

    assert TeamMember.objects.count() == 0


def test_an_identifier_that_came_after_the_creation_counts_also_after_a_deletion(api: Api) -> None:
    """The deletion's entry names identifiers that the creation did not have."""
    api.post("/crm-systems", {"name": "HubSpot"})
    created = latest("crm_system.created")
    a_member(crm_ids={"001": "H-1"})
    api.delete("/crm-systems/001?confirm=true")
    revert(api, latest("crm_system.deleted"))

    problem = refused(api, created, shower(api, "/crm-systems/001"))

    assert problem["fields"] == ["identifiers"]


def test_people_it_names_may_have_other_numbers_by_now(api: Api) -> None:
    """The author is the same one, though the number went to somebody else."""
    ada = a_member()
    api.post("/notes", {"title": "Kick-off", "author": "001", "attendees": ["001"]})
    api.delete("/team-members/001?confirm=true")
    a_member(first_name="Eve")  # 001 now
    api.post("/team-members/restore", {"id": ada.pk})

    assert revert(api, latest("note.created")).status_code == 200

    assert Note.objects.count() == 0
