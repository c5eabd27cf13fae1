"""Reading how deliveries stand."""

from django.db.models import Count, Q

from syteops.deliveries.models import Delivery, DeliveryState


def count_undelivered() -> dict[str, tuple[int, int]]:
    """By integration: how many deliveries wait, and how many of them have failed before."""
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING).order_by("integration")
    failed = Count("pk", filter=Q(attempts__gt=0))
    counts = waiting.values_list("integration").annotate(waits=Count("pk"), failed=failed)
    return {integration: (waits, failing) for integration, waits, failing in counts}
