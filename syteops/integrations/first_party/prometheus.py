"""Prometheus: /metrics for a scraper that knows the token. Needs the package prometheus-client."""

from functools import partial

from syteops.integrations.catalogue import Integration, SecretSpec, enter, lacks_package


def _problem_of_token(text: str) -> str:
    fits = len(text) >= 20 and text.isascii() and text.isprintable() and " " not in text
    return "" if fits else "Use 20 ASCII letters, digits and signs or more, without blanks."


enter(
    Integration(
        slug="prometheus",
        name="Prometheus",
        category="monitoring",
        description=(
            "Answers GET /metrics to a scraper that sends the token as Authorization: Bearer: "
            "calls by operation, status and kind of caller, how long they took, how far behind "
            "events are, deliveries that wait or fail, and the state of the site."
        ),
        stops="/metrics answers 404.",
        secrets=(
            SecretSpec(
                "token",
                "Token",
                "20 random characters or more; Prometheus calls it bearer_token or credentials.",
                problem_of=_problem_of_token,
                generated="",
            ),
        ),
        unmet=partial(lacks_package, "prometheus_client", "prometheus-client"),
    )
)
