"""Numbers as the config has them, and what the admin's list shows above and below it."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from estimates import lists, queries, services
from estimates.choices import EstimateStatus
from estimates.models import Estimate
from syteops.core.actors import SYSTEM
from tests.estimates.test_life_of_an_estimate import STATES, an_estimate
from tests.estimates.test_pdf import configure
from tests.fixtures import Api
from tests.integrations.mailing import site_with_mail
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = pytest.mark.django_db
LIST = "/admin/estimates/estimate/"


@pytest.fixture
def in_year(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Numbers are given in that year."""

    def go(year: int) -> None:
        monkeypatch.setattr("estimates.services.timezone.localdate", lambda *_: date(year, 6, 1))

    return go


def numbers(times: int) -> list[str]:
    return [a_draft().number for _ in range(times)]


# --- Numbers ---------------------------------------------------------------------------------


def test_each_year_begins_at_the_first_number(in_year: Any) -> None:
    configure(number_start=100, number_prefix="OFFER")
    in_year(2026)
    assert numbers(2) == ["OFFER-2026-0100", "OFFER-2026-0101"]
    in_year(2027)
    assert numbers(1) == ["OFFER-2027-0100"]


def test_numbers_that_never_begin_again_have_no_year(in_year: Any) -> None:
    configure(number_reset="never")
    in_year(2026)
    assert numbers(2) == ["EST-0001", "EST-0002"]
    in_year(2027)
    assert numbers(1) == ["EST-0003"]


def test_a_first_number_leaps_forward_and_never_back() -> None:
    configure(number_reset="never", number_start=5)
    numbers(2)
    configure(number_start=3)
    assert numbers(1) == ["EST-0007"]
    configure(number_start=12_345)
    assert numbers(1) == ["EST-12345"]


def test_no_number_comes_twice_when_the_rule_changes(in_year: Any) -> None:
    in_year(2026)
    given = numbers(2)
    configure(number_reset="never")
    given += numbers(1)
    configure(number_reset="yearly")
    given += numbers(1)

    assert given == ["EST-2026-0001", "EST-2026-0002", "EST-0003", "EST-2026-0004"]


def test_a_deleted_number_stays_given() -> None:
    configure(number_reset="never")
    services.delete_estimate(SYSTEM, a_draft())

    assert numbers(1) == ["EST-0002"]


# --- The list --------------------------------------------------------------------------------


def listed(page: Client, query: str = "") -> Any:
    return page.get(f"{LIST}?{query}")


def test_each_tab_lists_what_it_counts(page: Client) -> None:
    for state in STATES:
        an_estimate(state)
    soon = a_sent_one(valid_until=timezone.localdate() + timedelta(days=queries.SOON_DAYS))

    tabs = {one["label"]: one for one in listed(page).context["tabs"]}

    counts = {label: one["count"] for label, one in tabs.items()}
    assert counts == {
        "All": None, "Drafts": 2, "Awaiting answer": 2, "Expires soon": 1, "Approved": 1,
        "Declined": 1, "Expired": 1, "E-mail failed": 0, "Templates": 0,
    }  # fmt: skip
    for label, one in tabs.items():
        found = page.get(LIST + one["address"]).context["cl"]
        assert one["count"] in (None, found.result_count), label
    only = page.get(LIST + tabs["Expires soon"]["address"]).context["cl"].result_list
    assert [one.pk for one in only] == [soon.pk]


def test_a_client_whom_no_mail_has_reached_is_found_and_mailed_again(
    api: Api, page: Client, settings: Any
) -> None:
    failed, answered, reached = (a_sent_one(client_email="client@example.com") for _ in range(3))
    answered_since = Estimate.objects.filter(pk=answered.pk)
    mail = {"mail_id": uuid4(), "mail_at": timezone.now(), "mail_kind": "estimate"}
    Estimate.objects.update(**mail, mail_state="failed", mail_problem="No such mailbox.")
    Estimate.objects.filter(pk=reached.pk).update(mail_state="sent")
    services.answer_estimate(
        SYSTEM, answered_since.get(), EstimateStatus.APPROVED, name="Grace Hopper"
    )

    tab = next(one for one in listed(page).context["tabs"] if one["label"] == "E-mail failed")
    shown = page.get(LIST + tab["address"]).context["cl"].result_list

    assert (tab["count"], [one.pk for one in shown]) == (1, [failed.pk])
    found = api.get("/estimates?mail=failed&status=sent").json()["items"]
    assert [one["id"] for one in found] == [failed.pk]
    with site_with_mail(settings):
        again = api.post(f"/estimates/{failed.pk}/send", {"again": True})
    assert again.json()["mail"]["state"] == "queued"
    assert api.get("/estimates?mail=failed&status=sent").json()["items"] == []


def test_a_tab_keeps_what_else_was_asked_for(page: Client) -> None:
    a_draft()

    tabs = listed(page, "q=website&p=1&status=draft").context["tabs"]

    chosen = [one["label"] for one in tabs if one["is_chosen"]]
    assert chosen == ["Drafts"]
    assert all("q=website" in one["address"] and "p=" not in one["address"] for one in tabs)


def test_sums_are_those_of_what_is_listed(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for currency in ("EUR", "JPY", "EUR"):
        a_draft(currency=currency)
    a_sent_one(currency="EUR")

    assert listed(page).context["sums"]["totals"] == ["EUR 2,400.00", "JPY 800"]
    assert listed(page, "status=sent").context["sums"]["totals"] == ["EUR 800.00"]
    assert "EUR 2,400.00 · JPY 800" in listed(page).content.decode()
    for bound, most in (("MOST_LINES", 3), ("MOST_SUMMED", 1)):
        with monkeypatch.context() as bounded:
            bounded.setattr(lists, bound, most)
            of_page = listed(page)
        assert "Total of this page" in of_page.content.decode()
        assert of_page.context["sums"]["totals"] == ["EUR 2,400.00", "JPY 800"]


def test_a_search_for_an_amount_adds_up_so_many_lines_only(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of estimates may come to the same."""
    lines = [{"description": "Work", "unit_price": 400}] * 2
    found = [a_draft(line_items=lines) for _ in range(3)]
    assert {*listed(page, "q=800").context["cl"].result_list} == {*found}
    monkeypatch.setattr(lists, "MOST_LINES", 5)

    assert {*listed(page, "q=800").context["cl"].result_list} == {*found[1:]}


def test_sums_read_no_texts(page: Client) -> None:
    for _ in range(3):
        a_draft(content="Long")
    changelist = listed(page).context["cl"]

    with CaptureQueriesContext(connection) as asked:
        summed = lists.sums(changelist)

    assert summed["totals"] == ["USD 2,400.00"]
    assert len(asked) == 2
    for one in asked:
        columns = one["sql"].partition(" FROM ")[0]
        assert not re.search("content|client|meta|searched|mail|description", columns), columns


def test_the_list_takes_as_many_queries_for_many_as_for_few(page: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            listed(page)
        return len(asked)

    a_draft()
    listed(page)
    few = count()
    for _ in range(15):
        a_draft(currency="EUR")

    assert count() <= few + 1, "the pager asks once more"
    assert Estimate.objects.count() == 16


def test_the_estimates_found_by_a_status_are_those_that_show_it() -> None:
    today = timezone.localdate()
    ends = (None, *(today + timedelta(days=one) for one in (-1, 0, 1)))
    for state in STATES:
        for end in ends:
            Estimate.objects.filter(pk=an_estimate(state).pk).update(valid_until=end)

    shown = {one.pk: one.current_status for one in Estimate.objects.all()}
    found = {
        one.pk: status
        for status in EstimateStatus
        for one in Estimate.objects.filter(queries.with_status(status))
    }
    assert found == shown
    assert EstimateStatus.EXPIRED in found.values()
