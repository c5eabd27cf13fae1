"""An integration with two destinations, and what they get."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from syteops.core.outbound import Answer
from syteops.deliveries.models import Delivery, DestinationState
from syteops.deliveries.sending import start_turns
from syteops.integrations import catalogue
from syteops.integrations.catalogue import Destination, Integration, Message, Setup
from syteops.integrations.models import IntegrationState
from tests.background import run_tasks
from tests.events.publish import publish


@dataclass
class Post:
    """The integration `post`: what it has sent, and what is answered next."""

    sent: list[Message] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    destinations: list[Destination] = field(
        default_factory=lambda: [Destination("a", "A", ("crm_system.*",))]
    )

    def send(self, setup: Setup, message: Message) -> Answer:
        self.sent.append(message)
        answer = self.answers.get(message.destination, Answer(204))
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else Answer(204)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer

    def told(self, destination: str = "a") -> list[str]:
        """What the destination got, event by event."""
        mine = [one for one in self.sent if one.destination == destination]
        return [str(event) for one in mine for event in one.events]

    def deliver(self) -> None:
        """Publish what has happened, and send what is due."""
        publish()
        self.send_due()

    def send_due(self) -> None:
        """Send what is due, as long as something is."""
        while start_turns():
            run_tasks()


@contextmanager
def post_integration() -> Iterator[Post]:
    """The integration, enabled, as long as the block lasts."""
    post = Post()
    integration = Integration(
        "post",
        "Post",
        "messaging",
        "Posts.",
        "No more is posted.",
        destinations=lambda config: post.destinations,
        send=post.send,
    )
    catalogue._catalogue["post"] = integration
    IntegrationState.objects.create(slug="post", enabled=True)
    try:
        yield post
    finally:
        del catalogue._catalogue["post"]


def state_of(destination: str = "a") -> DestinationState:
    return DestinationState.objects.get(integration="post", destination=destination)


def wants(key: str, *types: str, **more: Any) -> Destination:
    return replace(Destination(key, key.upper(), types), **more)


def states() -> list[str]:
    """Of all deliveries, in the order of the events."""
    return list(Delivery.objects.order_by("event").values_list("state", flat=True))


def let_pass(seconds: float) -> None:
    """Bring everything that waits nearer by so many seconds."""
    earlier = timedelta(seconds=seconds)
    for one in Delivery.objects.all():
        if one.next_attempt_at:
            one.next_attempt_at -= earlier
            one.save()
    for state in DestinationState.objects.all():
        state.due_at = state.due_at and state.due_at - earlier
        state.held_until = state.held_until and state.held_until - earlier
        state.save()
