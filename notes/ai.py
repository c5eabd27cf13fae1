"""What notes use AI for."""

from notes import assistant
from syteops.ai.areas import register_area

register_area(
    "notes.summary",
    "Summaries of notes",
    "Suggests the excerpt of a note from its content.",
    module=__name__,
    suggests=assistant.Summary(),
)
register_area(
    "notes.action_items",
    "Action items from notes",
    "Finds in a note's content what is to be done, by whom and until when.",
    module=__name__,
    suggests=assistant.ActionItems(),
)
