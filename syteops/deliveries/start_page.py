"""What the start page shows of deliveries: what did not arrive, and how integrations are doing."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from syteops.audit.visibility import readable_resources
from syteops.core.start_page import Line, Need, Panel, counted, needs, panel
from syteops.deliveries.choices import Standing
from syteops.deliveries.models import DeliveryState
from syteops.deliveries.pages import destination_url
from syteops.deliveries.queries import readable_deliveries, troubled_destinations
from syteops.integrations.queries import Installed, all_installed

PERMISSION = "deliveries.view_delivery"
_ILL = {Standing.PAUSED: ("bad", "paused"), Standing.FAILING: ("warn", "failing")}
"""What is told of an integration, the worst of its destinations first."""


@needs(PERMISSION)
def tell_stuck(person: Any) -> Iterator[Need]:
    """Destinations of enabled integrations to which nothing gets through."""
    for one in troubled_destinations(readable_resources(person)):
        what = f"{one.installed.name}: {one.name}"
        url = destination_url(one.integration, one.destination)
        if one.standing == Standing.PAUSED:
            text = f"{what} is paused. {one.state.why_paused}"
            yield Need("bad", "pause_circle", text, url, at=one.state.paused_at)
        elif one.state.failing_since:
            why = one.state.problem
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


@panel("integrations.view_integrationstate")
def show_integrations(person: Any) -> Panel:
    """How those that are enabled are doing, as far as one may know, and how many are not."""
    url, installed = reverse("admin:integrations_integrationstate_changelist"), all_installed()
    sees_how = person.has_perm(PERMISSION)
    known = troubled_destinations(readable_resources(person)) if sees_how else []
    standings = {(one.integration, one.standing) for one in known}
    lines = [_line(one, standings) for one in installed if one.enabled]
    off = sum(not one.enabled for one in installed)
    lines.append(Line("Not enabled", url=f"{url}?state=off", count=off))
    return Panel("Integrations", "hub", url, None, lines)


def _line(one: Installed, standings: set[tuple[str, Standing]]) -> Line:
    tone, note = "good", "enabled"
    if not one.available:
        tone, note = "warn", one.unavailable_reason
    elif ill := next((ill for ill in _ILL if (one.slug, ill) in standings), None):
        tone, note = _ILL[ill]
    page = reverse("admin:integrations_integrationstate_change", args=[one.slug])
    return Line(one.name, tone, note, page)
