"""Where automation variables are sent: to each destination that is told of `variables.changed`."""

from collections.abc import Iterator

from syteops.automation.lineage import Reader, carries
from syteops.deliveries.models import Delivery
from syteops.deliveries.queries import arrived, sending_destinations
from syteops.events.queries import VARIABLES_CHANGED, fits


@carries
def pushes() -> Iterator[Reader]:
    """The destinations of enabled integrations, and when they last got any."""
    told = arrived(VARIABLES_CHANGED)
    for one in sending_destinations():
        if fits(VARIABLES_CHANGED, one.known.types):
            count, last = told.get((one.integration, one.destination), (0, None))
            yield Reader(
                resource=Delivery.resource,
                kind="push",
                id=one.state.public_id,
                name=f"{one.installed.name}: {one.name}",
                state=one.standing.value,
                ways=("push",),
                reads=count,
                last_read_at=last,
            )
