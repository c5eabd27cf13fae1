"""Slack: messages to a channel through an incoming webhook."""

import orjson
from django.conf import settings

from syteops.core.outbound import url_problem
from syteops.integrations.catalogue import Integration, SecretSpec, Setup, enter
from syteops.integrations.messages import TEST_TEXT
from syteops.integrations.sending import post_json


def _send_test(setup: Setup) -> str:
    text = f"{settings.SITE_NAME}: {TEST_TEXT}"
    status = post_json(setup.secrets["webhook_url"], orjson.dumps({"text": text}))
    return f"Slack answered {status}. Look into the channel."


enter(
    Integration(
        slug="slack",
        name="Slack",
        category="messaging",
        description=(
            "Posts to a Slack channel through an incoming webhook. So far it sends test messages, "
            "from the admin."
        ),
        stops="No more messages are posted to the channel.",
        secrets=(
            SecretSpec(
                "webhook_url",
                "Incoming webhook",
                "Its address (https://hooks.slack.com/services/…). Whoever knows it can post, so "
                "it is kept like a password.",
                problem_of=url_problem,
            ),
        ),
        send_test=_send_test,
    )
)
