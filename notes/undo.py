"""How changes of a note are undone."""

from typing import Any

from notes import services
from notes.models import ActionItem, Note
from syteops.audit.rows import with_ids
from syteops.core.actors import Actor
from syteops.history.undo import Undo, column_values, register_undo
from syteops.team.models import TeamMember

_FIELDS = (
    "title", "content", "excerpt", "excerpt_derived", "slug", "meta", "status", "author",
    "attendee_names", "meeting_date", "follow_up_date",
)  # fmt: skip
_BELONGINGS = ("action_items", "attendees", "tags")


def _values(before: dict[str, Any]) -> dict[str, Any]:
    belongings = {name: before[name] for name in _BELONGINGS if name in before}
    return {**column_values(Note, before, _FIELDS), **belongings}


def _update(actor: Actor, note: Note, before: dict[str, Any]) -> None:
    values = _values(before)
    if "action_items" in values:
        rows = note.action_items.all()
        values["action_items"] = with_ids(ActionItem, rows, values["action_items"])
    services.put_back(actor, note, **values)


def _restore(actor: Actor, note: Note, before: dict[str, Any]) -> None:
    services.restore_note(actor, note, before, **_values(before))


register_undo(
    Undo(
        Note,
        update=_update,
        delete=services.delete_note,
        restore=_restore,
        relations=services.belongings_of,
        names={
            "author": TeamMember,
            "attendees": TeamMember,
            "action_items.assignee": TeamMember,
        },
    )
)
