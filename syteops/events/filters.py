"""What the event feed can be asked for."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db.models import QuerySet

from manage_api.filters import FilterSet, filters
from syteops.events.models import Event
from syteops.events.queries import fits, of_types


class EventFilter(FilterSet):
    type = filters.CharFilter(
        method="filter_type",
        max_length=1000,
        help_text="Such as `crm_system.updated`, or `crm_system.*`; several with commas between.",
    )
    resource = filters.CharFilter(max_length=50, help_text="Such as `crm`.")
    object = filters.CharFilter(field_name="object_id", max_length=200, help_text='Such as "001".')
    since = filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="gte", help_text="Only what happened from then on."
    )

    def filter_type(self, found: QuerySet[Event], name: str, value: str) -> QuerySet[Event]:
        return of_types(found, _patterns(value))


def wanted(params: Mapping[str, Any], resources: Collection[str] | None) -> Callable[[Event], bool]:
    """Whether the feed of those resources, asked with these parameters, would show an event.

    As the filter above finds it, but without the database: for who waits, at each event.
    """
    patterns = frozenset(_patterns(params["type"])) if params.get("type") else None
    resource, object_id, since = (params.get(name) for name in ("resource", "object", "since"))

    def wants(event: Event) -> bool:
        return (
            (resources is None or event.resource in resources)
            and (patterns is None or fits(event.type, patterns))
            and resource in (None, "", event.resource)
            and object_id in (None, "", event.object_id)
            and (since is None or event.at >= since)
        )

    return wants


def _patterns(value: str) -> list[str]:
    return [one.strip() for one in value.split(",")]
