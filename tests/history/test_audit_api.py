"""The audit trail over the API: who did what, filtered, in pages, and never a secret."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from pytest_django import DjangoAssertNumQueries

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM, Actor, ActorKind, Channel
from syteops.crm import services as crm
from tests.each import each
from tests.fixtures import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail(api: Api) -> list[dict[str, Any]]:
    """What the API shows after one system was added, changed and refused."""
    api.post("/crm-systems", {"name": "HubSpot"})
    api.patch("/crm-systems/001", {"name": "Zoho"})
    return entries(api)


def entries(api: Api, query: str = "") -> list[dict[str, Any]]:
    response = api.get(f"/audit{query}")
    assert response.status_code == 200, response.json()
    found: list[dict[str, Any]] = response.json()["entries"]
    return found


def test_an_entry_tells_everything_about_a_change(trail: list[dict[str, Any]]) -> None:
    newest = trail[0]
    stored = AuditEntry.objects.first()
    assert stored is not None
    moment = parse_datetime(newest.pop("at"))
    assert moment == stored.at
    key_id = newest["actor"].pop("id")
    assert len(key_id) == 12
    assert newest["actor"].pop("label").startswith("Site key (som_")
    assert newest == {
        "id": stored.pk,
        "outcome": "changed",
        "actor": {"kind": "key"},
        "door": "rest",
        "operation": "crm.update",
        "event": "crm_system.updated",
        "resource": "crm",
        "object": "001",
        "object_label": "Zoho",
        "changes": {"name": {"before": "HubSpot", "after": "Zoho"}},
        "code": "",
        "request_id": stored.request_id,
        "address": "127.0.0.1",
    }


def test_the_newest_come_first_in_pages(api: Api, trail: list[dict[str, Any]]) -> None:
    first = api.get("/audit?per_page=1").json()
    second = api.get("/audit?per_page=1&page=2").json()
    assert first["entries"] + second["entries"] == trail[:2]
    assert first["total"] == AuditEntry.objects.count()
    assert (second["page"], second["per_page"]) == (2, 1)


def test_refused_attempts_are_there_with_their_reason(
    api: Api, make_key: Callable[..., str]
) -> None:
    Api(make_key("roles:read")).delete("/crm-systems/001")
    newest = entries(api)[0]
    assert (newest["outcome"], newest["code"]) == ("refused", "insufficient_scope")
    assert (newest["operation"], newest["object"]) == ("crm.delete", "001")


def test_each_filter_leaves_only_what_fits(
    api: Api, trail: list[dict[str, Any]], as_person: Callable[[User], Api], alice: User
) -> None:
    as_person(alice).post("/crm-systems", {"name": "By Alice"})
    assert [one["object_label"] for one in entries(api, "?actor=alice")] == ["By Alice"]
    assert entries(api, f"?actor={alice.pk}")[0]["actor"]["label"] == "alice"
    assert {one["resource"] for one in entries(api, "?resource=keys")} == {"keys"}
    assert [one["event"] for one in entries(api, "?resource=crm&object=001")] == [
        "crm_system.updated",
        "crm_system.created",
    ]
    assert entries(api, "?actor=nobody") == []
    assert [one["event"] for one in entries(api, "?event=crm_system.updated")] == [
        "crm_system.updated"
    ]
    assert {one["door"] for one in entries(api, "?door=system")} == {"system"}
    assert entries(api, "?door=admin") == []


def test_a_client_who_signs_with_a_person_s_name_is_not_that_person(
    api: Api, as_person: Callable[[User], Api], alice: User
) -> None:
    as_person(alice).post("/crm-systems", {"name": "By Alice"})
    client = Actor(ActorKind.CLIENT, "estimates_items/1", "alice", Channel.PUBLIC)
    crm.create_crm_system(client, name="By a client")

    assert [one["object_label"] for one in entries(api, "?actor=alice")] == ["By Alice"]
    of_client = entries(api, "?actor=estimates_items/1")
    assert [one["actor"]["kind"] for one in of_client] == ["client"]


def test_attempts_and_changes_can_be_told_apart(
    api: Api, trail: list[dict[str, Any]], make_key: Callable[..., str]
) -> None:
    Api(make_key("roles:read")).delete("/crm-systems/001")
    assert [one["event"] for one in entries(api, "?outcome=refused")] == ["crm.refused"]
    assert "crm.refused" not in {one["event"] for one in entries(api, "?outcome=changed")}
    assert entries(api, "?resource=crm&outcome=changed") == trail[:2]


def test_a_key_is_found_by_its_name_alone(api: Api, make_key: Callable[..., str]) -> None:
    names = ("Tool", "Tool (old)", "tool", "To.l", "Tool (a) (b)")
    for name in names:
        Api(make_key("crm:write", name=name)).post("/crm-systems", {"name": f"By {name}"})

    for name in names:
        shown = entries(api, f"?actor={quote(name)}")
        assert [one["object_label"] for one in shown] == [f"By {name}"], name
        label = shown[0]["actor"]["label"]
        assert label.startswith(f"{name} (som_")
        assert entries(api, f"?actor={quote(label)}") == shown
    assert entries(api, "?actor=Too") == []
    assert entries(api, f"?actor={quote('Tool (')}") == []
    assert entries(api, f"?actor={quote('.*')}") == []


def test_only_keys_have_a_hint_that_can_be_left_out(api: Api) -> None:
    crm.create_crm_system(replace(SYSTEM, label="SyteOps (staging)"), name="HubSpot")
    assert len(entries(api, f"?actor={quote('SyteOps (staging)')}")) == 1
    assert {one["actor"]["label"] for one in entries(api, "?actor=SyteOps")} == {"SyteOps"}


def test_a_period_ends_before_the_moment_given(api: Api, trail: list[dict[str, Any]]) -> None:
    day = datetime(2026, 1, 31, tzinfo=UTC)
    for number, entry in enumerate(reversed(trail)):
        AuditEntry.objects.filter(pk=entry["id"]).update(at=day + timedelta(hours=number))
    shown = entries(api, "?since=2026-01-31T01:00:00Z&until=2026-01-31T02:00:00Z")
    assert [one["id"] for one in shown] == [trail[-2]["id"]]
    assert entries(api, "?since=2026-01-31T02:00:00Z&until=2026-01-31T02:00:00Z") == []


def test_the_filters_are_the_same_over_dispatch(api: Api, trail: list[dict[str, Any]]) -> None:
    wanted = {"outcome": "changed", "door": "rest", "event": "crm_system.created"}
    found = api.dispatch("audit.list", {**wanted, "until": "2999-01-01T00:00:00Z"}).json()
    assert [one["id"] for one in found["data"]["entries"]] == [trail[1]["id"]]
    assert api.dispatch("audit.list", {"door": 1}).json()["code"] == "validation_error"


def test_since_is_a_moment_with_its_offset(api: Api, trail: list[dict[str, Any]]) -> None:
    AuditEntry.objects.filter(pk=trail[-1]["id"]).update(at=timezone.now() - timedelta(hours=2))
    hour_ago = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = [one["id"] for one in entries(api, f"?since={hour_ago}")]
    assert trail[-1]["id"] not in shown
    assert trail[0]["id"] in shown


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"])
def test_the_ends_of_time_are_no_error(api: Api, trail: list[Any], since: str) -> None:
    is_start = since.startswith("0")
    assert len(entries(api, f"?since={since}")) == (len(trail) if is_start else 0)
    assert len(entries(api, f"?until={since}")) == (0 if is_start else len(trail))


@each(
    "query",
    [
        "?since=yesterday",
        "?since=2026-01-01",
        "?since=2026-01-01T00:00:00",
        "?since=",
        "?actor=" + "x" * 201,
        "?page=0",
        "?page=x",
        "?per_page=201",
        "?until=tomorrow",
        "?until=2026-01-01T00:00:00",
        "?outcome=done",
        "?outcome=Refused",
        "?outcome=",
        "?door=window",
        "?event=",
        "?event=" + "x" * 101,
        "?event=%00",
        "?who=alice",
        "?actor=%00",
    ],
)
def test_wrong_filters_are_refused(api: Api, query: str) -> None:
    answer = api.get(f"/audit{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes_it_over_the_api(api: Api, method: str) -> None:
    before = AuditEntry.objects.count()
    answer = api.call(method, "/audit", {"event": "x"})
    assert answer.status_code == 405
    assert "cannot be changed" in answer.json()["detail"]
    assert AuditEntry.objects.count() == before


def test_it_takes_its_own_scope_or_permission(
    make_key: Callable[..., str], as_person: Callable[[User], Api], bob: User, alice: User
) -> None:
    assert Api(make_key("audit:read")).get("/audit").status_code == 200
    assert Api(make_key("crm:read")).get("/audit").json()["scope"] == "audit:read"
    assert as_person(alice).get("/audit").status_code == 200
    assert as_person(bob).get("/audit").status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    assert as_person(bob).get("/audit").status_code == 200


def test_secrets_are_told_as_set_and_cleared(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    api.put("/crm-systems/001/secret", {"api_key": "canary-9f1b"})
    api.delete("/crm-systems/001/secret?api_key=true&confirm=true")
    text = api.get("/audit?resource=crm").content.decode()
    assert "canary" not in text
    assert '"after":"set"' in text
    assert '"after":"cleared"' in text


def test_the_number_of_queries_is_constant(
    api: Api, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        crm.create_crm_system(SYSTEM, name=f"System {number}")
    api.get("/whoami")  # the first time, the trail is asked whether the key has ended
    # The key; which entries, how long several are, what they are and, as there are more, how many.
    for length, queries in ((1, 4), (2, 5), (15, 5)):
        with django_assert_num_queries(queries):
            api.get(f"/audit?per_page={length}")
