"""Signing secrets, and signatures as Standard Webhooks 1.0.0 has them (symmetric, `v1`)."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from standardwebhooks import Webhook as Signer

from syteops.audit.services import read_secret
from syteops.webhooks.models import Webhook

PREFIX = "whsec_"
OVERLAP = timedelta(hours=24)
"""How long the former secret signs as well after a rotation."""


def new_secret() -> str:
    """A secret that nobody has had: 32 random bytes in Base64, behind the standard's prefix."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signing_secrets(webhook: Webhook) -> list[str]:
    """The secrets that sign now, the newest first; none where a new one must be made."""
    names = ["signing_secret"]
    rotated_at = webhook.former_secret_set_at
    if rotated_at and timezone.now() < rotated_at + OVERLAP:
        names.append("former_secret")
    opened = [read_secret(webhook, name) for name in names]
    return [one for one in opened if one] if opened[0] else []


def signed_headers(
    using: Sequence[str], message_id: str, body: str, now: datetime
) -> dict[str, str]:
    """The three headers of the standard; each secret adds a signature of exactly this body."""
    signatures = (Signer(one).sign(message_id, now, body) for one in using)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
