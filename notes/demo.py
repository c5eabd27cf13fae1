from datetime import timedelta

from django.utils import timezone

from notes import services
from notes.choices import NoteStatus
from notes.models import Note
from syteops.core.actors import Actor
from syteops.core.demo import seeds
from syteops.team.models import TeamMember

KICK_OFF = """## Goals

- Relaunch the shop before **spring**
- One booking link everywhere

## Decided

Bruno prepares the staging site; Chloe writes to existing clients.
"""
REVIEW = "Budget is on track. *Search* campaigns bring two thirds of new leads."


@seeds("notes", Note)
def seed(actor: Actor) -> int:
    today = timezone.localdate()
    ada, bruno, chloe = TeamMember.objects.order_by("number")[:3]
    services.create_note(
        actor,
        title="Kick-off: shop relaunch",
        content=KICK_OFF,
        status=NoteStatus.PUBLISHED,
        author=ada,
        attendees=[ada, bruno, chloe],
        meeting_date=today - timedelta(days=6),
        follow_up_date=today + timedelta(days=8),
        tags=["client", "relaunch"],
        action_items=[
            {"text": "Set up staging", "assignee": bruno, "due_date": today, "done": True},
            {"text": "Draft the client letter", "assignee": chloe, "done": False},
        ],
    )
    services.create_note(
        actor,
        title="Marketing review",
        content=REVIEW,
        status=NoteStatus.DRAFT,
        author=chloe,
        attendees=[ada, chloe],
        tags=["marketing"],
    )
    return 2
