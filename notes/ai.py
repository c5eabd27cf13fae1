"""What notes use AI for."""

from syteops.ai.areas import register_area

SUMMARY = register_area(
    "notes.summary",
    "Summaries of notes",
    "Writes the excerpt of a note from its content.",
    module=__name__,
)
ACTION_ITEMS = register_area(
    "notes.action_items",
    "Action items from notes",
    "Finds in a note's content what is to be done, by whom and until when.",
    module=__name__,
)
