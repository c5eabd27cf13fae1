from django.utils import timezone

from syteops.core.actors import SYSTEM
from syteops.deliveries import services
from syteops.deliveries.models import Delivery, DeliveryAttempt, DeliveryState, DestinationState
from tests.events.publish import publish
from tests.samples import Sample, sample
from tests.samples.webhooks import URL, a_webhook, enable_webhooks

NOWHERE = {"id": "999999"}


def a_delivery(state: DeliveryState = DeliveryState.GIVEN_UP) -> Delivery:
    """A delivery to a webhook, tried once; its event is about deliveries itself."""
    enable_webhooks()
    webhook = a_webhook(URL, "deliveries.*")
    publish()
    other = DestinationState.objects.create(integration="slack", paused_at=timezone.now())
    services.resume(SYSTEM, other)
    publish()
    delivery = Delivery.objects.get(destination=str(webhook.pk))
    now = timezone.now()
    delivery.state, delivery.attempts, delivery.finished_at = state, 1, now
    delivery.save()
    DeliveryAttempt.objects.create(
        delivery=delivery, at=now, milliseconds=12, status=500, answer="Out of order"
    )
    return delivery


@sample("deliveries.list")
def _list() -> Sample:
    a_delivery()
    return Sample(params={"integration": "webhooks", "type": "crm_system.*"}, bad={"state": "lost"})


@sample("deliveries.get")
def _get() -> Sample:
    return Sample({"id": str(a_delivery().pk)}, missing=NOWHERE)


@sample("deliveries.destinations")
def _destinations() -> Sample:
    a_delivery()
    return Sample()


@sample("deliveries.resend")
def _resend() -> Sample:
    # Its event is about deliveries: to others than their readers there is no such delivery.
    also = ("deliveries.get",)
    return Sample({"id": str(a_delivery().pk)}, missing=NOWHERE, again="conflict", also=also)


@sample("deliveries.resend_since")
def _resend_since() -> Sample:
    delivery = a_delivery()
    where = {"integration": "webhooks", "destination": delivery.destination}
    right = {**where, "since": "2026-01-01T00:00:00Z"}
    bad = {**where, "since": "yesterday"}
    return Sample(params=right, bad=bad, also=("deliveries.get",))


@sample("deliveries.resume")
def _resume() -> Sample:
    delivery = a_delivery()
    DestinationState.objects.update(paused_at=timezone.now(), why_paused="It answered 410.")
    right = {"integration": "webhooks", "destination": delivery.destination}
    return Sample(params=right, bad={"integration": 5}, also=("deliveries.get",))
