"""Notes over the Manage API."""

from typing import Any

import manage_api
from manage_api.viewsets import EntityViewSet
from notes import people, queries, services
from notes.filters import NoteFilter
from notes.models import Note
from notes.serializers import NoteSerializer
from syteops.ai.viewsets import SuggestionsMixin


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
    fitting = staticmethod(queries.fitting)
    filterset_class = NoteFilter
    search_fields, search_reads = queries.SEARCHED, {queries.OF_ATTENDEES: "users"}
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
