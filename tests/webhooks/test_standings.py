"""How deliveries go is said of one webhook, and asked of all of them: both say the same."""

from itertools import product

import pytest
from django.utils import timezone

from syteops.deliveries.choices import Standing
from syteops.deliveries.models import DestinationState
from syteops.webhooks import queries
from syteops.webhooks.models import Webhook
from tests.samples.webhooks import a_webhook

pytestmark = pytest.mark.django_db


def test_the_webhooks_found_by_a_standing_are_those_that_show_it() -> None:
    now = timezone.now()
    for paused, failing, delivered in product((None, now), repeat=3):
        DestinationState.objects.create(
            integration="webhooks",
            destination=str(a_webhook(name=f"{paused} {failing} {delivered}"[:100]).pk),
            paused_at=paused,
            failing_since=failing,
            delivered_at=delivered,
        )
    a_webhook(name="Nothing sent yet")

    shown = {
        one.pk: queries.standing_of_webhook(one)
        for one in queries.with_standing(Webhook.objects.all())
    }
    found = {one.pk: standing for standing in Standing for one in queries.standing_so(standing)}
    assert found == shown
    assert set(found.values()) == set(Standing)
    assert sum(queries.standing_so(one).count() for one in Standing) == len(shown)
