"""Estimates over both faces of the API: what is stored is what is answered."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from estimates import services
from estimates.fields import DecimalTextField, percent_field, price_field, quantity_field
from estimates.models import Estimate, LineItem
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.modules import services as modules
from tests.each import each
from tests.fixtures import Api
from tests.samples.estimates import a_draft, a_sent_one

LINES: list[dict[str, Any]] = [
    {"description": "Design", "quantity": "2.5", "unit_price": "80", "discount_percent": "10",
     "tax_percent": "20"},
    {"description": "Hosting", "unit_price": 9.9},
]  # fmt: skip
WHOLE = {
    "title": "New website",
    "content": "## Scope\n\nOne page.",
    "client_name": "Cleo Client",
    "client_company": "Client & Co.",
    "client_email": "cleo@example.com",
    "crm_num": "001",
    "crm_contact_id": "c-17",
    "currency": "EUR",
    "line_items": LINES,
    "valid_until": "2099-12-31",
    "meta": {"deal": 5},
}


def configure(**config) -> None:
    modules.update_config(SYSTEM, modules.locked_state("estimates"), config=config)


@pytest.fixture
def hubspot(db) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")


def test_an_estimate_keeps_everything_and_comes_to_its_total(api: Api, hubspot) -> None:
    made = api.post("/estimates", WHOLE)

    assert made.status_code == 201, made.json()
    shown = made.json()
    year = timezone.localdate().year
    assert shown["number"] == f"EST-{year}-0001"
    assert (shown["revision"], shown["status"], shown["superseded_by"]) == (1, "draft", None)
    assert (shown["crm_num"], shown["excerpt"], shown["slug"]) == (
        "001", "Scope One page.", "new-website",
    )  # fmt: skip
    ids = [item.pop("id") for item in shown["line_items"]]
    assert shown["line_items"] == [
        {"description": "Design", "quantity": "2.5", "unit_price": "80.00",
         "discount_percent": "10", "tax_percent": "20", "optional": False},
        {"description": "Hosting", "quantity": "1", "unit_price": "9.90",
         "discount_percent": "0", "tax_percent": "0", "optional": False},
    ]  # fmt: skip
    assert shown["line_totals"] == [
        {"line_item": ids[0], "subtotal": "200.00", "discount": "20.00", "net": "180.00",
         "counts": True},
        {"line_item": ids[1], "subtotal": "9.90", "discount": "0.00", "net": "9.90",
         "counts": True},
    ]  # fmt: skip
    assert shown["taxes"] == [
        {"percent": "0", "net": "9.90", "tax": "0.00"},
        {"percent": "20", "net": "180.00", "tax": "36.00"},
    ]
    assert (shown["subtotal"], shown["discount"], shown["tax"], shown["total"]) == (
        "209.90", "20.00", "36.00", "225.90",
    )  # fmt: skip
    read = api.get(f"/estimates/{shown['id']}")
    assert read.headers["ETag"] == made.headers["ETag"]
    listed = api.get("/estimates").json()
    assert listed["total"] == 1
    assert "client_url" not in listed["items"][0]


def test_sending_lines_back_as_read_changes_nothing(api: Api, hubspot) -> None:
    made = api.post("/estimates", WHOLE).json()
    before = AuditEntry.objects.count()

    for sent in ({"line_items": made["line_items"]}, {"line_items": LINES}, WHOLE):
        again = api.patch(f"/estimates/{made['id']}", sent)
        assert again.headers["SyteOps-Changed"] == "false"
        assert again.json() == made
    assert AuditEntry.objects.count() == before


def test_a_line_is_changed_by_its_id_and_keeps_what_is_left_out(api: Api, hubspot) -> None:
    made = api.post("/estimates", WHOLE).json()
    design = made["line_items"][0]["id"]
    sent = [{"id": design, "description": "Design work", "unit_price": "100"}]

    shown = api.patch(f"/estimates/{made['id']}", {"line_items": sent}).json()

    assert shown["line_items"] == [
        {"id": design, "description": "Design work", "quantity": "2.5", "unit_price": "100.00",
         "discount_percent": "10", "tax_percent": "20", "optional": False}
    ]  # fmt: skip
    assert shown["total"] == "270.00"
    entry = AuditEntry.objects.filter(event="estimate.updated").get()
    assert entry.changes["line_items"]["before"][0]["unit_price"] == "80"
    assert LineItem.objects.count() == 1


def test_numbers_are_given_without_gaps_and_never_twice(api: Api) -> None:
    year = timezone.localdate().year
    made = [api.post("/estimates", {"title": "A"}).json() for _ in range(2)]
    api.post("/estimates?dry_run=true", {"title": "Only tried"})
    api.post("/estimates", {"title": "Refused", "currency": "XXX"})
    api.delete(f"/estimates/{made[1]['id']}?confirm=true")

    third = api.post("/estimates", {"title": "B"}).json()

    assert [one["number"] for one in (*made, third)] == [
        f"EST-{year}-000{count}" for count in (1, 2, 3)
    ]
    assert Estimate.all_objects.filter(year=year).count() == 3


def test_each_year_begins_at_one(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    a_draft()
    later = timezone.localdate().replace(day=1, year=2031)
    monkeypatch.setattr(timezone, "localdate", lambda *args: later)

    assert a_draft().number == "EST-2031-0001"


def test_the_module_says_how_an_estimate_begins(api: Api) -> None:
    configure(currency="JPY", valid_days=10, tax_percent=8.875, number_prefix="OFFER")
    lines = [{"description": "A", "unit_price": "1"}, LINES[0] | {"tax_percent": 0}]

    made = api.post("/estimates", {"title": "Usual", "line_items": lines}).json()

    today = timezone.localdate()
    assert made["number"] == f"OFFER-{today.year}-0001"
    assert made["currency"] == "JPY"
    assert made["valid_until"] == (today + timedelta(days=10)).isoformat()
    assert [item["tax_percent"] for item in made["line_items"]] == ["8.875", "0"]
    assert api.post("/estimates", {"title": "x", "valid_until": None}).json()["valid_until"] is None
    configure(valid_days=0, excerpt_length=40)
    other = api.post("/estimates", {"title": "x", "content": "word " * 50}).json()
    assert other["valid_until"] is None
    assert len(other["excerpt"]) <= 41


@each(
    ("given", "pointer", "code"),
    [
        ({"title": ""}, "#/title", "required"),
        ({"currency": "eur"}, "#/currency", "invalid_choice"),
        ({"currency": "XXX"}, "#/currency", "invalid_choice"),
        ({"client_email": "cleo"}, "#/client_email", "invalid"),
        ({"crm_num": "009"}, "#/crm_num", "not_found"),
        ({"crm_num": "9"}, "#/crm_num", "invalid"),
        ({"valid_until": "soon"}, "#/valid_until", "invalid"),
        ({"status": "approved"}, "#/status", "read_only"),
        ({"number": "EST-1"}, "#/number", "read_only"),
        ({"total": "0.01"}, "#/total", "read_only"),
        ({"client_url": "http://x"}, "#/client_url", "read_only"),
        ({"answer": {}}, "#/answer", "read_only"),
        ({"link_token": "x"}, "#/link_token", "unknown_field"),
        ({"line_items": [{"description": "x"}]}, "#/line_items/0/unit_price", "required"),
        ({"line_items": [{"unit_price": "1"}]}, "#/line_items/0/description", "required"),
    ],
)
@each("method", ["post", "patch"])
def test_a_wrong_value_is_named_and_nothing_is_stored(
    api: Api, method: str, given: dict[str, Any], pointer: str, code: str
) -> None:
    path = f"/estimates/{a_draft(title='Kept').pk}" if method == "patch" else "/estimates"

    refused = getattr(api, method)(path, {"title": "Good", **given})

    assert refused.status_code == 400
    named = {(error["pointer"], error["code"]) for error in refused.json()["errors"]}
    assert (pointer, code) in named, refused.json()
    assert not Estimate.all_objects.filter(title="Good").exists()
    assert not AuditEntry.objects.filter(event="estimate.updated").exists()


@each(
    ("field", "value"),
    [
        ("quantity", "0"), ("quantity", 0), ("quantity", "0.0000"), ("quantity", "-1"),
        ("quantity", 0.00001), ("quantity", "1.00001"), ("quantity", "100000000"),
        ("quantity", True), ("quantity", "1e3"), ("quantity", "١"), ("quantity", " 1"),
        ("quantity", "1\n"), ("quantity", "NaN"), ("quantity", ""), ("quantity", None),
        ("quantity", []), ("quantity", "1,5"), ("quantity", 1e300), ("quantity", "9" * 5000),
        ("unit_price", "--1"), ("unit_price", -1e12), ("unit_price", "0.00001"),
        ("unit_price", 1e12), ("unit_price", "+1"), ("unit_price", "0x1"), ("unit_price", ".5"),
        ("discount_percent", "100.001"), ("discount_percent", 101), ("discount_percent", "-1"),
        ("tax_percent", "100.1"), ("tax_percent", "1.0001"), ("tax_percent", "Infinity"),
    ],
)  # fmt: skip
def test_a_hostile_number_is_refused_at_its_place(api: Api, field: str, value: object) -> None:
    lines = [{"description": "x", "unit_price": "1", field: value}]

    refused = api.post("/estimates", {"title": "x", "line_items": lines})

    assert refused.status_code == 400, refused.json()
    assert refused.json()["errors"][0]["pointer"] == f"#/line_items/0/{field}"
    assert not Estimate.all_objects.exists()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("field", [quantity_field, price_field, percent_field])
def test_no_field_takes_what_is_not_finite_whoever_reads_the_json(
    field: Callable[[], DecimalTextField], number: float
) -> None:
    with pytest.raises(ValidationError):
        field().to_internal_value(number)


@pytest.mark.parametrize(
    ("given", "shown"),
    [("007", "7"), ("1.50", "1.5"), (0.1 + 0.2, "0.3"), (3, "3"), ("99999999.9999",) * 2],
)
def test_a_number_is_taken_as_text_or_as_number(api: Api, given: object, shown: str) -> None:
    lines = [{"description": "x", "unit_price": "1", "quantity": given}]

    made = api.post("/estimates", {"title": "x", "line_items": lines}).json()

    assert made["line_items"][0]["quantity"] == shown
    assert api.get(f"/estimates/{made['id']}").json()["line_items"][0]["quantity"] == shown
    assert LineItem.objects.get().quantity == Decimal(shown)


def test_the_largest_estimate_is_exact(api: Api) -> None:
    line = {"description": "x", "quantity": "99999999.9999", "unit_price": "99999999999.9999"}

    made = api.post("/estimates", {"title": "x", "line_items": [line] * 200}).json()

    assert made["subtotal"] == "1999999999997998000000.00"
    assert Decimal(made["subtotal"]) == sum(Decimal(one["subtotal"]) for one in made["line_totals"])


def test_a_deleted_crm_system_is_not_shown_under_its_old_number(api: Api, hubspot) -> None:
    made = api.post("/estimates", WHOLE).json()
    api.delete("/crm-systems/001?confirm=true")
    crm.create_crm_system(SYSTEM, name="Other")

    assert api.get(f"/estimates/{made['id']}").json()["crm_num"] is None


def test_estimates_are_found(api: Api) -> None:
    one = a_draft(title="Alpha", client_name="Dora Client")
    two = services.send_estimate(SYSTEM, a_draft(title="Beta", content="special words"))
    three = a_draft(title="Gamma")

    def ids(query: str) -> list[int]:
        return [item["id"] for item in api.get(f"/estimates?{query}").json()["items"]]

    assert ids("ordering=number") == [one.pk, two.pk, three.pk]
    assert ids("ordering=-title") == [three.pk, two.pk, one.pk]
    assert ids("status=sent") == [two.pk]
    assert ids("status=draft&ordering=title") == [one.pk, three.pk]
    assert ids("search=words+special") == [two.pk]
    assert ids("search=DORA") == [one.pk]
    assert ids(f"number={three.number}") == [three.pk]
    assert ids("per_page=1&page=2&ordering=number") == [two.pk]
    assert api.get("/estimates?ordering=total").status_code == 400


def test_a_list_costs_the_same_however_long_it_is(api: Api, django_assert_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def grow(count: int) -> None:
        for _ in range(count):
            a_draft(line_items=LINES[:1] * 3)

    grow(2)
    api.get("/estimates")
    with CaptureQueriesContext(connection) as few:
        api.get("/estimates")
    grow(15)
    with django_assert_num_queries(len(few)):
        assert len(api.get("/estimates").json()["items"]) == 17


# --- The status that tools of the WordPress product send along -------------------------------

HOW = {
    "draft": "estimates_items.revise",
    "sent": "estimates_items.send",
    "approved": "estimates_items.approve",
    "declined": "estimates_items.decline",
    "expired": "valid_until",
}


def test_a_new_estimate_may_say_that_it_is_a_draft(api: Api) -> None:
    made = api.post("/estimates", {"title": "x", "status": "draft"})

    assert (made.status_code, made.json()["status"]) == (201, "draft")


@pytest.mark.parametrize("status", sorted({*HOW} - {"draft"}))
def test_a_new_estimate_has_no_other_status(api: Api, status: str) -> None:
    answers = [api.post("/estimates", {"title": "x", "status": status})]
    answers.append(api.dispatch("estimates_items.create", {"title": "x", "status": status}))

    for answer in answers:
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert error["code"] == "read_only"
        assert HOW[status] in error["detail"]
    assert not Estimate.objects.exists()


@pytest.mark.parametrize("status", ["Draft", "", None, 5, [], {}])
def test_a_status_that_there_is_not_is_refused(api: Api, status: object) -> None:
    api.post("/estimates", {"title": "x"})
    estimate = Estimate.objects.get()
    for answer in (
        api.post("/estimates", {"title": "y", "status": status}),
        api.patch(f"/estimates/{estimate.pk}", {"title": "y", "status": status}),
    ):
        assert [one["pointer"] for one in answer.json()["errors"]] == ["#/status"]
    assert Estimate.objects.get().title == "x"


@pytest.mark.parametrize("stands", ["draft", "sent"])
@pytest.mark.parametrize("status", sorted(HOW))
def test_an_estimate_keeps_its_status_when_it_is_changed(
    api: Api, stands: str, status: str
) -> None:
    api.post("/estimates", {**WHOLE, "crm_num": None})
    estimate = Estimate.objects.get()
    if stands == "sent":
        assert api.post(f"/estimates/{estimate.pk}/send").status_code == 200

    answer = api.patch(f"/estimates/{estimate.pk}", {"title": "Changed", "status": status})

    stored = Estimate.objects.get()
    assert stored.status == stands
    if status != stands:
        assert answer.status_code == 400
        assert HOW[status] in answer.json()["errors"][0]["detail"]
    assert answer.status_code == (400 if status != stands else 200 if stands == "draft" else 409)
    assert stored.title == ("Changed" if status == stands == "draft" else WHOLE["title"])


def test_the_status_of_an_item_of_a_bulk_is_refused_in_the_same_words(api: Api) -> None:
    api.post("/estimates", {"title": "x"})
    estimate = Estimate.objects.get()
    item = {"action": "update", "params": {"id": estimate.pk, "status": "sent"}}

    answer = api.post("/estimates/bulk", {"items": [item]})

    [error] = answer.json()["errors"]
    assert error["pointer"] == "#/items/0/params/status"
    assert "estimates_items.send" in error["detail"]


def test_switching_the_module_off_says_what_clients_lose(api: Api) -> None:
    first, second = a_sent_one(), a_sent_one()
    a_draft()
    assert _lost(api) == ["2 client links stop working"]

    services.revise_estimate(SYSTEM, second)
    assert _lost(api) == ["1 client link stops working"]

    services.revise_estimate(SYSTEM, first)
    assert _lost(api) == []


def _lost(api: Api) -> Any:
    return api.post("/modules/estimates/deactivate").json()["impact"]["outsiders"]
