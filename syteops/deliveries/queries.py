"""Reading deliveries, and how destinations stand."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property, partial
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from syteops.core.errors import NotFound
from syteops.deliveries.choices import Standing
from syteops.deliveries.models import Delivery, DeliveryState, DestinationState
from syteops.integrations.catalogue import Destination
from syteops.integrations.queries import Installed, all_installed


@dataclass(frozen=True)
class KnownDestination:
    """Where an integration sends events, and how that goes."""

    installed: Installed
    known: Destination
    stored: DestinationState | None
    all_waiting: "Callable[[], dict[Place, int]]" = field(compare=False, repr=False)
    """How many deliveries wait, of these destinations: counted once, and for who wants to know."""

    @cached_property
    def state(self) -> DestinationState:
        """What is stored of it; a new one where that is nothing."""
        return self.stored or DestinationState(
            integration=self.integration, destination=self.destination
        )

    @property
    def integration(self) -> str:
        """The slug of the integration."""
        return self.installed.slug

    @property
    def destination(self) -> str:
        """What names it within its integration; "" where there is only one."""
        return self.known.key

    @property
    def place(self) -> "Place":
        """Both."""
        return self.integration, self.destination

    @property
    def name(self) -> str:
        """What people call it."""
        return self.known.name

    @property
    def waiting(self) -> int:
        """How many deliveries wait to be sent there."""
        return self.all_waiting().get(self.place, 0)

    @property
    def enabled(self) -> bool:
        """Whether the integration sends anything."""
        return sends(self.installed)

    @property
    def standing(self) -> Standing:
        """How it goes, at a glance."""
        return standing_of(self.stored) if self.stored else Standing.NEW


def sends(installed: Installed) -> bool:
    """Whether the integration sends anything."""
    return installed.enabled and installed.available


def standing_of(state: Any) -> Standing:
    """How deliveries to a destination go, at a glance."""
    if state.paused_at:
        return Standing.PAUSED
    if state.failing_since:
        return Standing.FAILING
    return Standing.DELIVERING if state.delivered_at else Standing.NEW


def readable_deliveries(resources: Collection[str] | None) -> QuerySet[Delivery]:
    """The deliveries of events of those resources (None: of all), the newest first."""
    found = Delivery.objects.select_related("event__entry")
    return found if resources is None else found.filter(event__resource__in=resources)


Readable = Collection[str] | None
"""The resources that whoever asks may read; None: all. Of others, a name is only its identifier."""


Place = tuple[str, str]
"""A destination: its integration's slug, and what names it there."""


def all_destinations(readable: Readable = None) -> list[KnownDestination]:
    """Every destination of every integration, enabled or not, in a constant number of queries."""
    return list(_destinations(all_installed(), readable))


def destinations_at(places: Collection[Place], readable: Readable = None) -> list[KnownDestination]:
    """Those of these places that there are, in a constant number of queries; none is looked for
    besides."""
    return list(_destinations(all_installed(), readable, places)) if places else []


Worst = dict[str, tuple[list[KnownDestination], int]]
_WORST = (Standing.PAUSED, Standing.FAILING, Standing.NEW, Standing.DELIVERING)
_PLACE = ("integration", "destination")
_STANDING = ("paused_at", "failing_since", "delivered_at")


def worst_destinations(most: int, installed: Collection[Installed], readable: Readable) -> Worst:
    """By integration: those that stand worst, so many, and how many there are. Of the thousands
    that there may be, no others are read."""
    ranks = {
        (state.integration, state.destination): _WORST.index(standing_of(state))
        for state in DestinationState.objects.values_list(*_PLACE, *_STANDING, named=True)
    }
    usual = _WORST.index(Standing.NEW)
    places: dict[Place, int] = {}
    counts: dict[str, int] = {}
    for one in installed:
        found = [(one.slug, key) for key, *_ in one.integration.destination_names(one.config)]
        found.sort(key=lambda place: ranks.get(place, usual))
        counts[one.slug] = len(found)
        places |= {place: rank for rank, place in enumerate(found[:most])}
    shown: dict[str, list[KnownDestination]] = defaultdict(list)
    read = _destinations(installed, readable, places)
    for known in sorted(read, key=lambda known: places[known.place]):
        shown[known.integration].append(known)
    return {slug: (those, counts[slug]) for slug, those in shown.items()}


def destination_names(readable: Readable) -> Iterator[tuple[Place, str]]:
    """What people call each destination, such as "Webhooks: Billing"."""
    for one in all_installed():
        for key, name, named_by in one.integration.destination_names(one.config):
            is_named = readable is None or not named_by or named_by in readable
            yield (one.slug, key), full_name(one, key, name if is_named else key)


def full_name(installed: Installed, key: str, name: str) -> str:
    """What people call a destination; the only one of an integration has no other name."""
    return f"{installed.name}: {name}" if key else installed.name


def sending_destinations(readable: Readable = None) -> list[KnownDestination]:
    """Those of the integrations that send."""
    return list(_destinations([one for one in all_installed() if sends(one)], readable))


def troubled_destinations(readable: Readable = None) -> list[KnownDestination]:
    """Those of the integrations that send, to which nothing gets through."""
    troubled = Q(paused_at__isnull=False) | Q(failing_since__isnull=False)
    states = DestinationState.objects.filter(troubled)
    found = destinations_at(list(states.values_list("integration", "destination")), readable)
    return [one for one in found if one.enabled]


def get_destination(
    integration: str, destination: str, readable: Readable = None
) -> KnownDestination:
    """One of them. Raises NotFound."""
    for one in destinations_at([(integration, destination)], readable):
        return one
    raise NotFound(f"There is no destination {integration}/{destination}.".replace("/.", "."))


def locked_state(integration: str, destination: str) -> DestinationState:
    """How a destination stands, locked until the transaction ends. Raises NotFound."""
    get_destination(integration, destination)
    states = DestinationState.objects.select_for_update()
    return states.get_or_create(integration=integration, destination=destination)[0]


def _destinations(
    installed: Collection[Installed], readable: Readable, among: Collection[Place] | None = None
) -> Iterator[KnownDestination]:
    stored = DestinationState.objects.all()
    if among is not None:
        stored = stored.filter(destination__in={key for _, key in among})
    states = {(one.integration, one.destination): one for one in stored}
    waiting = cache(partial(_waiting, among))
    for one in installed:
        keys = None if among is None else {key for slug, key in among if slug == one.slug}
        for known in one.integration.destinations_among(one.config, keys):
            place = one.slug, known.key
            is_named = readable is None or not known.named_by or known.named_by in readable
            shown = known if is_named else replace(known, name=known.key)
            yield KnownDestination(one, shown, states.get(place), waiting)


def _waiting(among: Collection[Place] | None) -> dict[Place, int]:
    found = Delivery.objects.filter(state=DeliveryState.WAITING).order_by()
    if among is not None:
        found = found.filter(destination__in={key for _, key in among})
    counted = found.values_list("integration", "destination").annotate(count=Count("pk"))
    return {(integration, destination): count for integration, destination, count in counted}


def arrived(event_type: str) -> dict[Place, tuple[int, datetime]]:
    """By destination: how many events of that type have arrived there, of those that are kept, and
    when the last one did."""
    found = Delivery.objects.filter(state=DeliveryState.DELIVERED, event__type=event_type)
    rows = found.order_by().values_list("integration", "destination")
    counted = rows.annotate(count=Count("pk"), last=Max("finished_at"))
    return {(integration, place): (n, last) for integration, place, n, last in counted}


def count_undelivered() -> dict[str, tuple[int, int]]:
    """By integration: how many deliveries wait, and how many of them have failed before."""
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING).order_by("integration")
    failed = Count("pk", filter=Q(attempts__gt=0))
    counts = waiting.values_list("integration").annotate(waits=Count("pk"), failed=failed)
    return {integration: (waits, failing) for integration, waits, failing in counts}
