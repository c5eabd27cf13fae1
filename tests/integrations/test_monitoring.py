"""Sentry and Prometheus: off until enabled, and telling nothing to those who must not know."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.integrations import services, startup
from syteops.integrations.first_party.sentry import without_request
from syteops.integrations.startup import follow_enabled
from syteops.modules import services as modules
from tests.fixtures import Api
from tests.integrations.fake_packages import SentryClient
from tests.integrations.receivers import Receiver
from tests.tasks.samples import stumble

TOKEN = "scrape-token-of-24-letters"
DSN = "https://0123abc@o1.ingest.sentry.io/42"


def enable(slug: str, name: str, value: str) -> None:
    services.set_secret(SYSTEM, services.locked_secret(slug, name), value=value)
    services.enable(SYSTEM, services.locked_state(slug))


# --- Prometheus -----------------------------------------------------------------------------


@pytest.fixture
def prometheus(db: None) -> None:
    """Enabled, with its package."""
    enable("prometheus", "token", TOKEN)


def scrape(client: Client, token: str = TOKEN, scheme: str = "Bearer") -> Any:
    return client.get("/metrics", headers={"Authorization": f"{scheme} {token}"})


def test_while_it_is_off_there_is_no_such_page(client: Client, db: None) -> None:
    assert scrape(client).status_code == 404


@pytest.mark.usefixtures("prometheus")
@pytest.mark.parametrize(
    ("token", "scheme"),
    [("", "Bearer"), (TOKEN[:-1], "Bearer"), (TOKEN + "x", "Bearer"), (TOKEN, "Basic"), ("é", "")],
)
def test_only_the_token_opens_it(client: Client, token: str, scheme: str) -> None:
    refused = scrape(client, token, scheme)
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"] == "Bearer"
    assert refused.content == b""


@pytest.mark.usefixtures("prometheus")
def test_no_session_opens_it_and_no_token_in_the_address(client: Client, alice: Any) -> None:
    client.force_login(alice)
    assert client.get("/metrics").status_code == 401
    assert client.get(f"/metrics?token={TOKEN}").status_code == 401
    assert client.post("/metrics").status_code == 405


@pytest.mark.usefixtures("prometheus")
def test_guessing_the_token_is_cut_off_and_recorded_like_guessing_a_key(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 1_800_000_010.0)
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    AuditEntry.objects.all().delete()
    assert [scrape(client, f"guess-{n}").status_code for n in range(5)] == [401] * 3 + [429] * 2
    cut_off = scrape(client)
    assert (cut_off.status_code, cut_off["Retry-After"], cut_off.content) == (429, "50", b"")

    entry = AuditEntry.objects.get()
    assert (entry.event, entry.outcome, entry.code) == ("api.refused", "refused", "throttled")
    assert (entry.operation, entry.door, entry.address) == ("metrics", "public", "127.0.0.1")
    assert "guess" not in str(AuditEntry.objects.values())
    # One budget for both: whoever guesses tokens guesses no keys meanwhile.
    assert Api("som_" + "0" * 50).get("/whoami").status_code == 429


@pytest.mark.usefixtures("prometheus")
def test_a_scraper_whose_token_was_good_is_not_shut_out_by_its_neighbours(
    client: Client, settings: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    assert scrape(client).status_code == 200
    for number in range(5):
        scrape(client, f"guess-{number}")
    assert scrape(client, "guess-9").status_code == 429
    assert scrape(client).status_code == 200


@pytest.mark.usefixtures("prometheus")
def test_it_shows_the_state_of_the_site(client: Client) -> None:
    crm.create_crm_system(SYSTEM, name="HubSpot")
    stumble.enqueue()
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    lines = scrape(client).content.decode().splitlines()
    assert 'syteops_entities{resource="crm"} 1.0' in lines
    assert "syteops_active_modules 1.0" in lines
    assert "syteops_enabled_integrations 1.0" in lines
    assert "syteops_pending_migrations 0.0" in lines
    assert "syteops_task_workers 0.0" in lines
    assert 'syteops_tasks{status="ready"} 1.0' in lines
    assert not [line for line in lines if "notes_items" in line]


@pytest.mark.usefixtures("prometheus")
def test_disabled_or_without_its_package_it_is_gone_at_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scrape(client).status_code == 200
    with monkeypatch.context() as patched:
        patched.setattr("importlib.util.find_spec", lambda name: None)
        assert scrape(client).status_code == 404
    services.disable(SYSTEM, services.locked_state("prometheus"))
    assert scrape(client).status_code == 404


# --- Sentry ---------------------------------------------------------------------------------


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch, db: None) -> SentryClient:
    """The package; not enabled."""
    monkeypatch.setattr(startup, "_started", {})
    return SentryClient(monkeypatch)


def test_a_disabled_sentry_is_not_started(sentry: SentryClient) -> None:
    follow_enabled()
    assert sentry.started == []


def test_an_enabled_one_is_started_with_what_was_configured(sentry: SentryClient) -> None:
    enable("sentry", "dsn", DSN)
    state = services.locked_state("sentry")
    services.update_config(SYSTEM, state, config={"environment": "staging", "sample_rate": 0.5})
    follow_enabled()
    (options,) = sentry.started
    assert (options["dsn"], options["environment"], options["sample_rate"]) == (DSN, "staging", 0.5)
    assert options["send_default_pii"] is options["include_local_variables"] is False
    assert options["max_request_body_size"] == "never"


def test_a_process_follows_what_is_changed_without_a_restart(sentry: SentryClient) -> None:
    enable("sentry", "dsn", DSN)
    follow_enabled()
    follow_enabled()
    assert len(sentry.started) == 1

    state = services.locked_state("sentry")
    services.update_config(SYSTEM, state, config={"environment": "staging"})
    follow_enabled()
    assert [one.get("environment") for one in sentry.started] == ["production", "staging"]

    services.disable(SYSTEM, services.locked_state("sentry"))
    follow_enabled()
    follow_enabled()
    assert len(sentry.started) == 3
    assert sentry.started[-1] == {"dsn": ""}

    services.enable(SYSTEM, services.locked_state("sentry"))
    follow_enabled()
    assert sentry.started[-1]["dsn"] == DSN


def test_what_a_client_sent_is_not_reported() -> None:
    event: dict[str, Any] = {
        "message": "boom",
        "request": {"headers": {"X-API-Key": "canary"}, "data": "canary"},
        "user": {"ip_address": "canary"},
        "breadcrumbs": ["canary"],
        "extra": {"sys.argv": "canary"},
    }
    assert without_request(event, None) == {"message": "boom"}
    told = {
        "exception": {
            "values": [
                {"type": "IntegrityError", "value": "Failing row contains (canary)."},
                {"type": "ValueError", "value": "canary"},
            ]
        },
        "logentry": {"message": "%s failed.", "formatted": "canary failed.", "params": ["canary"]},
    }
    assert without_request(told, None) == {
        "exception": {"values": [{"type": "IntegrityError"}, {"type": "ValueError"}]},
        "logentry": {"message": "%s failed."},
    }
    # As it came, where that names no route yet: below SCRIPT_NAME, with a client's link.
    path = {"transaction": "/sub/e/canary-token", "transaction_info": {"source": "url"}}
    assert "canary" not in str(without_request(path, None))
    route = {"transaction": "/e/{token}", "transaction_info": {"source": "route"}}
    assert without_request({**route}, None) == route
    for logger in ("django.request", "django.security.DisallowedHost"):
        line = {"logger": logger, "logentry": {"message": "Refused: canary-token"}}
        assert without_request(line, None) is None


def test_a_test_event_is_sent_even_where_few_errors_are_reported(sentry: SentryClient) -> None:
    enable("sentry", "dsn", DSN)
    state = services.locked_state("sentry")
    services.update_config(SYSTEM, state, config={"sample_rate": 0})
    assert "event-1" in services.send_test(SYSTEM, "sentry")
    ((options, event),) = sentry.captured
    assert options["sample_rate"] == 1
    assert options["dsn"] == DSN
    assert event["level"] == "info"


@pytest.mark.parametrize("allowed", [False, True])
def test_what_is_reported_leaves_by_the_one_client_for_all(
    sentry: SentryClient, settings: Any, receiver: Receiver, allowed: bool
) -> None:
    """A name that leads inside by now is refused, as everywhere."""
    settings.ALLOWED_PRIVATE_ORIGINS = [receiver.url]
    enable("sentry", "dsn", f"http://0123abc@127.0.0.1:{receiver.port}/42")
    follow_enabled()
    (options,) = sentry.started
    settings.ALLOWED_PRIVATE_ORIGINS = [receiver.url] if allowed else []
    envelope = SimpleNamespace(serialize=lambda: b"an envelope")
    options["transport"](options).capture_envelope(envelope)
    assert len(receiver.received) == allowed
    for got in receiver.received:
        assert (got.path, got.body) == ("/api/42/envelope/", b"an envelope")
        assert got.headers["content-type"] == "application/x-sentry-envelope"
        assert "0123abc" in got.headers["x-sentry-auth"]


def test_a_package_that_breaks_does_not_keep_the_server_from_starting(
    sentry: SentryClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    enable("sentry", "dsn", DSN)

    def broken(**options: Any) -> None:
        raise ValueError(f"bad {options['dsn']}")

    import sys

    monkeypatch.setattr(sys.modules["sentry_sdk"], "init", broken)
    follow_enabled()
    assert "Sentry could not be started" in caplog.text
    assert "0123abc" not in caplog.text


def test_nor_does_a_database_that_does_not_answer(
    sentry: SentryClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable(slug: str) -> None:
        raise DatabaseError

    monkeypatch.setattr(startup, "running", unreachable)
    follow_enabled()
    assert "database does not answer" in caplog.text
    assert sentry.started == []
