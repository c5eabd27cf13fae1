"""What the audit trail can be asked for over the Manage API."""

from typing import Any

from django.db.models import QuerySet

from manage_api.filters import FilterSet, filters
from syteops.audit import queries
from syteops.audit.models import AuditEntry, Outcome
from syteops.core.actors import Channel


class AuditFilter(FilterSet):
    actor = filters.CharFilter(
        method="filter_actor", max_length=200, help_text="Id or name of a person, key or command."
    )
    event = filters.CharFilter(max_length=100, help_text="Such as `crm_system.updated`.")
    outcome = filters.ChoiceFilter(
        choices=Outcome.choices, help_text="`refused` are attempts only."
    )
    door = filters.ChoiceFilter(choices=list(Channel), help_text="Where it came in.")
    resource = filters.CharFilter(
        field_name="object_resource", max_length=50, help_text="Such as `crm`."
    )
    object = filters.CharFilter(field_name="object_id", max_length=200, help_text='Such as "001".')
    since = filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="gte", help_text="Only what happened from then on."
    )
    until = filters.IsoDateTimeFilter(
        field_name="at", lookup_expr="lt", help_text="Only what happened before then."
    )

    def filter_actor(self, found: QuerySet[AuditEntry], name: str, value: str) -> Any:
        return found.filter(queries.is_actor(value))
