"""Notes and their action items over the Manage API."""

from notes.api.action_items import ActionItemViewSet
from notes.api.notes import NoteViewSet

__all__ = ["ActionItemViewSet", "NoteViewSet"]
