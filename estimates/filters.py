"""What the list of estimates can be asked for over the Manage API."""

from typing import Any

from django.db.models import QuerySet

from estimates import queries
from estimates.choices import EstimateStatus
from estimates.models import Estimate
from manage_api.filters import FilterSet, filters
from syteops.integrations.queued_mail import MailState


class EstimateFilter(FilterSet):
    status = filters.ChoiceFilter(
        method="filter_status", choices=EstimateStatus.choices, help_text="Only these."
    )
    mail = filters.ChoiceFilter(
        field_name="mail_state", choices=MailState.choices, help_text="Of the e-mail."
    )
    number = filters.CharFilter(allow_blank=True, max_length=40, help_text="Such as EST-2026-0001.")
    superseded = filters.BooleanFilter(
        method="filter_superseded",
        default=False,
        help_text="Also revisions that a newer one has replaced; with updated_since by itself.",
    )

    def filter_status(self, found: QuerySet[Estimate], name: str, value: str) -> Any:
        return found.filter(queries.with_status(value))

    def filter_superseded(self, found: QuerySet[Estimate], name: str, value: bool) -> Any:
        return found if value else found.filter(superseded_by=None)
