"""What the start page shows of deliveries: what did not arrive, and where nothing does."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from syteops.audit.visibility import readable_resources
from syteops.core.start_page import Need, counted, needs
from syteops.deliveries.choices import Standing
from syteops.deliveries.models import DeliveryState
from syteops.deliveries.pages import destination_url
from syteops.deliveries.queries import all_destinations, last_problems, readable_deliveries

PERMISSION = "deliveries.view_delivery"


@needs(PERMISSION)
def tell_stuck(person: Any) -> Iterator[Need]:
    """Destinations of enabled integrations to which nothing gets through."""
    problems = last_problems()
    for one in all_destinations(readable_resources(person)):
        if not one.enabled or one.standing not in (Standing.PAUSED, Standing.FAILING):
            continue
        what = f"{one.installed.name}: {one.name}"
        url = destination_url(one.integration, one.destination)
        if one.standing == Standing.PAUSED:
            text = f"{what} is paused. {one.state.why_paused}"
            yield Need("bad", "pause_circle", text, url, at=one.state.paused_at)
        elif one.state.failing_since:
            why = problems.get((one.integration, one.destination), "")
            text = f"{what} fails: {why}" if why else f"{what} fails."
            yield Need("warn", "sync_problem", text, url, at=one.state.failing_since)


@needs(PERMISSION)
def tell_given_up(person: Any) -> Iterator[Need]:
    """What did not arrive and is not tried again by itself."""
    lost = readable_deliveries(readable_resources(person)).filter(state=DeliveryState.GIVEN_UP)
    if count := lost.order_by().count():
        one = "delivery failed and is not tried again. Send it once more."
        many = "deliveries failed and are not tried again. Send them once more."
        url = reverse("admin:deliveries_delivery_changelist")
        given_up = f"{url}?state__exact={DeliveryState.GIVEN_UP.value}"
        yield Need("warn", "outbox", counted(count, one, many), given_up, count=count)
