"""The action items of all notes over the Manage API."""

from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

import manage_api
from manage_api.filters import FilterBackend, OrderingBackend, SearchBackend
from manage_api.operations import operation
from manage_api.viewsets import ListMixin, RetrieveMixin
from notes import queries, services
from notes.api.notes import NoteViewSet
from notes.filters import ActionItemFilter
from notes.models import ActionItem, Note
from notes.serializers import AgendaItemSerializer
from syteops.core.permissions import permission_name
from syteops.core.search import MANY


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
    most_counted = MANY  # of each it must be looked up whether its note is archived
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
