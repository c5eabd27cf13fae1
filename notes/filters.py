"""What notes and action items can be asked for over the Manage API."""

from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from manage_api.filters import FilterSet, RowFilter, filters
from notes import queries
from notes.choices import NoteStatus
from notes.models import ActionItem, Note
from syteops.core.identifiers import slot_validator


def member_filter(method: str, help_text: str) -> filters.CharFilter:
    """Takes the number of a team member."""
    return filters.CharFilter(
        method=method, trim_whitespace=False, validators=[slot_validator], help_text=help_text
    )


class NoteFilter(FilterSet):
    status = filters.ChoiceFilter(choices=NoteStatus.choices, help_text="Only these.")
    tag = RowFilter(
        "tag_rows__name_folded",
        allow_blank=True,
        max_length=50,
        help_text="Only notes with this tag.",
    )

    author = member_filter("filter_author", "Number of the team member who wrote them.")
    attendee = member_filter("filter_attendee", "Number of a team member who was there.")
    assignee = member_filter(
        "filter_assignee", "Number of a team member with something still to do."
    )
    due_before = filters.DateFilter(
        method="filter_due_before", help_text="Only with something still to do, due before then."
    )
    overdue = filters.BooleanFilter(
        method="filter_overdue", help_text="Only with something overdue, or only those without."
    )

    def filter_author(self, found: QuerySet[Note], name: str, value: str) -> QuerySet[Note]:
        return found.filter(queries.written_by(value))

    def filter_attendee(self, found: QuerySet[Note], name: str, value: str) -> QuerySet[Note]:
        return found.filter(queries.attended_by(value))

    def filter_assignee(self, found: QuerySet[Note], name: str, value: str) -> QuerySet[Note]:
        return found.filter(queries.with_work_for(value))

    def filter_due_before(self, found: QuerySet[Note], name: str, value: date) -> QuerySet[Note]:
        return found.filter(queries.with_work_due_before(value))

    def filter_overdue(self, found: QuerySet[Note], name: str, value: bool) -> QuerySet[Note]:
        late = queries.with_work_due_before(timezone.localdate())
        return found.filter(late if value else ~late)


class ActionItemFilter(FilterSet):
    assignee = member_filter("filter_assignee", "Number of the team member who is to do it.")
    due_before = filters.DateFilter(
        field_name="due_date", lookup_expr="lt", help_text="Only what is due before then."
    )
    done = filters.BooleanFilter(help_text="Only what is done, or only what is still to do.")

    def filter_assignee(
        self, found: QuerySet[ActionItem], name: str, value: str
    ) -> QuerySet[ActionItem]:
        return found.filter(assignee__number=int(value))
