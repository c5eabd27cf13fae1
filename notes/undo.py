"""How changes of a note are undone."""

from notes import services
from notes.models import ActionItem, Note
from syteops.history.undo import Undo, register_undo
from syteops.team.models import TeamMember

register_undo(
    Undo(
        Note,
        relations=services.belongings_of,
        rows={"action_items": ActionItem},
        names={"attendees": TeamMember},
    )
)
