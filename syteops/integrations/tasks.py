"""What integrations send, in the background."""

from syteops.core.actors import Actor
from syteops.core.tasks import task
from syteops.integrations import services
from syteops.tasks.jobs import Storing
from syteops.tasks.working import carry_out


@task()
def send_test(job: str, slug: str) -> None:
    """Send an integration's test."""

    def work(actor: Actor, storing: Storing) -> str:
        return services.send_test(actor, slug)

    carry_out(send_test, job, slug, work)
