"""What the form shows while an estimate is written: the same figures as are saved, and clients."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from estimates.models import Estimate
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from tests.admin_forms import row, untouched
from tests.fixtures import signed_in
from tests.samples.estimates import a_draft

pytestmark = pytest.mark.django_db
LIST = "/admin/estimates/estimate/"
AMOUNTS = f"{LIST}amounts/"
CLIENTS = f"{LIST}clients/"


def typed(*lines: dict[str, str], **values: str) -> dict[str, str]:
    usual = {
        "description": "",
        "position": "10000",
        "quantity": "1",
        "discount_percent": "0",
        "tax_percent": "20",
    }
    data = {"currency": "EUR", "discount_percent": "0", **values}
    for place, line in enumerate(lines):
        data |= row("line_items", place, **{**usual, **line})
    return {**data, "line_items-TOTAL_FORMS": str(len(lines))}


def shown(page: Client, data: dict[str, str]) -> tuple[Any, dict[str, str]]:
    answer = page.post(AMOUNTS, data).json()
    return answer["lines"], dict(re.findall("<dt>([^<]+)</dt><dd>([^<]+)</dd>", answer["totals"]))


def test_what_is_shown_while_typing_is_what_is_saved(page: Client) -> None:
    lines = ({"unit_price": "33.33", "quantity": "3"}, {"unit_price": "-5", "tax_percent": "10"},
             {"unit_price": "40", "optional": "on"})  # fmt: skip
    data = typed(*lines, discount_percent="12.5")

    amounts, totals = shown(page, data)

    assert amounts == {"0": "99.99", "1": "−5.00", "2": "40.00"}
    url = f"{LIST}add/"
    named = {f"line_items-{place}-description": "Work" for place in range(3)}
    answer = page.post(url, {**untouched(page.get(url)), **data, **named, "title": "Shop"})
    assert answer.status_code == 302, answer.context["errors"]
    estimate = Estimate.objects.get()
    assert totals["Total"] == f"EUR {estimate.amounts.total}"
    again = page.get(f"{LIST}{estimate.pk}/change/").content.decode()
    assert f"<dd>EUR {estimate.amounts.total}</dd>" in again
    assert '<span data-amount class="so-amount">99.99</span>' in again


@pytest.mark.parametrize("line", [{"unit_price": ""}, {"unit_price": "x"}, {"quantity": "0"}])
def test_a_number_that_cannot_be_read_has_no_amount_and_no_total(
    page: Client, line: dict[str, str]
) -> None:
    amounts, totals = shown(page, typed({"unit_price": "10"}, {"unit_price": "1"} | line))

    assert amounts == {"0": "10.00", "1": ""}
    assert totals == {}


@pytest.mark.parametrize(
    "values", [{"currency": "XXX"}, {"currency": ""}, {"discount_percent": "101"}]
)
def test_without_currency_or_discount_nothing_is_worked_out(
    page: Client, values: dict[str, str]
) -> None:
    assert shown(page, typed({"unit_price": "10"}, **values)) == ({"0": ""}, {})


@pytest.mark.parametrize("total", ["", "x", "-1", "99999", "1" * 5000])
def test_a_form_that_counts_wrongly_harms_nobody(page: Client, total: str) -> None:
    assert page.post(AMOUNTS, {**typed(), "line_items-TOTAL_FORMS": total}).status_code == 200


def test_a_row_that_goes_or_that_nobody_has_filled_is_not_counted(page: Client) -> None:
    url = f"{LIST}{a_draft(currency='EUR').pk}/change/"
    data = untouched(page.get(url))
    _, before = shown(page, data)
    _, gone = shown(page, {**data, "line_items-0-DELETE": "on"})

    assert (before["Total"], gone["Total"]) == ("EUR 800.00", "EUR 0.00")


def test_nothing_is_stored_and_only_posts_are_answered(page: Client) -> None:
    shown(page, typed({"unit_price": "10"}))

    assert not Estimate.objects.exists()
    assert page.get(AMOUNTS).status_code == 405


def test_who_may_not_write_estimates_learns_nothing(bob: User) -> None:
    a_draft(client_name="Zoë")
    reader = signed_in(bob)

    for codename in ("", "view_estimate"):
        bob.user_permissions.set(Permission.objects.filter(codename=codename))
        assert reader.post(AMOUNTS, typed()).status_code == 403
        assert reader.get(f"{CLIENTS}?q=zoe").status_code == 403
    bob.user_permissions.set(Permission.objects.filter(codename="add_estimate"))
    assert reader.get(f"{CLIENTS}?q=zoe").status_code == 403, "who may write may not read yet"


def test_clients_of_former_estimates_are_found_by_any_of_their_names(page: Client) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    known = {"client_name": "Zoë Client", "client_company": "Über & Söhne",
             "client_email": "zoe@x.example"}  # fmt: skip
    for _ in range(3):
        a_draft(**known, crm_system=system, crm_contact_id="c-1")
    a_draft(client_name="Somebody", content="Zoe is mentioned here")

    for text in ("zoe", "ÜBER", "sohne", "zoe@x", "client uber"):
        found = page.get(CLIENTS, {"q": text}).json()["clients"]
        assert found == [{**known, "crm_system": system.pk, "crm_contact_id": "c-1"}], text
    for text in ("", " ", "nobody", "zoe somebody"):
        assert page.get(CLIENTS, {"q": text}).json()["clients"] == [], text


def test_the_form_is_in_the_order_of_the_work(page: Client) -> None:
    text = page.get(f"{LIST}add/").content.decode()

    names = ("client_name", "title", "line_items-TOTAL_FORMS", "currency", "discount_percent",
             "content", "valid_until", "slug", "meta")  # fmt: skip
    places = [text.index(f'name="{name}"') for name in names]
    assert places == sorted(places)
    folded = text.rindex("<details", 0, text.index('name="slug"'))
    assert text.index('name="valid_until"') < folded


def test_numbers_are_without_needless_zeros(page: Client) -> None:
    estimate = a_draft(discount_percent="12.5")
    data = untouched(page.get(f"{LIST}{estimate.pk}/change/"))

    assert data["discount_percent"] == "12.5"
    assert data["line_items-0-quantity"] == "2"
    assert data["line_items-0-unit_price"] == "400"


def test_many_lines_take_no_more_queries_than_few(page: Client) -> None:
    def queries(lines: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert len(shown(page, typed(*[{"unit_price": "1"}] * lines))[0]) == lines
        return len(seen)

    queries(1)
    assert queries(40) == queries(2)


def test_lines_that_are_stored_already_count_as_they_are_typed(page: Client) -> None:
    lines = [{"description": "A", "unit_price": "10"}, {"description": "B", "unit_price": "20"}]
    form = page.get(f"{LIST}{a_draft(line_items=lines).pk}/change/")
    amounts, totals = shown(page, {**untouched(form), "line_items-1-unit_price": "5"})
    assert (amounts, totals["Total"]) == ({"0": "10.00", "1": "5.00"}, "USD 15.00")
