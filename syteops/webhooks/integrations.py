"""The integration that posts events to every webhook."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

import orjson
from django.db.models import QuerySet
from django.utils import timezone

from syteops.core import outbound
from syteops.core.events import Verb
from syteops.core.identifiers import ROW_ID
from syteops.core.outbound import Answer
from syteops.events.serializers import message_for
from syteops.integrations.catalogue import (
    Destination,
    DestinationName,
    Integration,
    Message,
    Setup,
    enter,
)
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.sending import READ_ANSWER
from syteops.lib.masks import hide
from syteops.webhooks.models import Webhook
from syteops.webhooks.queries import INTEGRATION, active_webhooks
from syteops.webhooks.services import NO_SECRET
from syteops.webhooks.signing import PREFIX, signed_headers, signing_secrets


def destination_of(webhook: Webhook) -> Destination:
    """Where its events go."""
    return _destination(webhook.pk, webhook.name, webhook.types)


def _destinations(config: dict[str, Any]) -> Iterator[Destination]:
    return _as_destinations(active_webhooks())


def _find(keys: Collection[str]) -> Iterator[Destination]:
    ids = [int(one) for one in keys if re.fullmatch(ROW_ID, one)]
    return _as_destinations(active_webhooks().filter(pk__in=ids))


def _names() -> Iterator[DestinationName]:
    for pk, name in active_webhooks().values_list("pk", "name"):
        yield DestinationName(str(pk), name, Webhook.resource)


def _as_destinations(webhooks: QuerySet[Webhook]) -> Iterator[Destination]:
    # There may be thousands, and to make a model of each would take most of the time.
    for row in webhooks.values_list("pk", "name", "types"):
        yield _destination(*row)


def _destination(pk: int, name: str, types: Iterable[str]) -> Destination:
    tests = (f"{Webhook.noun}.{Verb.TESTED}",)
    return Destination(str(pk), name, tuple(types), named_by=Webhook.resource, own=tests)


def _send(setup: Setup, message: Message) -> Answer:
    """Post the event, signed now: a repetition has a new timestamp and the same id."""
    webhook = Webhook.objects.get(pk=message.destination)
    secrets = signing_secrets(webhook)
    if not secrets:
        raise DeliveryFailed(NO_SECRET)
    [event] = message.events
    if not destination_of(webhook).wants(event):  # as it is in the row whose address is taken
        raise DeliveryFailed("It wants no such events any more.")
    body = orjson.dumps(message_for(event, webhook.types))
    headers = signed_headers(secrets, message.id, body.decode(), timezone.now())
    answer = outbound.post(webhook.url, body, headers, beginning=READ_ANSWER)
    return replace(answer, body=_without(webhook.url, secrets, answer.body))


def _without(url: str, secrets: list[str], body: bytes) -> bytes:
    """The answer, should the receiver show what not all who read deliveries may see."""
    shown = [url, *secrets, *(one.removeprefix(PREFIX) for one in secrets)]
    return hide(body.decode("utf-8", "replace"), shown).encode()


enter(
    Integration(
        slug=INTEGRATION,
        name="Webhooks",
        category="automation",
        description=(
            "Posts events to web addresses of yours as they happen, signed as Standard Webhooks "
            "has it, so that a receiver can tell that they are genuine."
        ),
        stops="No more events are posted to any webhook. What is waiting is cancelled.",
        destinations=_destinations,
        find=_find,
        names=_names,
        destinations_page="admin:webhooks_webhook_changelist",
        send=_send,
    )
)
