"""What the delivery log can be asked for."""

from django.db.models import QuerySet

from manage_api.filters import FilterSet, filters
from syteops.deliveries.models import Delivery, DeliveryState
from syteops.events.queries import names_type


class DeliveryFilter(FilterSet):
    integration = filters.CharFilter(max_length=50, help_text="Such as `webhooks`.")
    destination = filters.CharFilter(
        max_length=64, help_text="Of that integration; of webhooks the `id`."
    )
    state = filters.ChoiceFilter(choices=DeliveryState.choices, help_text="What became of it.")
    type = filters.CharFilter(
        method="filter_type",
        max_length=1000,
        help_text="Such as `crm_system.updated`, or `crm_system.*`; several with commas between.",
    )
    since = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", help_text="Only what was queued from then on."
    )

    def filter_type(self, found: QuerySet[Delivery], name: str, value: str) -> QuerySet[Delivery]:
        patterns = [one.strip() for one in value.split(",")]
        return found.filter(names_type(patterns, "event__type"))
