from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.roles import services as roles
from syteops.roles.models import Role
from syteops.team.models import TeamMember
from tests.each import each
from tests.fixtures import Api
from tests.samples.team import a_member

EVERYTHING = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "full_name": "Ada, Countess of Lovelace",
    "nickname": "Ada",
    "job_title": "Analyst",
    "company_name": "Analytical Engines Ltd",
    "email": "ada@example.com",
    "email_alternate": "office@example.com",
    "email_personal": "ada@example.org",
    "phone_number": "+44 20 7946 0018",
    "phone_mobile": "+44 7700 900018",
    "phone_map_pref": "Organic Maps",
    "slack_handle": "@ada",
    "website": "https://ada.example.com",
    "linkedin_url": "https://linkedin.example/in/ada",
    "address_line_1": "12 St James's Square",
    "address_line_2": "2nd floor",
    "city": "London",
    "region": "Greater London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
    "time_zone": "Europe/London",
    "language": "en-GB",
    "link_profile_pic": "https://cdn.example.com/ada.jpg",
    "biography": "Wrote the first program.",
    "notes": "Prefers letters.",
}


def test_a_new_member_is_shown_as_it_is_read_and_nobody_is_asked_what_it_holds(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    with CaptureQueriesContext(connection) as seen:
        answers = [api.post("/team-members", {"first_name": "Ada", "crm_ids": {}})]
    assert not any("roles_roleassignment" in one["sql"] for one in seen)
    assert not any(one["sql"].startswith('SELECT "crm_') for one in seen)
    answers.append(api.post("/team-members", {"first_name": "Bob", "crm_ids": {"001": "hs-7"}}))

    for number, answer in enumerate(answers, 1):
        assert answer.status_code == 201
        assert answer.json() == api.get(f"/team-members/{number:03d}").json()
        assert answer.headers["ETag"] == api.get(f"/team-members/{number:03d}").headers["ETag"]


def test_a_changed_member_is_shown_as_it_is_read_with_what_the_precondition_was_read_for(
    api: Api,
) -> None:
    roles.assign(SYSTEM, Role.objects.get(slug="site_owner"), a_member())
    for number in ("001", "002"):
        api.post("/crm-systems", {"name": f"System {number}"})
    headers: dict[str, str] = {}
    first, third = ({"crm_ids": {number: f"hs-{number}"}} for number in ("001", "002"))
    for changes, asked in ((first, 1), ({"city": "Wien"}, 1), (third, 2)):
        with CaptureQueriesContext(connection) as seen:
            answer = api.patch("/team-members/001", changes, **headers)
        assert answer.status_code == 200
        assert sum('FROM "roles_roleassignment"' in one["sql"] for one in seen) == asked
        read = api.get("/team-members/001")
        assert answer.json() == read.json()
        assert answer.json()["roles"] == ["site_owner"]
        assert answer.headers["ETag"] == read.headers["ETag"]
        headers = {"If_Match": read.headers["ETag"]}
    assert answer.json()["crm_ids"] == {"001": "hs-001", "002": "hs-002"}


@each(
    ("field", "value", "code"),
    [
        ("email", "nobody", "invalid"),
        ("email_personal", "a@b", "invalid"),
        ("website", "javascript:alert(1)", "invalid"),
        ("linkedin_url", "linkedin.example/in/ada", "invalid"),
        ("link_profile_pic", "data:image/png;base64,AAAA", "invalid"),
        ("country", "XX", "invalid_choice"),
        ("country", "at", "invalid_choice"),
        ("country", 43, "invalid_choice"),
        ("time_zone", "Vienna", "invalid_choice"),
        ("time_zone", "../../etc/passwd", "invalid_choice"),
        ("language", "german", "invalid"),
        ("language", "e n", "invalid"),
        ("first_name", "x" * 101, "too_long"),
        ("phone_map_pref", "x" * 51, "too_long"),
        ("biography", "x" * 20_001, "too_long"),
        ("first_name", None, "invalid"),
        ("first_name", 5, "invalid"),
        ("phone_number", 123, "invalid"),
        ("id", 7, "read_only"),
        ("user_num", "007", "read_only"),
        ("roles", ["site_owner"], "read_only"),
        ("profile_picture", "https://example.com/me.jpg", "read_only"),
        ("created_at", "2026-01-01T00:00:00Z", "read_only"),
        ("deleted_at", None, "unknown_field"),
        ("former_number", 1, "unknown_field"),
        ("uid", "x", "unknown_field"),
        ("number", 7, "unknown_field"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_and_nothing_is_stored(
    api: Api, field: str, value: Any, code: str
) -> None:
    member = a_member()

    for answer in (
        api.post("/team-members", {field: value}),
        api.patch("/team-members/001", {"nickname": "changed", field: value}),
    ):
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == (f"#/{field}", code)
    assert TeamMember.all_objects.count() == 1
    member.refresh_from_db()
    assert member.nickname == ""


@pytest.mark.parametrize("number", ["1", "01", "0001", "000", "-01", "abc", "١٢٣", "001%00"])
def test_only_the_exact_number_names_a_member(api: Api, number: str) -> None:
    a_member()

    assert api.get(f"/team-members/{number}").status_code == 404


def test_every_field_can_be_stored_and_is_answered(api: Api) -> None:
    made = api.post("/team-members", EVERYTHING)

    assert made.status_code == 201
    assert made.headers["Location"].endswith("/team-members/001")
    record = api.get("/team-members/001").json()
    assert record == made.json()
    assert {name: record[name] for name in EVERYTHING} == EVERYTHING
    assert record["user_num"] == "001"
    assert record["id"] == TeamMember.objects.get().pk
    assert (record["profile_picture"], record["user"]) == (None, None)
    assert (record["crm_ids"], record["roles"]) == ({}, [])


def test_every_field_is_optional_and_can_be_made_blank(api: Api) -> None:
    assert api.post("/team-members").status_code == 201
    api.patch("/team-members/001", EVERYTHING)

    cleared = api.patch("/team-members/001", dict.fromkeys(EVERYTHING, ""))

    assert cleared.status_code == 200
    assert {cleared.json()[name] for name in EVERYTHING} == {""}


def test_two_members_may_share_an_email(api: Api) -> None:
    for _ in range(2):
        assert api.post("/team-members", {"email": "team@example.com"}).status_code == 201

    assert TeamMember.objects.filter(email="team@example.com").count() == 2


def test_the_full_name_is_joined_of_the_two_when_blank(api: Api) -> None:
    api.post("/team-members", {"first_name": "Ada", "last_name": "King"})
    assert api.get("/team-members/001").json()["full_name"] == "Ada King"

    renamed = api.patch("/team-members/001", {"last_name": "Lovelace"})
    assert renamed.json()["full_name"] == "Ada Lovelace"

    given = api.patch("/team-members/001", {"full_name": "Countess of Lovelace"})
    assert given.json()["full_name"] == "Countess of Lovelace"

    assert api.patch("/team-members/001", {"full_name": ""}).json()["full_name"] == "Ada Lovelace"


def test_sending_the_joined_name_back_changes_nothing(api: Api) -> None:
    api.post("/team-members", {"first_name": "Ada", "last_name": "King"})

    same = api.patch("/team-members/001", {"full_name": "Ada King"})

    assert same.headers["SyteOps-Changed"] == "false"
    renamed = api.patch("/team-members/001", {"last_name": "Lovelace"})
    assert renamed.json()["full_name"] == "Ada Lovelace"


def test_an_identical_update_changes_and_records_nothing(api: Api) -> None:
    api.post("/team-members", EVERYTHING)
    before = api.get("/team-members/001").json()
    entries = AuditEntry.objects.count()

    same = api.patch("/team-members/001", EVERYTHING)

    assert same.headers["SyteOps-Changed"] == "false"
    assert same.json() == before
    assert AuditEntry.objects.count() == entries


def test_a_language_tag_is_stored_in_its_usual_case(api: Api) -> None:
    made = api.post("/team-members", {"language": "ZH-hant-tw"})

    assert made.json()["language"] == "zh-Hant-TW"
    same = api.patch("/team-members/001", {"language": "zh-hant-TW"})
    assert same.headers["SyteOps-Changed"] == "false"


def test_a_change_is_recorded_with_what_was_before(api: Api) -> None:
    api.post("/team-members", {"first_name": "Ada", "city": "London"})

    api.patch("/team-members/001", {"first_name": "Grace", "city": "London"})

    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.event, entry.object_id) == ("team_member.updated", "001")
    assert entry.operation == "users.update"
    assert entry.changes == {"first_name": {"before": "Ada", "after": "Grace"}}


def test_a_dry_run_stores_nothing(api: Api) -> None:
    a_member()

    answer = api.patch("/team-members/001?dry_run=true", {"first_name": "Grace"}).json()

    assert answer["changed"] is True
    assert answer["data"]["first_name"] == "Grace"
    assert TeamMember.objects.get().first_name == "Ada"


def test_an_outdated_etag_stops_the_change(api: Api) -> None:
    a_member()
    etag = api.get("/team-members/001").headers["ETag"]
    api.patch("/team-members/001", {"city": "Paris"})

    lost = api.patch("/team-members/001", {"city": "Rome"}, If_Match=etag)

    assert lost.status_code == 412
    assert TeamMember.objects.get().city == "Paris"
