"""Draft, sent, answered, revised: what each state allows, and what it refuses."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from estimates import services
from estimates.choices import EstimateStatus
from estimates.links import client_path
from estimates.models import Estimate, LineItem
from estimates.queries import get_estimate
from manage_api.models import IdempotencyRecord
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from tests.fixtures import Api
from tests.samples.estimates import a_draft, a_sent_one

NAMED = {"name": "Cleo Client"}


def token_of(api: Api, estimate: Estimate) -> str:
    url: str = api.get(f"/estimates/{estimate.pk}").json()["client_url"]
    return url.rpartition("/")[2]


def expire(estimate: Estimate) -> Estimate:
    yesterday = timezone.localdate() - timedelta(days=1)
    Estimate.objects.filter(pk=estimate.pk).update(valid_until=yesterday)
    return get_estimate(str(estimate.pk))


def an_estimate(state: str) -> Estimate:
    """An estimate in that state."""
    if state == "draft":
        return a_draft()
    estimate = a_sent_one()
    if state in ("approved", "declined"):
        return services.answer_estimate(SYSTEM, estimate, EstimateStatus(state), name="Cleo")
    if state == "superseded":
        services.revise_estimate(SYSTEM, estimate)
    return expire(estimate) if state == "expired" else estimate


ALLOWED = {
    "update": ("draft",),
    "delete": ("draft", "declined", "expired"),
    "send": ("draft", "sent"),
    "approve": ("sent",),
    "decline": ("sent",),
    "revise": ("sent", "approved", "declined", "expired"),
}
STATES = ("draft", "sent", "approved", "declined", "expired", "superseded")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ALLOWED)
def test_each_state_allows_exactly_what_it_should(api: Api, action: str, state: str) -> None:
    estimate = an_estimate(state)
    before = Estimate.all_objects.filter(pk=estimate.pk).values().get()
    params = {"id": str(estimate.pk)}
    params |= {"update": {"title": "Changed"}, "approve": {"name": "Dora"}}.get(action, {})
    params |= {"decline": {"name": "Dora"}}.get(action, {})

    answer = api.dispatch(f"estimates_items.{action}", params, confirm=True)

    if state in ALLOWED[action]:
        assert answer.status_code == 200, answer.json()
        return
    assert answer.status_code == 409
    assert answer.json()["code"] == ("protected" if action in ("update", "delete") else "conflict")
    assert estimate.number in answer.json()["error"]
    assert Estimate.all_objects.filter(pk=estimate.pk).values().get() == before
    assert Estimate.all_objects.filter(revision=2).exists() == (state == "superseded")


# --- Sending ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacking", "missing"),
    [
        ({"client_email": ""}, ["client_email"]),
        ({"line_items": []}, ["line_items"]),
        ({"client_email": "", "line_items": []}, ["client_email", "line_items"]),
    ],
)
def test_an_incomplete_estimate_is_not_sent(
    api: Api, lacking: dict[str, Any], missing: list[str]
) -> None:
    estimate = a_draft(**lacking)

    refused = api.post(f"/estimates/{estimate.pk}/send")

    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert refused.json()["missing"] == missing
    stored = Estimate.objects.get()
    assert (stored.status, stored.link_hash) == ("draft", None)


def test_an_estimate_past_its_last_day_is_not_sent(api: Api) -> None:
    estimate = a_draft(valid_until=timezone.localdate() - timedelta(days=1))

    assert api.post(f"/estimates/{estimate.pk}/send").status_code == 409
    api.patch(f"/estimates/{estimate.pk}", {"valid_until": timezone.localdate().isoformat()})
    assert api.post(f"/estimates/{estimate.pk}/send").json()["status"] == "sent"


def test_the_link_begins_with_the_public_address(api: Api, settings: Settings) -> None:
    settings.SITE_URL = "https://ops.example.com"
    estimate = a_sent_one()

    url = api.get(f"/estimates/{estimate.pk}", Host="localhost").json()["client_url"]

    assert url == f"https://ops.example.com{client_path(estimate)}"


def test_sending_twice_keeps_the_link(api: Api) -> None:
    estimate = a_draft()
    assert api.get(f"/estimates/{estimate.pk}").json()["client_url"] is None
    api.post(f"/estimates/{estimate.pk}/send")
    first = token_of(api, estimate)

    again = api.post(f"/estimates/{estimate.pk}/send")

    assert again.headers["SyteOps-Changed"] == "false"
    assert token_of(api, estimate) == first
    assert AuditEntry.objects.filter(event="estimate.sent").count() == 1


def test_links_are_unguessable_and_each_its_own(api: Api) -> None:
    tokens = {token_of(api, a_sent_one()) for _ in range(5)}

    assert len(tokens) == 5
    assert all(len(token) == 43 for token in tokens), "32 random bytes: 256 bits"


def test_the_link_is_nowhere_but_in_the_read(api: Api) -> None:
    estimate = a_draft()
    sent = api.post(f"/estimates/{estimate.pk}/send", Idempotency_Key="send-1")
    token = token_of(api, estimate)
    lookup = Estimate.objects.get().link_hash

    for shown in (
        sent.content.decode(),
        api.get("/estimates").content.decode(),
        api.get("/audit").content.decode(),
        str(list(AuditEntry.objects.values())),
        str(list(IdempotencyRecord.objects.values())),
        str(list(Estimate.objects.values())),
    ):
        assert token not in shown
    assert token != lookup
    assert AuditEntry.objects.get(event="estimate.sent").changes["link_token"] == {
        "before": None,
        "after": "set",
    }


def test_who_may_only_read_gets_no_link_to_approve_with(api: Api, make_key) -> None:
    estimate = a_sent_one()
    reader = Api(make_key("estimates_items:read"))
    writer = Api(make_key("estimates_items:read", "estimates_items:write"))

    assert reader.get(f"/estimates/{estimate.pk}").json()["client_url"] is None
    assert writer.get(f"/estimates/{estimate.pk}").json()["client_url"].startswith("http://")


def test_a_link_sealed_under_a_lost_key_is_not_shown_and_breaks_nothing(settings, db) -> None:
    estimate = a_sent_one()
    assert client_path(estimate)
    settings.FIELD_ENCRYPTION_KEYS = ["another-key-" + "abcdefgh" * 5]
    settings.FIELD_ENCRYPTION_KEY_FILE = None

    assert client_path(Estimate.objects.get(pk=estimate.pk)) is None


# --- Answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "status"), [("approve", "approved"), ("decline", "declined")])
def test_an_answer_on_the_clients_behalf_says_so(api: Api, action: str, status: str) -> None:
    estimate = a_sent_one()

    shown = api.post(f"/estimates/{estimate.pk}/{action}", {**NAMED, "comment": "By phone"})

    assert shown.json()["status"] == status
    answer = shown.json()["answer"]
    assert answer.pop("at")
    assert answer == {
        "name": "Cleo Client", "comment": "By phone", "address": "127.0.0.1", "on_behalf": True,
    }  # fmt: skip
    assert AuditEntry.objects.get(event=f"estimate.{status}").actor_kind == "key"


def test_the_same_answer_twice_is_one_and_another_is_refused(api: Api) -> None:
    estimate = a_sent_one()
    path = f"/estimates/{estimate.pk}"
    first = api.post(f"{path}/approve", NAMED).json()

    again = api.post(f"{path}/approve", NAMED)
    assert again.headers["SyteOps-Changed"] == "false"
    assert again.json() == first
    assert api.post(f"{path}/approve", {"name": "Somebody else"}).status_code == 409
    assert api.post(f"{path}/decline", NAMED).status_code == 409
    assert Estimate.objects.get().answered_by == "Cleo Client"


def test_an_estimate_expires_by_itself(api: Api) -> None:
    estimate = a_sent_one(valid_until=timezone.localdate())
    assert api.get(f"/estimates/{estimate.pk}").json()["status"] == "sent"

    expire(estimate)

    assert api.get(f"/estimates/{estimate.pk}").json()["status"] == "expired"
    assert [one["id"] for one in api.get("/estimates?status=expired").json()["items"]] == [
        estimate.pk
    ]
    assert api.get("/estimates?status=sent").json()["total"] == 0
    assert Estimate.objects.get().status == "sent", "nothing had to be stored"


def test_an_approved_estimate_never_expires(api: Api) -> None:
    estimate = expire(an_estimate("approved"))

    assert api.get(f"/estimates/{estimate.pk}").json()["status"] == "approved"


# --- Revisions and deletion ------------------------------------------------------------------


def test_a_revision_has_the_same_number_and_contents(api: Api) -> None:
    former = an_estimate("approved")

    made = api.post(f"/estimates/{former.pk}/revise")

    new = made.json()
    assert made.headers["SyteOps-Changed"] == "true"
    assert new["id"] != former.pk
    assert (new["number"], new["revision"], new["status"]) == (former.number, 2, "draft")
    assert (new["answer"], new["sent_at"]) == (None, None)
    assert new["slug"] != former.slug
    old = api.get(f"/estimates/{former.pk}").json()
    assert (old["superseded_by"], old["status"]) == (new["id"], "approved")
    same = ("title", "content", "client_email", "currency", "total", "valid_until", "meta")
    assert {n: old[n] for n in same} == {n: new[n] for n in same}
    assert not {one["id"] for one in old["line_items"]} & {one["id"] for one in new["line_items"]}
    events = AuditEntry.objects.order_by("id").values_list("event", flat=True)
    assert list(events)[-2:] == ["estimate.created", "estimate.superseded"]


def test_a_change_of_the_revision_leaves_the_former_as_it_was(api: Api) -> None:
    former = an_estimate("sent")
    new = api.post(f"/estimates/{former.pk}/revise").json()

    api.patch(f"/estimates/{new['id']}", {"line_items": [], "title": "Other"})

    old = api.get(f"/estimates/{former.pk}").json()
    assert (old["title"], old["total"]) == ("New website", "800.00")
    assert LineItem.objects.count() == 1


def test_lists_show_only_the_revision_that_stands(api: Api) -> None:
    former = an_estimate("sent")
    new = api.post(f"/estimates/{former.pk}/revise").json()

    def ids(query: str) -> list[int]:
        found = api.get(f"/estimates?ordering=number&{query}").json()["items"]
        return [one["id"] for one in found]

    assert ids("") == [new["id"]]
    assert ids("superseded=true") == [former.pk, new["id"]]
    assert ids(f"superseded=true&number={former.number}") == [former.pk, new["id"]]


def test_a_revision_of_an_expired_one_gets_time_again(api: Api) -> None:
    former = an_estimate("expired")

    new = api.post(f"/estimates/{former.pk}/revise").json()

    assert new["valid_until"] > timezone.localdate().isoformat()


def test_a_deleted_draft_revision_gives_its_place_back(api: Api) -> None:
    former = an_estimate("sent")
    new = api.post(f"/estimates/{former.pk}/revise").json()

    asked = api.delete(f"/estimates/{new['id']}")
    assert asked.json()["impact"]["reinstated_revision"] == 1
    api.delete(f"/estimates/{new['id']}?confirm=true")

    assert api.get(f"/estimates/{former.pk}").json()["superseded_by"] is None
    assert api.post(f"/estimates/{former.pk}/approve", NAMED).json()["status"] == "approved"
    assert api.post(f"/estimates/{former.pk}/revise").json()["revision"] == 3


def test_a_deleted_estimate_is_gone_but_its_number_stays_taken(api: Api) -> None:
    estimate = a_draft(slug="mine")
    gone = api.delete(f"/estimates/{estimate.pk}?confirm=true")

    assert gone.json() == {"id": estimate.pk, "deleted": True}
    for again in (
        api.get(f"/estimates/{estimate.pk}"),
        api.patch(f"/estimates/{estimate.pk}", {"title": "x"}),
        api.post(f"/estimates/{estimate.pk}/send"),
        api.delete(f"/estimates/{estimate.pk}?confirm=true"),
    ):
        assert again.status_code == 404
    other = a_draft(slug="mine")
    assert other.sequence == estimate.sequence + 1
    assert AuditEntry.objects.get(event="estimate.deleted").object_id == str(estimate.pk)


def test_a_lost_update_is_refused_also_when_sending(api: Api) -> None:
    estimate = a_draft()
    read = api.get(f"/estimates/{estimate.pk}")
    api.patch(f"/estimates/{estimate.pk}", {"line_items": [
        {"description": "Much more", "unit_price": "99999"}]})  # fmt: skip

    late = api.post(f"/estimates/{estimate.pk}/send", If_Match=read.headers["ETag"])

    assert late.status_code == 412
    assert Estimate.objects.get().status == "draft"


def test_a_dry_run_of_each_step_stores_nothing(api: Api) -> None:
    draft, sent = a_draft(), a_sent_one()
    before = list(Estimate.all_objects.values())

    for path, body in (
        (f"/estimates/{draft.pk}/send", None),
        (f"/estimates/{sent.pk}/approve", NAMED),
        (f"/estimates/{sent.pk}/revise", None),
    ):
        tried = api.post(f"{path}?dry_run=true", body)
        assert tried.json()["changed"] is True, path
    assert list(Estimate.all_objects.values()) == before
