"""What the event feed can be asked for."""

from django.db.models import QuerySet

from manage_api.filters import FilterSet, filters
from syteops.events.models import Event
from syteops.events.queries import of_types


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
        return of_types(found, [one.strip() for one in value.split(",")])
