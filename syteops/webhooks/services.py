"""Every change of a webhook. Objects passed in are locked by the caller."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.encryption import seal
from syteops.core.errors import Conflict
from syteops.core.events import Verb
from syteops.core.limits import require_room
from syteops.deliveries.services import close
from syteops.events.rights import require_readable
from syteops.integrations.queries import get_installed
from syteops.webhooks import signing
from syteops.webhooks.models import Webhook
from syteops.webhooks.queries import INTEGRATION

clear_secrets = audit.clear_secrets

MOST = 200
"""Webhooks: each event is queued for every one that wants it, in a transaction. So many make 60 kB
and 10 ms of it, which is what the largest change itself may take."""


@transaction.atomic
def create_webhook(actor: Actor, **values: Any) -> Webhook:
    """A further webhook, with a secret of its own as `new_secret`: show that once.

    Raises Invalid, LimitReached, or Forbidden unless who acts may read what its events tell.
    """
    require_room(Webhook.objects.all(), MOST, "webhooks")
    webhook = Webhook(**values)
    webhook.new_secret = signing.new_secret()
    webhook.signing_secret = seal(webhook, "signing_secret", webhook.new_secret)
    webhook.signing_secret_set_at = timezone.now()
    audit.insert(actor, webhook)
    require_readable(actor, webhook.types)  # they are valid now
    return webhook


@transaction.atomic
def restore_webhook(actor: Actor, webhook: Webhook) -> Webhook:
    """A deleted webhook again, without its secret. Raises as `create_webhook` does."""
    require_room(Webhook.objects.all(), MOST, "webhooks")
    audit.reinsert(actor, webhook)
    require_readable(actor, webhook.types)
    return webhook


@transaction.atomic
def update_webhook(actor: Actor, webhook: Webhook, **values: Any) -> Webhook:
    """Change the fields given. Another origin of the address clears the secret. Raises Invalid.

    Whoever changes the address or the events, or has them sent again, must be able to read what
    they tell, or it raises Forbidden: else what others had sent to themselves, and perhaps may not
    any more, could be sent anywhere.
    """
    before = decisive(webhook)
    audit.update(actor, webhook, values)
    if is_decided(before, decisive(webhook)):
        require_readable(actor, webhook.types)
    return webhook


def decisive(webhook: Webhook) -> dict[str, Any]:
    """What decides which events are told to whom."""
    return {"url": webhook.url, "types": webhook.types, "active": webhook.active}


def is_decided(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether it is decided that events are told to somebody: to tell nothing any more is not."""
    return after != {**before, "active": False} and after != before


@transaction.atomic
def delete_webhook(actor: Actor, webhook: Webhook) -> None:
    """Delete the webhook and its secret for good; nothing that is waiting is sent there."""
    close(INTEGRATION, str(webhook.pk))
    audit.remove(actor, webhook)


@transaction.atomic
def rotate_secret(actor: Actor, webhook: Webhook) -> Webhook:
    """A new secret, as `new_secret`: show that once. The old one signs as well for `OVERLAP`.

    An older one ends at once, so to end a secret that got out, rotate twice. Without one nothing
    is sent: whoever makes the first must be able to read what is told, or it raises Forbidden.
    """
    now, present = timezone.now(), audit.read_secret(webhook, "signing_secret")
    if webhook.active and not present:  # nor is anything sent with one that does not open
        require_readable(actor, webhook.types)
    text = signing.new_secret()
    former = seal(webhook, "former_secret", present) if present else None
    values = {
        "signing_secret": seal(webhook, "signing_secret", text),
        "signing_secret_set_at": now,
        "former_secret": former,
        "former_secret_set_at": now if former else None,
    }
    audit.update(actor, webhook, values, Verb.SECRET_SET)
    webhook.new_secret = text
    return webhook


@transaction.atomic
def send_test(actor: Actor, webhook: Webhook) -> Webhook:
    """Have a test event sent there, through the same queue as every other event.

    Raises Conflict where nothing is sent.
    """
    if not signing.signing_secrets(webhook):
        raise Conflict(NO_SECRET)
    if not webhook.active:
        raise Conflict(f"{webhook} is not active. Activate it first.")
    if not get_installed(INTEGRATION).enabled:
        raise Conflict("Webhooks are disabled. Enable the integration first.")
    audit.update(actor, webhook, {"tested_at": timezone.now()}, Verb.TESTED)
    return webhook


NO_SECRET = "It has no readable signing secret, so nothing is sent. Rotate its secret."  # noqa: S105
