"""Changes of drafts are undone. What a client has seen stays, and no number is ever lost."""

from collections.abc import Callable
from typing import Any

import pytest

from estimates import services
from estimates.choices import EstimateStatus
from estimates.models import Estimate
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.history.undoable import can_revert
from syteops.modules import services as modules
from tests.fixtures import Api
from tests.samples.estimates import a_draft, a_sent_one
from tests.undoing import back_and_forth, latest, over_rest, refused, revert

LINES = [
    {"description": "Design", "quantity": "2", "unit_price": "400.00", "tax_percent": "20"},
    {"description": "Hosting", "quantity": "0.5", "unit_price": "9.9", "discount_percent": "12.5"},
]
OTHER = {
    "title": "Shop",
    "content": "All of *it*.",
    "excerpt": "It.",
    "slug": "the-shop",
    "meta": {"a": [1, 2.50]},
    "client_name": "Max",
    "client_company": "Max Inc.",
    "client_email": "max@example.com",
    "crm_num": None,
    "crm_contact_id": "C-7",
    "currency": "JPY",
    "valid_until": None,
    "line_items": [{"description": "Everything", "quantity": "1", "unit_price": "1000"}],
}


@pytest.fixture
def draft(api: Api) -> str:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    values = {"title": "Website", "content": "A **site**.", "crm_num": "001", "currency": "EUR"}
    made = api.post("/estimates", {**values, "line_items": LINES, "client_email": "c@example.com"})
    assert made.status_code == 201, made.json()
    return f"/estimates/{made.json()['id']}"


def shower(api: Api, path: str, ids: bool = False) -> Callable[[], Any]:
    """Shows the estimate as the API does, without what changes with every write."""

    def show() -> Any:
        shown = api.get(path).json()
        shown.pop("updated_at", None)
        shown.pop("request_id", None)
        if not ids:
            shown["line_items"] = [{**i, "id": 0} for i in shown.get("line_items", [])]
            shown["line_totals"] = [{**i, "line_item": 0} for i in shown.get("line_totals", [])]
        return shown

    return show


def test_every_field_of_a_draft_is_put_back(api: Api, draft: str) -> None:
    show = shower(api, draft)
    back_and_forth("estimate.updated", lambda: api.patch(draft, OTHER), show, over_rest(api))


@pytest.mark.parametrize("name", list(OTHER))
def test_each_field_alone_is_put_back(api: Api, draft: str, name: str) -> None:
    def change() -> None:
        api.patch(draft, {name: OTHER[name]})

    back_and_forth("estimate.updated", change, shower(api, draft), over_rest(api))


def test_line_items_keep_their_ids(api: Api, draft: str) -> None:
    first, second = api.get(draft).json()["line_items"]
    names = ("id", "description", "quantity", "unit_price", "discount_percent", "tax_percent")
    lines = [
        {**{n: first[n] for n in names}, "quantity": "3"},
        {**{n: second[n] for n in names}, "description": "More hosting"},
    ]

    def change() -> None:
        assert api.patch(draft, {"line_items": lines}).status_code == 200

    back_and_forth("estimate.updated", change, shower(api, draft, ids=True), over_rest(api))


def test_a_creation_is_undone_and_the_number_stays_taken(api: Api, draft: str) -> None:
    assert revert(api, latest("estimate.created")).status_code == 200
    assert api.get(draft).status_code == 404
    assert api.post("/estimates", {"title": "Next"}).json()["number"].endswith("-0002")

    assert revert(api, latest("estimate.deleted")).status_code == 200
    assert api.get(draft).json()["number"].endswith("-0001")
    assert revert(api, latest("estimate.restored")).status_code == 200
    assert api.get(draft).status_code == 404
    assert [one.sequence for one in Estimate.all_objects.order_by("id")] == [1, 2]


def test_a_deletion_is_undone_with_everything(api: Api, draft: str) -> None:
    def change() -> None:
        api.delete(f"{draft}?confirm=true")

    back_and_forth("estimate.deleted", change, shower(api, draft, ids=True), over_rest(api))


def test_a_slug_that_is_taken_by_now_stands_in_the_way(api: Api, draft: str) -> None:
    api.delete(f"{draft}?confirm=true")
    api.post("/estimates", {"title": "Website"})

    problem = refused(api, latest("estimate.deleted"), Estimate.objects.count)

    assert problem["fields"] == ["slug"]


def test_a_later_change_of_the_same_field_stands_in_the_way(api: Api, draft: str) -> None:
    for name, values in {
        "title": ("B", "C"),
        "line_items": ([], LINES[:1]),
        "crm_num": (None, "001"),
    }.items():
        api.patch(draft, {name: values[0]})
        entry = latest("estimate.updated")
        api.patch(draft, {name: values[1]})

        assert refused(api, entry, shower(api, draft))["fields"] == [
            name.replace("crm_num", "crm_system")
        ]


def test_a_later_change_of_another_field_stays(api: Api, draft: str) -> None:
    api.patch(draft, {"title": "B"})
    entry = latest("estimate.updated")
    api.patch(draft, {"line_items": [], "currency": "JPY"})

    assert revert(api, entry).status_code == 200

    shown = api.get(draft).json()
    assert (shown["title"], shown["line_items"], shown["currency"]) == ("Website", [], "JPY")


def test_the_crm_system_that_was_named_comes_back_and_no_other(api: Api, draft: str) -> None:
    api.patch(draft, {"crm_num": None})
    entry = latest("estimate.updated")
    api.delete("/crm-systems/001?confirm=true")
    crm.create_crm_system(SYSTEM, name="Zoho")  # 001 now

    assert revert(api, entry).status_code == 200

    assert Estimate.objects.get().crm_system.name == "HubSpot"


# --- What a client has seen --------------------------------------------------------------------


@pytest.mark.parametrize("status", [EstimateStatus.APPROVED, EstimateStatus.DECLINED])
def test_sending_and_an_answer_are_never_undone(api: Api, status: EstimateStatus) -> None:
    estimate = a_sent_one()
    services.answer_estimate(SYSTEM, estimate, status, name="Cleo")

    for event, why in (("sent", "stays sent"), (status.value, "stays on record")):
        entry = latest(f"estimate.{event}")
        problem = refused(api, entry, lambda: Estimate.objects.get().status)
        assert problem["code"] == "protected"
        assert why in problem["detail"]
        assert not can_revert(entry)


def test_a_revision_is_undone_by_undoing_its_creation(api: Api) -> None:
    estimate = a_sent_one()
    revision = services.revise_estimate(SYSTEM, estimate)
    assert (
        refused(api, latest("estimate.superseded"), Estimate.objects.count)["code"] == "protected"
    )

    created = AuditEntry.objects.get(event="estimate.created", object_pk=str(revision.pk))
    assert revert(api, created).status_code == 200

    assert Estimate.objects.get() == estimate
    assert not Estimate.objects.get().is_superseded
    assert (
        refused(api, latest("estimate.reinstated"), Estimate.objects.count)["code"] == "protected"
    )


def test_a_deleted_revision_replaces_again_what_it_had_replaced(api: Api) -> None:
    estimate = a_sent_one()
    revision = services.revise_estimate(SYSTEM, estimate)

    def show() -> Any:
        return [(one.pk, one.superseded_by_id) for one in Estimate.objects.order_by("pk")]

    def change() -> None:
        services.delete_estimate(SYSTEM, Estimate.objects.get(pk=revision.pk))

    back_and_forth("estimate.deleted", change, show, over_rest(api))
    assert show() == [(estimate.pk, revision.pk), (revision.pk, None)]


def test_a_revision_does_not_come_back_beside_a_newer_one(api: Api) -> None:
    estimate = a_sent_one()
    second = services.revise_estimate(SYSTEM, estimate)
    services.delete_estimate(SYSTEM, second)
    services.revise_estimate(SYSTEM, Estimate.objects.get(pk=estimate.pk))

    problem = refused(api, latest("estimate.deleted"), Estimate.objects.count)

    assert "stands in its place" in problem["detail"]


def test_two_revisions_never_stand_beside_each_other(api: Api) -> None:
    first = services.answer_estimate(SYSTEM, a_sent_one(), EstimateStatus.DECLINED, name="Cleo")
    second = services.revise_estimate(SYSTEM, first)
    services.delete_estimate(SYSTEM, second)
    services.delete_estimate(SYSTEM, Estimate.objects.get(pk=first.pk))
    of_first, of_second = AuditEntry.objects.filter(event="estimate.deleted")[:2]

    assert revert(api, of_second).status_code == 200
    assert refused(api, of_first, Estimate.objects.count)["code"] == "conflict"


def test_a_draft_that_was_sent_since_is_frozen(api: Api) -> None:
    draft = a_draft()
    services.update_estimate(SYSTEM, draft, title="B")
    updated = latest("estimate.updated")
    services.send_estimate(SYSTEM, Estimate.objects.get())

    assert refused(api, updated, lambda: Estimate.objects.get().title)["code"] == "protected"
    created = refused(api, latest("estimate.created"), lambda: Estimate.objects.get().title)
    assert {"status", "title"} <= {*created["fields"]}


def test_nothing_of_an_inactive_module_is_undone(api: Api, draft: str) -> None:
    api.patch(draft, {"title": "B"})
    entry = latest("estimate.updated")
    modules.deactivate(SYSTEM, modules.locked_state("estimates"))

    answer = revert(api, entry)

    assert (answer.status_code, answer.json()["code"]) == (404, "module_inactive")
    assert Estimate.objects.get().title == "B"
