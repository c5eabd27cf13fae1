"""What answers that are kept for retries say of a person who was erased."""

from typing import Any

import pytest
from django.utils import timezone
from jsonschema import Draft202012Validator

from manage_api import idempotency
from manage_api.models import IdempotencyRecord
from manage_api.openapi.document import operation_schemas
from manage_api.rendering import load
from syteops.audit import chain
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.team import services
from syteops.team.models import TeamMember
from tests.fixtures import Api
from tests.samples.team import a_member
from tests.team.erasing import a_canary
from tests.trail import cut_before


def test_a_retry_is_still_answered_and_done_once(api: Api, erased: Any) -> None:
    member = a_canary(api)
    pk = member.pk
    erased(member)
    made = {"first_name": "Formerly", "last_name": "Qponmlk", "email": "canary@zyx.example"}

    again = api.post("/team-members", made, Idempotency_Key="made")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert {name: value for name, value in again.json().items() if value} == {
        "id": pk,
        "user_num": "001",
        "created_at": again.json()["created_at"],
        "updated_at": again.json()["updated_at"],
    }
    Draft202012Validator(operation_schemas("users.create")[1]).validate(again.json())
    assert not TeamMember.all_objects.exists()
    assert IdempotencyRecord.objects.count() == 3


def test_of_several_members_in_a_stored_answer_the_others_stay(api: Api, erased: Any) -> None:
    new = [{"action": "create", "params": {"first_name": name}} for name in ("Ada", "Grace")]
    bulk = {"items": new}
    ada, grace = api.post("/team-members/bulk", bulk, Idempotency_Key="both").json()["items"]

    erased(TeamMember.objects.get(pk=ada["data"]["id"]))

    again = api.post("/team-members/bulk", bulk, Idempotency_Key="both").json()["items"]
    assert again[0]["data"]["first_name"] == ""
    assert again[1] == grace


@pytest.mark.combination
def test_other_answers_keep_what_is_merely_spelled_like_the_name(api: Api, erased: Any) -> None:
    """A member may be called as a status, a tag, a number, or as somebody else."""
    member = a_member(first_name="draft", last_name="")
    for name in ("urgent", "002", "Linus Lovelace", "members"):
        services.update_team_member(SYSTEM, member, full_name=name)
    a_member(first_name="Linus")
    calls: tuple[tuple[str, Any], ...] = (
        ("/notes", {"title": "urgent", "tags": ["urgent"], "author": "002", "meta": {
            "id": member.pk, "user_num": "001", "author_name": "urgent"}}),
        ("/notes/bulk", {"items": [{"action": "create", "params": {"title": "draft"}}]}),
        ("/crm-systems", {"name": "002"}),
        ("/crm-systems", {"name": "urgent"}),
        ("/estimates", {"title": "draft", "crm_num": "002"}),
        ("/roles", {"name": "members", "slug": "urgent"}),
    )  # fmt: skip
    told = [api.post(path, body, Idempotency_Key=f"{n}") for n, (path, body) in enumerate(calls)]
    assert [one.status_code for one in told] == [201, 200, 201, 201, 201, 201]

    erased(member)

    again = [api.post(path, body, Idempotency_Key=f"{n}") for n, (path, body) in enumerate(calls)]
    assert [one.headers["Idempotent-Replayed"] for one in again] == ["true"] * len(calls)
    assert [one.json() for one in again] == [one.json() for one in told]


def test_a_stored_note_names_the_member_no_more_and_others_still(api: Api, erased: Any) -> None:
    member, grace = a_member(first_name="Zyxwvut"), a_member(first_name="Grace")
    gone = a_member(first_name="Zyxwvut", last_name="Qponmlk")
    people = [member.slot, grace.slot, gone.slot]
    note = {"title": "Meeting", "author": member.slot, "attendees": people}
    api.post("/notes", note, Idempotency_Key="noted")
    made = api.post("/notes", note).json()
    services.delete_team_member(SYSTEM, gone)
    body = {"attendee_names": [str(gone), "Somebody"]}
    bulk = {"items": [{"action": "update", "params": {"id": str(made["id"]), **body}}]}
    api.post("/notes/bulk", bulk, Idempotency_Key="departed")

    erased(member)
    erased(gone)

    shown = api.post("/notes", note, Idempotency_Key="noted").json()
    assert (shown["author"], shown["author_name"]) == (people[0], None)
    assert shown["attendees"] == people
    [item] = api.post("/notes/bulk", bulk, Idempotency_Key="departed").json()["items"]
    assert item["data"]["attendee_names"] == ["Somebody"]
    assert item["data"]["author_name"] is None


@pytest.mark.combination
def test_a_name_goes_whose_entries_were_pruned(api: Api, erased: Any) -> None:
    """Answers are kept as long as the trail at least is, but a name may be older than both."""
    member, grace = a_member(first_name="Zyxwvut"), a_member(first_name="Grace")
    chain.seal_pending()
    cut_before(timezone.now())
    assert not AuditEntry.objects.exists()
    notes_of = {"title": "Meeting", "author": member.slot}, {"title": "Talk", "author": grace.slot}
    for key, note in enumerate(notes_of):
        api.post("/notes", note, Idempotency_Key=f"{key}")
    services.update_team_member(SYSTEM, member, first_name="", last_name="", nickname="Qponmlk")
    services.delete_team_member(SYSTEM, member)

    erased(member)

    again = [api.post("/notes", one, Idempotency_Key=f"{key}") for key, one in enumerate(notes_of)]
    assert [one.headers["Idempotent-Replayed"] for one in again] == ["true"] * 2
    assert [one.json()["author_name"] for one in again] == [None, "Grace Lovelace"]


@pytest.mark.parametrize(
    "name", ["Zoë", 'Zoë "Zed" Q', "back\\slash", "50% _ of", "Ångström 😀", "Q" * 100 + "ß" * 100]
)
def test_a_name_goes_from_stored_answers_however_it_is_written(
    api: Api, erased: Any, name: str
) -> None:
    member = a_member(full_name=name)
    api.post("/notes", {"title": "Meeting", "author": member.slot}, Idempotency_Key="noted")

    erased(member)

    [stored] = IdempotencyRecord.objects.filter(answer__operation="notes_items.create")
    assert load(stored.answer["body"].encode())["author_name"] is None


def test_answers_that_tell_nothing_of_the_member_are_not_read(
    api: Api, erased: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy site keeps hundreds of thousands, and meanwhile every writer waits."""
    read: list[Any] = []

    def load_and_note(body: bytes) -> Any:
        read.append(load(body))
        return load(body)

    member, other = a_member(), a_member(first_name="Linus", last_name="Torvalds")
    for number, author in enumerate((member, other, other)):
        note = {"title": "Meeting", "author": author.slot}
        api.post("/notes", note, Idempotency_Key=f"note-{number}")
    monkeypatch.setattr(idempotency, "load", load_and_note)

    erased(member)

    assert [one["author_name"] for one in read] == ["Ada Lovelace"]
