"""Discounts, lines below nothing and optional lines: in every answer, and on every page."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from estimates.models import Estimate
from estimates.queries import get_estimate
from estimates.sums import values_by_currency
from syteops.audit.models import AuditEntry
from tests.estimates.test_client_page import link
from tests.estimates.test_pdf import text_of
from tests.fixtures import Api
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = pytest.mark.django_db

LINES: list[dict[str, Any]] = [
    {"description": "Design", "unit_price": "100", "tax_percent": "20"},
    {"description": "Food", "unit_price": "50", "tax_percent": "10"},
    {"description": "Old customer", "unit_price": "-20", "tax_percent": "20"},
    {"description": "Care plan", "unit_price": "40", "tax_percent": "20", "optional": True},
    {"description": "Printing", "unit_price": "7", "tax_percent": "10", "optional": True},
]
SOLD: dict[str, Any] = {"currency": "EUR", "discount_percent": "10", "line_items": LINES}


def options(estimate: Estimate) -> dict[str, int]:
    return {one.description: one.pk for one in estimate.line_items.all() if one.optional}


def stored(estimate: Estimate) -> Estimate:
    return get_estimate(str(estimate.pk))


def answer(estimate: Estimate, page: str, **given: Any) -> Any:
    """What the form of that page sends, with what the client enters."""
    hidden = dict(re.findall(r'name="(seal|seen)" value="([^"]*)"', page))
    told = {**hidden, "name": "Cleo", "answer": "approved", **given}
    return Client().post(link(estimate), told)


def test_the_api_shows_each_rate_and_what_is_not_counted(api: Api) -> None:
    shown = api.post("/estimates", {"title": "Shop", **SOLD}).json()

    assert (shown["subtotal"], shown["discount"], shown["tax"], shown["total"]) == (
        "130.00", "13.00", "18.90", "135.90",
    )  # fmt: skip
    assert shown["taxes"] == [
        {"percent": "10", "net": "45.00", "tax": "4.50"},
        {"percent": "20", "net": "72.00", "tax": "14.40"},
    ]
    assert [(one["net"], one["counts"]) for one in shown["line_totals"]] == [
        ("100.00", True), ("50.00", True), ("-20.00", True), ("40.00", False), ("7.00", False),
    ]  # fmt: skip
    again = api.patch(f"/estimates/{shown['id']}", {**SOLD, "line_items": shown["line_items"]})
    assert again.headers["SyteOps-Changed"] == "false"


@pytest.mark.parametrize("price", ["-0", "-0.00", -0.0])
def test_nothing_is_not_less_than_nothing(api: Api, price: object) -> None:
    line = {"description": "Free", "unit_price": price}

    shown = api.post("/estimates", {"title": "x", "currency": "EUR", "line_items": [line]}).json()

    assert shown["line_items"][0]["unit_price"] == "0.00"
    assert shown["total"] == "0.00"


@pytest.mark.parametrize("given", ["100.001", "-1", None, True, "ten"])
def test_a_discount_is_a_percentage(api: Api, given: object) -> None:
    refused = api.post("/estimates", {"title": "x", "discount_percent": given})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/discount_percent"


def test_an_option_is_counted_once_the_client_has_chosen_it(api: Api) -> None:
    estimate = a_sent_one(**SOLD)
    care = options(estimate)["Care plan"]

    shown = api.post(f"/estimates/{estimate.pk}/approve", {"name": "Cleo", "chosen": [care]}).json()

    assert shown["total"] == "179.10"  # 36 net and 7.20 tax more
    counts = {one["line_item"]: one["counts"] for one in shown["line_totals"]}
    assert counts[care]
    assert not counts[options(estimate)["Printing"]]
    assert values_by_currency("approved") == {"EUR": Decimal("179.10")}
    entry = AuditEntry.objects.get(event="estimate.approved")
    told = entry.changes["line_items"]["after"]
    assert [one["description"] for one in told if one.get("chosen")] == ["Care plan"]
    again = api.post(f"/estimates/{estimate.pk}/approve", {"name": "Cleo", "chosen": [care]})
    assert again.headers["SyteOps-Changed"] == "false"
    other = api.post(f"/estimates/{estimate.pk}/approve", {"name": "Cleo"})
    assert other.status_code == 409, "another choice is another answer"


def test_only_options_are_chosen_and_only_by_who_approves(api: Api) -> None:
    estimate = a_sent_one(**SOLD)
    firm = next(one.pk for one in estimate.line_items.all() if not one.optional)
    stranger = options(a_sent_one(**SOLD))["Care plan"]

    for chosen in ([firm], [stranger], [firm, options(estimate)["Care plan"]]):
        refused = api.post(f"/estimates/{estimate.pk}/approve", {"name": "Cleo", "chosen": chosen})
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == "#/chosen"
    chosen = [options(estimate)["Care plan"]]
    refused = api.post(f"/estimates/{estimate.pk}/decline", {"name": "Cleo", "chosen": chosen})
    assert refused.status_code == 400
    assert stored(estimate).status == "sent"


def test_a_revision_offers_again_what_was_chosen(api: Api) -> None:
    estimate = a_sent_one(**SOLD)
    chosen = [options(estimate)["Care plan"]]
    api.post(f"/estimates/{estimate.pk}/approve", {"name": "Cleo", "chosen": chosen})

    shown = api.post(f"/estimates/{estimate.pk}/revise").json()

    assert shown["total"] == "135.90"
    assert [one["optional"] for one in shown["line_items"]] == [False] * 3 + [True] * 2


def test_the_client_sees_options_apart_and_the_total_before_it_is_approved(client: Client) -> None:
    estimate = a_sent_one(**SOLD)
    care = options(estimate)["Care plan"]
    page = client.get(link(estimate)).content.decode()
    head, _, rest = page.partition('id="options"')
    assert "Care plan" not in head
    assert "Care plan" in rest
    assert "EUR 135.90" in rest
    assert "Tax 20 % on 72.00" in rest

    asked = answer(estimate, page, chosen=[care], name="", answer="show_total", comment="Well")
    shown = asked.content.decode()
    assert "EUR 179.10" in shown
    assert "Well" in shown, "what was typed stays"
    assert "This field is required" not in shown
    assert stored(estimate).status == "sent"

    unseen = answer(estimate, page, chosen=[care])
    assert "The total has changed" in unseen.content.decode()
    assert "EUR 179.10" in unseen.content.decode()
    assert stored(estimate).status == "sent"

    assert answer(estimate, unseen.content.decode(), chosen=[care]).status_code == 303
    assert stored(estimate).status == "approved"
    assert str(stored(estimate).amounts.total) == "179.10"
    final = client.get(link(estimate)).content.decode()
    head, _, rest = final.partition("Not chosen")
    assert "Care plan" in head
    assert "Printing" in rest


def test_what_is_no_option_is_not_chosen_on_the_page(client: Client) -> None:
    estimate = a_sent_one(**SOLD)
    stranger = options(a_sent_one(**SOLD))["Care plan"]
    page = client.get(link(estimate)).content.decode()

    for given in (stranger, "x", "99999999999999999999"):
        assert answer(estimate, page, chosen=[given]).status_code == 400
    assert stored(estimate).status == "sent"


def test_declining_takes_no_option(client: Client) -> None:
    estimate = a_sent_one(**SOLD)
    page = client.get(link(estimate)).content.decode()

    answer(estimate, page, chosen=[options(estimate)["Care plan"]], answer="declined")

    assert stored(estimate).status == "declined"
    assert not any(one.chosen for one in stored(estimate).line_items.all())


def test_an_approval_by_telephone_says_which_options_too(page: Client) -> None:
    estimate = a_sent_one(**SOLD)
    url = f"/admin/estimates/estimate/{estimate.pk}/approve/"
    care = options(estimate)["Care plan"]
    assert "Care plan" in page.get(url).content.decode()

    page.post(url, {"name": "Cleo", "chosen": [care]})

    assert str(stored(estimate).amounts.total) == "179.10"


def test_the_pdf_shows_the_rates_and_the_options_apart() -> None:
    text = text_of(a_draft(**SOLD))

    for shown in ("Discount 10 %", "−13.00", "Tax 10 % on 45.00", "Tax 20 % on 72.00", "14.40",
                  "−20.00", "EUR 135.90"):  # fmt: skip
        assert shown in text, shown
    assert text.index("Care plan") > text.index("Optional, not in the total")
