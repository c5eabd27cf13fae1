"""Automation push: the automation variables to a workflow of n8n, Zapier or Make."""

from syteops.automation.queries import exported
from syteops.core.outbound import url_problem
from syteops.integrations.catalogue import Integration, SecretSpec, Setup, enter
from syteops.integrations.messages import test_message
from syteops.integrations.sending import post_json


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
            "Posts the automation variables to a workflow of n8n, Zapier or Make (or any other "
            "that starts on a web address). So far all of them at once, from the admin."
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
            ),
        ),
        send_test=_send_test,
        test_shows="automation.view_variable",
    )
)
