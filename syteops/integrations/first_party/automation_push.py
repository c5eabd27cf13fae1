"""Automation push: the automation variables to a workflow of n8n, Zapier or Make."""

import orjson

from syteops.automation.queries import exported
from syteops.automation.services import resync
from syteops.core.outbound import Answer, url_problem
from syteops.events.queries import VARIABLES_CHANGED, removed_variables
from syteops.events.serializers import message_of
from syteops.integrations.catalogue import (
    Destination,
    Integration,
    Message,
    SecretSpec,
    Setup,
    enter,
)
from syteops.integrations.messages import test_message
from syteops.integrations.sending import deliver_json, post_json


def _headers(setup: Setup) -> dict[str, str]:
    """The header by which the workflow knows us, if it asks for one."""
    token = setup.secrets.get("token")
    if not token:
        return {}
    header = setup.config["token_header"]
    return {header: f"Bearer {token}" if header.lower() == "authorization" else token}


def _problem_of_token(text: str) -> str:
    fits = text.isascii() and text.isprintable() and text == text.strip()
    return "" if fits else "Use ASCII letters, digits and signs only: it travels in a header."


def _send(setup: Setup, message: Message) -> Answer:
    """Push the values that the variables have now, whatever they had when that was told."""
    present = exported()
    told = [one.data for one in message.events]
    is_full = any(one["full"] for one in told)
    named = {name for one in told for name in (*one["changed"], *one["removed"])}
    if is_full:
        named |= present.keys() | removed_variables()
    data = {
        "variables": {name: text for name, text in present.items() if name in named},
        "removed": sorted(named - present.keys()),
        "full": is_full,
    }
    pushed = message_of(message.events[-1], {}) | {"data": data}
    return deliver_json(setup.secrets["url"], orjson.dumps(pushed), _headers(setup))


def _send_test(setup: Setup) -> str:
    variables = exported()
    status = post_json(setup.secrets["url"], test_message(variables=variables), _headers(setup))
    return f"Pushed {len(variables)} variables. The workflow answered {status}."


enter(
    Integration(
        slug="automation_push",
        name="Automation push",
        category="automation",
        description=(
            "Posts changed automation variables, with their values, to a workflow of n8n, Zapier "
            "or Make (or any other that starts on a web address): all of them when it is enabled "
            "and after variables.resync, then those that change or go."
        ),
        stops="No more variables are pushed; workflows can still fetch them from the API.",
        config_schema={
            "type": "object",
            "properties": {
                "token_header": {
                    "type": "string",
                    "title": "Header for the token",
                    "description": "Authorization carries it as a Bearer token.",
                    "default": "Authorization",
                    "pattern": "^[A-Za-z][A-Za-z0-9-]{0,63}$",
                }
            },
            "additionalProperties": False,
        },
        secrets=(
            SecretSpec(
                "url",
                "Workflow address",
                "The web address that starts the workflow. Whoever knows it can start it, so it "
                "is kept like a password.",
                problem_of=url_problem,
            ),
            SecretSpec(
                "token",
                "Token",
                "Only if the workflow asks for one.",
                required=False,
                problem_of=_problem_of_token,
                sent_to="url",
                generated="",
            ),
        ),
        send_test=_send_test,
        test_shows="automation.view_variable",
        destinations=lambda config: [
            Destination("", "Workflow", (VARIABLES_CHANGED,), together=True)
        ],
        send=_send,
        when_enabled=resync,
    )
)
