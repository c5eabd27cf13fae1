"""Webhooks: signed messages to an address of your own (Standard Webhooks 1.0.0)."""

import time
import uuid

from syteops.integrations.catalogue import Integration, SecretSpec, Setup, enter
from syteops.integrations.messages import test_message
from syteops.integrations.sending import post_json
from syteops.integrations.signatures import problem_of_secret, signature


def signed_post(setup: Setup, body: bytes) -> int:
    """Post `body` with the three Standard Webhooks headers. Raises DeliveryFailed."""
    message_id, now = f"msg_{uuid.uuid4().hex}", int(time.time())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(setup.secrets["signing_secret"], message_id, now, body),
    }
    return post_json(setup.config["url"], body, headers)


def _send_test(setup: Setup) -> str:
    return f"The receiver answered {signed_post(setup, test_message())}."


enter(
    Integration(
        slug="webhooks",
        name="Webhooks",
        category="automation",
        description=(
            "Posts JSON messages to a web address of yours, signed as Standard Webhooks has it, "
            "so the receiver can tell that they are genuine. So far it sends test messages, from "
            "the admin."
        ),
        stops="No more messages are posted to your address.",
        config_schema={
            "type": "object",
            "properties": {
                "url": {
                    "type": "string",
                    "title": "Address",
                    "description": "Where messages are posted to. It must be public.",
                    "format": "web-url",
                    "maxLength": 2000,
                }
            },
            "required": ["url"],
            "additionalProperties": False,
        },
        secrets=(
            SecretSpec(
                "signing_secret",
                "Signing secret",
                "whsec_ and then 24 to 64 random bytes in Base64. The receiver needs the same one.",
                problem_of=problem_of_secret,
                sent_to="url",
            ),
        ),
        send_test=_send_test,
    )
)
