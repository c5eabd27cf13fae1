"""Sentry: reports unforeseen errors. Needs the package sentry-sdk."""

from contextlib import suppress
from functools import partial
from typing import Any

from syteops import __version__
from syteops.core.outbound import USER_AGENT, OutboundFailed, post, url_problem
from syteops.integrations.catalogue import Integration, SecretSpec, Setup, enter, lacks_package
from syteops.integrations.errors import DeliveryFailed
from syteops.integrations.messages import TEST_TEXT

_ENVELOPE = "application/x-sentry-envelope"


def without_request(event: dict[str, Any], hint: Any) -> dict[str, Any] | None:
    """The event without what the client sent: headers carry keys, bodies carry secrets.

    What an exception or a line of the log says may repeat any value, as PostgreSQL's do those of a
    row that it refuses. Its name, where it was raised, and the words of the line stay; so does the
    route, but not an address, in which a link's secret may be.

    None, so that nothing is sent, for Django's log lines: of an error, they hold the address, and
    it is reported anyway; of a request that cannot be, what a stranger sent.
    """
    if str(event.get("logger")).startswith(("django.request", "django.security")):
        return None
    for name in ("request", "user", "breadcrumbs", "extra"):
        event.pop(name, None)
    if (event.get("transaction_info") or {}).get("source") != "route":
        event.pop("transaction", None)
    for raised in (event.get("exception") or {}).get("values") or []:
        raised.pop("value", None)
    for name in ("formatted", "params"):
        (event.get("logentry") or {}).pop(name, None)
    return event


def _options(setup: Setup) -> dict[str, Any]:
    return {
        "dsn": setup.secrets["dsn"],
        "environment": setup.config["environment"],
        "sample_rate": setup.config["sample_rate"],
        "release": f"syteops@{__version__}",
        "send_default_pii": False,
        "include_local_variables": False,
        "max_request_body_size": "never",
        "max_breadcrumbs": 0,
        # What we post to others carries no headers of Sentry's.
        "trace_propagation_targets": [],
        "before_send": without_request,
        "transport": _transport(),
    }


def _transport() -> type:
    """Sentry's transport over the one client for all that leaves.

    Its own would resolve the DSN's name by itself, follow redirects, and use proxies.
    """
    from sentry_sdk.transport import Transport
    from sentry_sdk.worker import BackgroundWorker

    class OutboundTransport(Transport):  # type: ignore[misc]
        def __init__(self, options: Any = None) -> None:
            super().__init__(options)
            self._worker = BackgroundWorker()

        def capture_envelope(self, envelope: Any) -> None:
            self._worker.submit(lambda: self._send(envelope.serialize()))

        def _send(self, body: bytes) -> None:
            auth = self.parsed_dsn.to_auth(USER_AGENT)
            headers = {"Content-Type": _ENVELOPE, "X-Sentry-Auth": auth.to_header()}
            with suppress(OutboundFailed):  # a report of that would go the same way
                post(str(auth.get_api_url()), body, headers)

        def flush(self, timeout: float, callback: Any = None) -> None:
            self._worker.flush(timeout, callback)

        def kill(self) -> None:
            self._worker.kill()

    return OutboundTransport


def _start(setup: Setup) -> None:
    import sentry_sdk

    sentry_sdk.init(**_options(setup))


def _stop() -> None:
    """Report nothing more: a client without a DSN sends nothing. One of the environment is none."""
    import sentry_sdk

    sentry_sdk.init(dsn="")


def _send_test(setup: Setup) -> str:
    """Over a client of its own: this process may report to nobody, or to another project."""
    import sentry_sdk

    client = sentry_sdk.Client(**{**_options(setup), "sample_rate": 1.0})
    event_id = client.capture_event({"message": TEST_TEXT, "level": "info"})
    client.close(timeout=10)
    if event_id is None:
        raise DeliveryFailed("Sentry did not take the message.")
    return f"Sent as {event_id}. It appears in Sentry within a minute if the DSN is right."


def _problem_of_dsn(dsn: str) -> str:
    """A DSN is a web address with a public key before the @ and a project number behind the /."""
    scheme, _, rest = dsn.partition("://")
    key, at, place = rest.rpartition("@")
    if not (at and key.isalnum() and place.rpartition("/")[2].isdigit()):
        return "This is no DSN. Copy it from the project's settings: https://key@host/number."
    return url_problem(f"{scheme}://{place}")


enter(
    Integration(
        slug="sentry",
        name="Sentry",
        category="monitoring",
        description=(
            "Reports unforeseen errors of the server, without anything that a client sent. Every "
            "server process follows a change within a quarter of a minute."
        ),
        stops="Errors are no longer reported.",
        config_schema={
            "type": "object",
            "properties": {
                "environment": {
                    "type": "string",
                    "title": "Environment",
                    "description": "How Sentry names this installation.",
                    "default": "production",
                    "minLength": 1,
                    "maxLength": 64,
                    "pattern": r"^[^\s/]+$",
                },
                "sample_rate": {
                    "type": "number",
                    "title": "Share of errors reported",
                    "description": "1 reports all of them, 0.1 every tenth.",
                    "default": 1,
                    "minimum": 0,
                    "maximum": 1,
                },
            },
            "additionalProperties": False,
        },
        secrets=(
            SecretSpec(
                "dsn",
                "DSN",
                "The project's client key: https://key@host/number.",
                problem_of=_problem_of_dsn,
            ),
        ),
        unmet=partial(lacks_package, "sentry_sdk", "sentry-sdk"),
        send_test=_send_test,
        start=_start,
        stop=_stop,
    )
)
