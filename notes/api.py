"""Notes over the Manage API."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.filters import FilterBackend, FilterSet, OrderingBackend, SearchBackend, filters
from manage_api.operations import operation
from manage_api.viewsets import EntityViewSet, ListMixin, RetrieveMixin
from notes import people, queries, services
from notes.choices import NoteStatus
from notes.models import ActionItem, Note
from notes.serializers import AgendaItemSerializer, NoteSerializer
from syteops.ai.viewsets import SuggestionsMixin
from syteops.core.identifiers import slot_validator
from syteops.core.permissions import permission_name


def member_filter(method: str, help_text: str) -> filters.CharFilter:
    """Takes the number of a team member."""
    return filters.CharFilter(
        method=method, trim_whitespace=False, validators=[slot_validator], help_text=help_text
    )


class NoteFilter(FilterSet):
    status = filters.ChoiceFilter(choices=NoteStatus.choices, help_text="Only these.")
    tag = filters.CharFilter(
        method="filter_tag", allow_blank=True, max_length=50, help_text="Only notes with this tag."
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

    def filter_tag(self, found: QuerySet[Note], name: str, value: str) -> QuerySet[Note]:
        return found.filter(tag_rows__name_folded=value)


@manage_api.register("notes", resource="notes_items")
class NoteViewSet(SuggestionsMixin, EntityViewSet):
    about = "Meetings, decisions and what is to be done."
    queryset = queries.notes()
    serializer_class = NoteSerializer
    lookup_url_kwarg = "id"
    services = services
    rereads = True
    deletion_impact = staticmethod(queries.deletion_impact)
    changed_with = staticmethod(queries.changed_with)
    filterset_class = NoteFilter
    search_fields = queries.SEARCHED
    search_help = "the texts, tags, action items and names of attendees"
    ordering_fields, ordering = queries.ORDERINGS, "-updated_at"
    summaries = {"create": "Write a note"}
    descriptions = {
        "partial_update": "Lists are sent whole: what is left out goes. As they were read, they "
        "change nothing.",
        "destroy": "Deletes the note with its action items for good.",
    }

    def get_values(self, instance: Note | None = None) -> dict[str, Any]:
        return people.resolved(self.validated, instance)


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


@manage_api.register("action-items", resource="notes_items")
class ActionItemViewSet(ListMixin, RetrieveMixin):
    about = NoteViewSet.about
    title = "Notes"
    queryset = queries.action_items()
    serializer_class = AgendaItemSerializer
    lookup_url_kwarg = "id"
    keeps = frozenset(("list", "retrieve"))
    filter_backends = (FilterBackend, SearchBackend, OrderingBackend)
    filterset_class = ActionItemFilter
    search_fields = ("searched",)
    ordering_fields, ordering, ordering_tie_break = {"due_date": None}, "due_date", "pk"
    why_no_sync = "Keep a copy of the notes, which have them; or read all pages anew with after."
    actions = {"list": "list_actions", "retrieve": "get_action"}
    summaries = {"list": "List what is to be done"}
    descriptions = {
        "list": "Action items of all notes that are not archived, what was due first in front."
    }

    @classmethod
    def permission_name(cls, verb: str) -> str:
        return permission_name(Note, verb)  # an action item is changed with its note

    def _find(self) -> ActionItem:
        return queries.get_action(self.kwargs["id"], lock=self.locks)

    @action(detail=True, methods=["post"], url_path="done")
    @operation("Tick off an action item", action="complete_action")
    def complete(self, request: Request, **path: str) -> Response:
        """The note that has it is changed. `notes_items.update` takes it back."""
        return self.apply(services.complete_action)
