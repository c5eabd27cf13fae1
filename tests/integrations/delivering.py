"""Integrations set up and enabled, and what is delivered to them."""

from datetime import timedelta
from typing import Any

from syteops.core.actors import SYSTEM
from syteops.deliveries.models import Delivery, DestinationState
from syteops.deliveries.sending import start_turns
from syteops.integrations import services
from tests.background import run_tasks
from tests.events.publish import publish

_TIMES: dict[Any, tuple[str, ...]] = {
    Delivery: ("next_attempt_at",),
    DestinationState: ("due_at", "held_until"),
}


def set_secret(slug: str, name: str, value: str) -> None:
    services.set_secret(SYSTEM, services.locked_secret(slug, name), value=value)


def set_config(slug: str, **config: Any) -> None:
    services.update_config(SYSTEM, services.locked_state(slug), config=config)


def enable(slug: str) -> None:
    services.enable(SYSTEM, services.locked_state(slug))


def disable(slug: str) -> None:
    services.disable(SYSTEM, services.locked_state(slug))


def pass_time(seconds: float) -> None:
    """Bring everything that waits nearer by so many seconds."""
    earlier = timedelta(seconds=seconds)
    for model, names in _TIMES.items():
        for one in model.objects.all():
            times = {name: getattr(one, name) for name in names if getattr(one, name)}
            earlier_times = {name: at - earlier for name, at in times.items()}
            if times:
                model.objects.filter(pk=one.pk).update(**earlier_times)


def deliver() -> None:
    """Publish what has happened, and send what is due, as long as something is."""
    publish()
    while start_turns():
        run_tasks()
