"""An integration with an address in its config and a secret for it, as a module might bring it.

Ours may come and go; what every integration can rely on is tested with this one.
"""

import re

from syteops.integrations.catalogue import Integration, SecretSpec, Setup, enter
from syteops.integrations.messages import test_message
from syteops.integrations.sending import post_json

SIGNING_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def _problem_of_secret(text: str) -> str:
    is_good = re.fullmatch(r"whsec_[A-Za-z0-9+/]{32,}=*", text)
    return "" if is_good else "Send whsec_ and then random bytes in Base64."


def _send_test(setup: Setup) -> str:
    headers = {"x-secret": setup.secrets["signing_secret"]}
    return f"The receiver answered {post_json(setup.config['url'], test_message(), headers)}."


enter(
    Integration(
        slug="relay",
        name="Relay",
        category="automation",
        description="Posts messages.",
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
                "whsec_ and then random bytes in Base64.",
                problem_of=_problem_of_secret,
                sent_to="url",
            ),
        ),
        send_test=_send_test,
    )
)
