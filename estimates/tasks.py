"""What AI does for estimates, in the background."""

from estimates import assistant
from estimates.queries import get_estimate
from syteops.core.actors import Actor
from syteops.core.tasks import task
from syteops.tasks.jobs import Storing, carry_out


@task()
def draft_line_items(job: str, estimate: int) -> None:
    """Draft an estimate's line items with AI."""

    def work(actor: Actor, storing: Storing) -> str:
        count = assistant.draft_line_items(actor, get_estimate(str(estimate)), storing)
        return f"{count} line items were added. Check them, the prices above all."

    carry_out(job, work)
