"""A person who was erased is nowhere any more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from manage_api.operations import all_scopes
from notes import services as notes
from notes.models import Note
from syteops.audit import verification
from syteops.audit.models import AuditEntry
from syteops.audit.services import record_refusal
from syteops.core.actors import SYSTEM
from syteops.core.errors import Protected
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.history.reverting import revert
from syteops.lib.folding import fold
from syteops.team import services
from syteops.team.models import TeamMember
from tests.fixtures import Api, signed_in
from tests.samples.crm import a_system
from tests.samples.team import a_member
from tests.team.erasing import CANARIES, a_canary


def found_anywhere(uploads_folder: Path) -> set[str]:
    """The canaries that some table or file still holds, folded or as they were, and where."""
    places = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            places[table] = str(cursor.fetchall())
    for path in uploads_folder.rglob("*"):
        places[str(path)] = str(path) + (
            path.read_bytes().decode("latin1") if path.is_file() else ""
        )
    return {
        f"{text} in {place}"
        for place, held in places.items()
        for text in CANARIES
        if text in held or fold(text) in held
    }


@pytest.mark.combination
@pytest.mark.parametrize("deleted", [False, True])
def test_nothing_of_the_person_is_left(
    api: Api, bob: User, uploads_folder: Path, erased: Any, deleted: bool
) -> None:
    member = a_canary(api)
    signed_in(bob).get(f"/admin/team/teammember/{member.pk}/change/")  # refused, with the name
    if deleted:
        services.delete_team_member(SYSTEM, member)
    other = a_member(first_name="Grace")
    assert {one.partition(" in ")[0] for one in found_anywhere(uploads_folder)} == set(CANARIES)
    assert [path for path in uploads_folder.rglob("*") if path.is_file()]

    told = erased(member)

    assert found_anywhere(uploads_folder) == set()
    assert not [path for path in uploads_folder.rglob("*") if path.is_file()]
    assert verification.verify().problem == ""
    assert told["removed"] == {
        "roles": 0 if deleted else 1,
        "notes": 1,
        "ai_suggestions": 1,
        "delivery_answers": 0,
        "stored_answers": 3,
        "task_failures": 1,
        "task_words": 2,
        "crm_ids": 1,
        "pictures": 1,
        "imports": 0,
        "audit_entries": told["removed"]["audit_entries"],
    }
    assert told["removed"]["audit_entries"] > 4
    assert api.get("/team-members?search=zyxwvut").json()["users"] == []
    assert [one["id"] for one in api.get("/team-members").json()["users"]] == [other.pk]
    assert AuditEntry.objects.filter(object_label="Grace Lovelace").exists()


def test_an_attempt_on_a_namesake_keeps_its_name(erased: Any) -> None:
    member, namesake = a_member(first_name="Grace"), a_member(first_name="Grace")
    for one in (member, namesake):
        record_refusal(SYSTEM, one.resource, one.slot, "permission_denied", label=str(one))
    refused = AuditEntry.objects.filter(outcome="refused").order_by("pk")
    assert [one.object_label for one in refused] == ["Grace Lovelace", "Grace Lovelace"]

    erased(member)

    assert [one.object_label for one in refused.all()] == ["", "Grace Lovelace"]


def test_a_namesake_under_the_same_number_keeps_it_where_the_trail_knows_whom(erased: Any) -> None:
    member = a_member(first_name="Grace")
    pk = member.pk
    services.delete_team_member(SYSTEM, member)
    namesake = a_member(first_name="Grace")
    for one in (str(pk), str(namesake.pk)):
        record_refusal(SYSTEM, "users", "001", "permission_denied", label="Grace Lovelace", pk=one)
    refused = AuditEntry.objects.filter(outcome="refused").order_by("pk")

    erased(member)

    assert [one.object_label for one in refused] == ["", "Grace Lovelace"]


def test_an_attempt_on_a_deleted_member_loses_the_name(bob: User, erased: Any) -> None:
    member = a_member(first_name="Zyxwvut")
    services.delete_team_member(SYSTEM, member)
    signed_in(bob).get(f"/admin/team/teammember/{member.pk}/change/?state=deleted")
    # As an entry of an earlier version, which did not keep whom it was about.
    record_refusal(SYSTEM, "users", member.public_id, "permission_denied", label=str(member))
    refused = AuditEntry.objects.filter(outcome="refused").order_by("pk")
    assert [one.object_label for one in refused] == ["Zyxwvut Lovelace"] * 2
    assert [one.object_pk for one in refused] == [str(member.pk), ""]

    erased(member)

    assert [one.object_label for one in refused.all()] == ["", ""]
    assert verification.verify().problem == ""


def test_a_note_forgets_who_it_was_and_keeps_the_rest(api: Api, erased: Any) -> None:
    member, grace = a_canary(api), a_member(first_name="Grace")
    note = Note.objects.get()
    notes.update_note(SYSTEM, note, attendees=[member, grace], attendee_names=["Somebody"])
    note.refresh_from_db()

    erased(member)

    shown = api.get(f"/notes/{note.pk}").json()
    assert (shown["author"], shown["author_name"]) == (None, None)
    assert (shown["attendees"], shown["attendee_names"]) == ([grace.slot], ["Somebody"])
    [item] = shown["action_items"]
    assert (item["text"], item["assignee"], item["done"]) == ("Call", None, True)


def test_however_many_notes_name_him_it_takes_as_many_statements(api: Api) -> None:
    taken = []
    for count in (2, 20):
        member = a_member()
        for _ in range(count):
            notes.create_note(
                SYSTEM, title="A", author=member, attendees=[member], tags=["a"],
                action_items=[{"text": "Call", "assignee": member}],
            )  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            told = services.predict_erasure(member)
        assert told["removed"]["notes"] == count
        assert told["removed"] == services.erase_team_member(SYSTEM, member)["removed"]
        taken.append(len(asked))
    assert taken[0] == taken[1]
    entries = AuditEntry.objects.filter(event="note.member_erased")
    assert [{*one.changes} for one in entries] == [{"as_author", "as_attendee", "as_assignee"}] * 22


def test_the_login_stays_and_the_report_says_so(api: Api, alice: User, erased: Any) -> None:
    member = a_canary(api, user=alice)

    assert erased(member)["login_kept"] is True
    assert User.objects.filter(pk=alice.pk).exists()


def test_an_erasure_cannot_be_undone(api: Api, erased: Any) -> None:
    member = a_canary(api)
    pk = member.pk
    erased(member)

    entries = AuditEntry.objects.filter(object_resource="users", object_pk=str(pk))
    assert {one.event for one in entries} >= {"team_member.deleted", "team_member.erased"}
    for entry in entries:
        with pytest.raises(Protected, match="erased for good"):
            revert(SYSTEM, entry)
    assert not TeamMember.all_objects.filter(pk=pk).exists()


def test_others_keep_their_identifiers_when_a_crm_system_comes_back(api: Api, erased: Any) -> None:
    member = a_canary(api)
    system = a_system()
    grace = a_member(first_name="Grace", crm_ids={system.slot: "grace-1"})
    linus = a_member(first_name="Linus", crm_ids={system.slot: "linus-1"})
    crm.delete_crm_system(SYSTEM, system)
    erased(linus)
    erased(member)

    revert(SYSTEM, AuditEntry.objects.filter(event="crm_system.deleted").latest("pk"))

    assert verification.verify().problem == ""
    slot = CrmSystem.objects.get(pk=system.pk).slot
    assert TeamMember.objects.get(pk=grace.pk).crm_ids == {slot: "grace-1"}


# --- Over the API ----------------------------------------------------------------------------


def test_it_asks_first_and_tells_exactly_what_goes(api: Api, uploads_folder: Path) -> None:
    member = a_canary(api)
    before = AuditEntry.objects.count()

    asked = api.post("/team-members/erase", {"id": member.pk})

    impact = asked.json()["impact"]
    assert (asked.status_code, impact["undo"]) == (428, "impossible")
    assert impact["name"] == "Zyxwvut Qponmlk"
    assert AuditEntry.objects.count() == before
    assert default_storage.exists(str(member.profile_picture.name))
    tried = api.post("/team-members/erase?dry_run=true", {"id": member.pk}).json()
    done = api.post("/team-members/erase?confirm=true", {"id": member.pk}).json()
    assert done == tried["data"]
    assert done == {
        "id": member.pk,
        "user_num": "001",
        "erased": True,
        "removed": impact["removed"],
        "login_kept": False,
    }


def test_who_is_asked_has_it_tried_no_more_than_twice(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For what goes, and for what follows: each trial holds the lock of writing."""
    erase = Mock(wraps=services.erase_team_member)
    monkeypatch.setattr(services, "erase_team_member", erase)
    assert api.post("/team-members/erase", {"id": a_member().pk}).status_code == 428
    assert erase.call_count == 2


def test_a_key_that_reads_nobody_learns_no_name(api: Api, make_key: Any) -> None:
    member = a_canary(api)
    deleter = Api(make_key("users:erase"))

    asked = deleter.post("/team-members/erase", {"id": member.pk})
    done = deleter.post("/team-members/erase?confirm=true", {"id": member.pk})

    assert "Zyxwvut" not in asked.content.decode() + done.content.decode()
    assert done.json() == {"user_num": "001", "erased": True}


def test_a_copy_of_the_list_learns_of_it(api: Api) -> None:
    member = a_canary(api)
    since = AuditEntry.objects.latest("pk").at.isoformat().replace("+00:00", "Z")

    api.post("/team-members/erase?confirm=true", {"id": member.pk})

    [gone] = api.get(f"/team-members?updated_since={since}").json()["deleted"]
    assert (gone["id"], gone["user_num"]) == (member.pk, "001")


def test_a_key_erases_nobody_unless_it_was_made_for_that(make_key: Callable[..., str]) -> None:
    member = a_member()
    others = [one for one in all_scopes() if one != "users:erase"]

    answer = Api(make_key(*others)).post("/team-members/erase?confirm=true", {"id": member.pk})

    assert (answer.status_code, answer.json()["scope"]) == (403, "users:erase")
    assert TeamMember.objects.filter(pk=member.pk).exists()
