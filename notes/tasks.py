"""What AI does for notes, in the background."""

from notes import assistant
from notes.queries import get_note
from syteops.core.actors import Actor
from syteops.core.tasks import task
from syteops.tasks.jobs import Storing, carry_out


@task()
def summarise(job: str, note: int) -> None:
    """Summarise a note with AI."""

    def work(actor: Actor, storing: Storing) -> str:
        assistant.summarise(actor, get_note(str(note)), storing)
        return "The excerpt is the AI's summary now."

    carry_out(job, work)


@task()
def extract_action_items(job: str, note: int) -> None:
    """Extract a note's action items with AI."""

    def work(actor: Actor, storing: Storing) -> str:
        count = assistant.extract_action_items(actor, get_note(str(note)), storing)
        return f"{count} new action items were added." if count else "Nothing new found."

    carry_out(job, work)
