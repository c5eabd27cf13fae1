"""Many at the same moment: numbers have no gaps, and one revision follows another."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from estimates import services
from estimates.models import Estimate
from estimates.queries import get_estimate
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict
from tests.estimates.test_pdf import configure
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = [pytest.mark.combination, pytest.mark.django_db(transaction=True)]


def at_once(work: Callable[[], Any], times: int) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_numbers_given_at_once_are_gapless_and_unique() -> None:
    made = at_once(lambda: [a_draft(title="Same title") for _ in range(3)], 4)

    sequences = sorted(one.sequence for some in made for one in some)
    assert sequences == list(range(1, 13))
    assert Estimate.objects.values("slug").distinct().count() == 12


@pytest.mark.parametrize("reset", ["yearly", "never"])
def test_numbers_are_gapless_by_every_rule_and_while_the_rule_changes(reset: str) -> None:
    configure(number_start=41, number_reset=reset)
    made = at_once(lambda: a_draft().sequence, 4)
    configure(number_start=1, number_reset="never" if reset == "yearly" else "yearly")

    made += at_once(lambda: a_draft().sequence, 4)

    assert sorted(made) == list(range(41, 49))
    assert Estimate.objects.values("number").distinct().count() == 8


def test_of_two_revisions_at_once_one_is_made() -> None:
    estimate = a_sent_one()

    def revise() -> str:
        try:
            with transaction.atomic():
                locked = get_estimate(str(estimate.pk), lock=True)
                services.revise_estimate(SYSTEM, locked)
        except Conflict:
            return "refused"
        return "made"

    assert sorted(at_once(revise, 3)) == ["made", "refused", "refused"]
    assert list(Estimate.objects.order_by("revision").values_list("revision", flat=True)) == [1, 2]
