"""`updated_since` on every list: whatever a copy of the list would miss is told.

Each write of the registry is done, in a site where everything is linked with everything, and every
list is compared with what it showed before. So an operation, or a list, is walked from the moment
it is declared.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.serializers import ListSerializer

from estimates import services as estimates
from estimates.models import Estimate
from manage_api.operations import Operation, all_operations
from notes import services as notes
from syteops.audit import chain
from syteops.audit.models import AuditEntry
from syteops.audit.services import record_about
from syteops.core.actors import SYSTEM
from syteops.core.events import Noun, Verb
from syteops.crm.models import CrmSystem
from syteops.people.queries import person_values
from syteops.people.services import record_person
from syteops.roles import services as roles
from syteops.site import services as site
from syteops.site.models import License, LicenseStatus
from syteops.team import services as team
from syteops.team.models import TeamMember
from tests.each import each
from tests.fixtures import Api
from tests.manage_api.faces import FACES
from tests.samples import all_samples
from tests.samples.estimates import a_sent_one
from tests.samples.roles import a_role
from tests.samples.team import a_member
from tests.trail import cut_before

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("generous_budgets")]

LISTS = [
    one
    for one in all_operations()
    if one.endpoint == "list" and one.input and "updated_since" in one.input().fields  # type: ignore[attr-defined]
]
WRITES = [one for one in all_operations() if one.writes]
every_list = pytest.mark.parametrize("listed", LISTS, ids=lambda one: one.name)


def moment(at: datetime | None = None) -> str:
    return (at or timezone.now()).astimezone(UTC).isoformat().replace("+00:00", "Z")


def shown(api: Api, one: Operation, since: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    """What the list shows, by its identifier, and the whole answer; nothing of an absent module."""
    answer = api.get(one.path + (f"?updated_since={quote(since)}" if since else ""))
    body = answer.json()
    if body.get("code") == "module_inactive":
        return {}, {"deleted": []}
    assert answer.status_code == 200, body
    return {named(one, row): row for row in body[one.viewset.list_name]}, body


def named(one: Operation, row: dict[str, Any]) -> str:
    return str(row[one.viewset.lookup_name()])


def link_everything() -> None:
    """Let notes name each member, each member hold a role and be known to each CRM system."""
    editor, systems = a_role(name="Linked"), list(CrmSystem.objects.all())
    for member in TeamMember.objects.all():
        team.update_team_member(SYSTEM, member, crm_ids={one.slot: "A-1" for one in systems})
        roles.assign(SYSTEM, editor, member)
    for member in TeamMember.all_objects.all():
        items = [{"text": "Call", "assignee": member}]
        notes.create_note(SYSTEM, title="Author", author=member)
        notes.create_note(SYSTEM, title="Attendee", attendees=[member], action_items=items)
    for system in systems:
        estimates.create_estimate(SYSTEM, title="Work", crm_system=system)


def shows_many(one: Operation) -> bool:
    """Whether it answers entries of something, whole or in pages."""
    fields = one.output().fields.values()  # type: ignore[attr-defined]
    is_of_none = one.method == "GET" and not one.path_params
    return is_of_none and any(isinstance(field, ListSerializer) for field in fields)


MANY = [one for one in all_operations() if shows_many(one)]
OTHERS = [one for one in MANY if one not in LISTS]


def test_every_list_is_walked() -> None:
    assert {one.name for one in all_operations() if one.endpoint == "list" and one.input} <= {
        one.name for one in MANY
    }
    assert len(LISTS) >= 9
    assert len(OTHERS) >= 7


@pytest.mark.parametrize("listed", OTHERS, ids=lambda one: one.name)
def test_a_list_that_does_not_take_it_says_what_to_do_instead(api: Api, listed: Operation) -> None:
    """Fails for a new list that neither takes it nor says so; what it names is there."""
    since = moment()

    over_rest = api.get(f"{listed.path}?updated_since={quote(since)}")
    [error] = over_rest.json()["errors"]
    in_dispatch = api.dispatch(listed.name, {"updated_since": since}).json()["errors"][0]

    assert (over_rest.status_code, error["pointer"]) == (400, "#/updated_since")
    assert error["code"] == "unknown_field"
    assert error["detail"] == in_dispatch["detail"] == listed.viewset.why_no_sync
    fields = listed.input().fields if listed.input else {}  # type: ignore[attr-defined]
    named = {"since", "after", "state"} & set(re.findall("[a-z]+", error["detail"]))
    assert named & fields.keys() or "If-None-Match" in error["detail"]


@pytest.mark.once  # what a service calls changed; how moments compare is looked at below
@pytest.mark.parametrize("write", WRITES, ids=lambda one: one.name)
def test_whatever_a_write_changes_is_told(api: Api, write: Operation) -> None:
    sample = all_samples()[write.name]()
    link_everything()
    before, since = {one.name: shown(api, one)[0] for one in LISTS}, moment()

    answer = FACES["rest"].call(api, write, sample)

    assert answer.is_success, answer.body
    for one in LISTS:
        after = shown(api, one)[0]
        was = before[one.name] if after else {}  # all of them, or its module is away
        if after == was and one.resource != write.resource:
            continue
        changed, body = shown(api, one, since)
        assert {n for n, row in after.items() if row != was.get(n)} <= changed.keys(), one.name
        assert all(after.get(name, row) == row for name, row in changed.items())
        # What a default leaves out of the list, such as a former revision, is told as changed.
        told = {*changed, *(named(one, row) for row in body.get("deleted", ()))}
        assert was.keys() - after.keys() <= told, one.name


@every_list
def test_what_was_changed_before_is_not_told(api: Api, listed: Operation) -> None:
    all_samples()[listed.name]()
    link_everything()
    assert shown(api, listed)[0]

    with patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(days=9)):
        changed, body = shown(api, listed, moment())

    assert changed == {}
    assert body.get("deleted", []) == []


@every_list
@each(
    "since",
    [
        "", "yesterday", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "1769860800",
        "2026-01-31T12:00Z", "2026-01-31T12:00:00 01:00", "2026-01-31T12:00:00+0100",
        "2026-02-30T12:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T12:00:00+99:00",
        "٢٠٢٦-01-31T12:00:00Z", "2026-01-31T12:00:00Z\n",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(api: Api, listed: Operation, since: str) -> None:
    answer = api.get(f"{listed.path}?updated_since={quote(since)}")

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["#/updated_since"]
    assert "offset" in answer.json()["detail"] + str(answer.json()["errors"])


@pytest.mark.combination
@every_list
@each(
    "since",
    ["2026-01-31T12:00:00.123456789+14:00", "2026-01-31t12:00:00z", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-12:00"],
)  # fmt: skip
def test_every_moment_is_taken(api: Api, listed: Operation, since: str) -> None:
    assert api.get(f"{listed.path}?updated_since={quote(since)}").status_code == 200


# --- Deletions -------------------------------------------------------------------------------


def users(api: Api, query: str) -> Any:
    answer = api.get(f"/team-members?{query}")
    assert answer.status_code == 200, answer.json()
    return answer.json()


def test_a_number_that_somebody_else_has_now_is_told_with_its_former_owner(api: Api) -> None:
    ada, since = a_member(), moment()
    team.delete_team_member(SYSTEM, ada)
    grace = a_member(first_name="Grace")

    answer = users(api, f"updated_since={since}")

    assert [(one["id"], one["user_num"]) for one in answer["deleted"]] == [(ada.pk, "001")]
    assert [(one["id"], one["user_num"]) for one in answer["users"]] == [(grace.pk, "001")]


def test_what_came_back_under_its_name_is_not_gone(api: Api) -> None:
    ada, since = a_member(), moment()
    team.delete_team_member(SYSTEM, ada)
    team.restore_team_member(SYSTEM, ada)

    answer = users(api, f"updated_since={since}")

    assert answer["deleted"] == []
    assert [one["user_num"] for one in answer["users"]] == ["001"]


def test_deletions_are_on_the_first_page(api: Api) -> None:
    since = moment()
    for _ in range(3):
        a_member()
    team.delete_team_member(SYSTEM, a_member())

    first = users(api, f"updated_since={since}&per_page=2")
    second = users(api, f"updated_since={since}&per_page=2&after={first['next']}")

    assert (len(first["deleted"]), len(second["deleted"])) == (1, 0)
    assert (first["total"], len(second["users"])) == (3, 1)


def test_what_happens_between_two_pages_hides_nothing(api: Api) -> None:
    since = moment()
    members = [a_member() for _ in range(6)]
    first = users(api, f"updated_since={since}&per_page=3")
    team.delete_team_member(SYSTEM, members[0])
    a_member()

    second = users(api, f"updated_since={since}&per_page=3&after={first['next']}")

    told = {one["id"] for one in (*first["users"], *second["users"])}
    assert {one.pk for one in members} <= told
    refused = api.get(f"/team-members?updated_since={since}&per_page=3&page=2").json()
    assert [one["pointer"] for one in refused["errors"]] == ["#/page"]


def test_a_plain_list_tells_nothing_of_it(api: Api) -> None:
    assert not {"deleted", "next_since"} & users(api, "").keys()


# --- What is not kept ------------------------------------------------------------------------


def test_what_a_restored_backup_took_back_is_not_missed(api: Api) -> None:
    since = timezone.now().isoformat()
    about = (AuditEntry.resource, "", "")
    record_about(SYSTEM, Noun.AUDIT, Verb.RESTORED, about)
    for query, status in ((since, 400), (timezone.now().isoformat(), 200)):
        answer = api.get(f"/team-members?{urlencode({'updated_since': query})}")
        assert answer.status_code == status
    refused = api.get(f"/team-members?{urlencode({'updated_since': since})}").json()
    assert [one["code"] for one in refused["errors"]] == ["too_old"]


def test_before_the_trail_begins_it_says_to_fetch_everything(api: Api) -> None:
    a_member()
    cut = timezone.now()
    chain.seal_pending()
    assert cut_before(cut) > 0

    for listed in LISTS:
        answer = api.get(f"{listed.path}?updated_since={moment(cut - timedelta(seconds=1))}")
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (400, "too_old")
        assert "Fetch everything" in error["detail"]
        assert api.get(f"{listed.path}?updated_since={moment(cut)}").status_code == 200


def test_too_many_deletions_say_so_as_well(api: Api, monkeypatch: Any) -> None:
    monkeypatch.setattr("manage_api.changes.MOST_GONE", 1)
    since = moment()
    for member in (a_member(), a_member()):
        team.delete_team_member(SYSTEM, member)

    answer = api.get(f"/team-members?updated_since={since}")

    assert [one["code"] for one in answer.json()["errors"]] == ["too_old"]


# --- What no operation of the API changes ------------------------------------------------------


def test_too_many_changes_say_so_as_well(api: Api, monkeypatch: Any) -> None:
    since = moment()
    a_member()
    monkeypatch.setattr("manage_api.changes.MOST_CHANGES", AuditEntry.objects.count())
    assert len(users(api, f"updated_since={since}")["users"]) == 1
    monkeypatch.setattr("manage_api.changes.MOST_CHANGES", 0)

    refused = api.get(f"/team-members?updated_since={since}").json()

    assert [(one["pointer"], one["code"]) for one in refused["errors"]] == [
        ("#/updated_since", "too_old")
    ]


@pytest.mark.parametrize(("change", "told"), [("phone_mobile", 0), ("nickname", 1)])
def test_a_note_tells_of_a_member_what_it_shows(api: Api, change: str, told: int) -> None:
    """When a telephone number was changed is for who may read members."""
    member = a_member()
    api.post("/notes", {"title": "Meeting", "attendees": [member.slot]})
    since = moment()
    api.patch(f"/team-members/{member.slot}", {change: "1234"})

    assert len(api.get(f"/notes?updated_since={since}").json()["items"]) == told


def test_an_estimate_that_expires_by_itself_is_told(api: Api) -> None:
    today = timezone.localdate()
    sent, other = a_sent_one(valid_until=today), a_sent_one(valid_until=today + timedelta(days=9))
    evening = timezone.now() + timedelta(seconds=5)
    tomorrow = evening + timedelta(days=1)

    with patch("django.utils.timezone.now", return_value=tomorrow):
        answer = api.get(f"/estimates?updated_since={quote(moment(evening))}").json()

    assert [(one["id"], one["status"]) for one in answer["items"]] == [(sent.pk, "expired")]
    assert Estimate.objects.filter(pk=other.pk).exists()


def test_a_login_of_another_name_is_told(api: Api, page: Client, alice: User) -> None:
    member, _, since = a_member(user=alice), a_member(), moment()
    before = person_values(alice)
    alice.username = "alicia"
    alice.save()
    record_person(SYSTEM, alice, before)

    assert [one["id"] for one in users(api, f"updated_since={since}")["users"]] == [member.pk]


def test_a_revoked_licence_changes_every_module(api: Api) -> None:
    since = moment()
    site.update_license(SYSTEM, site.locked(License), status=LicenseStatus.REVOKED)

    modules = api.get(f"/modules?updated_since={since}").json()["modules"]
    assert {(one["module"], one["active"]) for one in modules} >= {
        ("notes", False),
        ("estimates", False),
    }


def test_the_next_moment_leaves_time_for_whoever_has_not_committed_yet(
    api: Api, settings: Any
) -> None:
    before = timezone.now()
    answer = users(api, f"updated_since={moment()}")

    told = datetime.fromisoformat(answer["next_since"])
    assert before <= told + timedelta(seconds=settings.WORKER_TIMEOUT) <= timezone.now()
