"""What automations know of the estimates."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from estimates import services, sums
from estimates.choices import REAL, EstimateStatus
from estimates.variables import estimate_variables
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from tests.estimates.test_life_of_an_estimate import expire
from tests.fixtures import Api
from tests.samples.estimates import a_draft, a_sent_one


def values() -> dict[str, str]:
    return {one.name.removeprefix("syteops_estmt_"): one.value for one in estimate_variables()}


def test_without_estimates_all_counts_are_nought(db) -> None:
    assert values() == {f"count_{status}": "0" for status in REAL}


def test_variables_follow_the_estimates_at_once(db) -> None:
    a_draft(currency="EUR")
    sent = a_sent_one(currency="EUR")
    services.answer_estimate(
        SYSTEM, a_sent_one(currency="JPY"), EstimateStatus.APPROVED, name="Cleo"
    )
    replaced = services.answer_estimate(
        SYSTEM, a_sent_one(currency="JPY"), EstimateStatus.APPROVED, name="Cleo"
    )
    services.revise_estimate(SYSTEM, replaced)
    latest = a_sent_one(currency="EUR")

    found = values()
    assert found["count_draft"] == "2", "the revision too"
    assert (found["count_sent"], found["count_approved"]) == ("2", "1")
    assert found["sent_total_eur"] == "1600.00"
    assert found["approved_total_jpy"] == "800"
    assert found["latest_number"] == latest.number
    assert (found["latest_id"], found["latest_status"]) == (str(latest.pk), "sent")

    expire(sent)
    assert values()["count_expired"] == "1"
    assert values()["sent_total_eur"] == "800.00"


def test_variables_cost_the_same_however_many_estimates(db, django_assert_num_queries) -> None:
    for _ in range(9):
        a_sent_one()
    with django_assert_num_queries(5):
        values()


def test_no_line_is_read_again_of_an_estimate_that_is_as_it_was(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that were ever sent are added up whenever variables are asked for."""
    option = {"description": "Support", "unit_price": 200, "optional": True}
    sent = a_sent_one(line_items=[{"description": "Work", "unit_price": 800}, option])
    before = values()
    with CaptureQueriesContext(connection) as asked:
        assert values() == before
    assert not [one["sql"] for one in asked if "lineitem" in one["sql"]]

    chosen = [one.pk for one in sent.line_items.all() if one.optional]
    services.answer_estimate(SYSTEM, sent, EstimateStatus.APPROVED, name="Cleo", chosen=chosen)
    assert values()["approved_total_usd"] == "1000.00"
    monkeypatch.setattr(sums, "_MOST_KNOWN", 0)
    assert values()["approved_total_usd"] == "1000.00"


@pytest.mark.parametrize("active", [True, False])
def test_only_an_active_module_has_variables(api: Api, active: bool) -> None:
    state = modules.locked_state("estimates")
    if not active:
        modules.deactivate(SYSTEM, state)

    shown = api.get("/variables/export").content.decode()

    assert ("syteops_estmt_count_draft" in shown) is active
