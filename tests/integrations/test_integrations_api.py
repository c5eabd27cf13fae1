"""Integrations over the API: what is refused, what is stored, what is never shown."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.encryption import UnsealError, open_sealed
from syteops.core.errors import Conflict
from syteops.integrations import catalogue, queries, services
from syteops.integrations.catalogue import Integration, all_integrations, enter
from syteops.integrations.models import IntegrationSecret, IntegrationState
from syteops.modules import services as modules
from tests.fixtures import Api
from tests.integrations.relay import SIGNING_SECRET
from tests.samples.integrations import enable_relay, set_up_relay

SECRET_PATH = "/integrations/relay/secrets/signing_secret"
FIRST_PARTY = ["automation_push", "email", "prometheus", "sentry", "slack", "webhooks"]


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


# --- Enabling -------------------------------------------------------------------------------


def test_what_the_installation_lacks_refuses_enabling_with_the_reason(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for slug, word in (("sentry", "sentry-sdk"), ("prometheus", "prometheus-client")):
        refused = api.post(f"/integrations/{slug}/enable")
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert word in refused.json()["detail"]
        shown = api.get(f"/integrations/{slug}").json()
        assert shown["available"] is shown["plugin_installed"] is False
        assert shown["unavailable_reason"] == refused.json()["reason"]
    assert not IntegrationState.objects.exists()


def test_email_needs_a_mail_server(api: Api, settings: Any) -> None:
    settings.EMAIL_SERVER = None
    assert "EMAIL_URL" in api.post("/integrations/email/enable").json()["reason"]
    settings.EMAIL_SERVER = {"host": "mail.example.com"}
    api.patch("/integrations/email/config", {"config": {"recipients": ["a@example.com"]}})
    assert api.post("/integrations/email/enable").json() == {"slug": "email", "enabled": True}


def test_what_is_not_set_up_is_named(api: Api) -> None:
    refused = api.post("/integrations/relay/enable").json()
    assert refused["missing_config"] == ["url"]
    assert refused["missing_secrets"] == ["signing_secret"]

    api.patch("/integrations/relay/config", {"config": {"url": "https://example.com/h"}})
    refused = api.post("/integrations/relay/enable").json()
    assert (refused["missing_config"], refused["missing_secrets"]) == ([], ["signing_secret"])
    assert not IntegrationState.objects.get().enabled


def test_enabling_and_disabling_are_idempotent_and_audited(api: Api) -> None:
    set_up_relay()
    on = [api.dispatch("integrations.enable", {"slug": "relay"}).json() for _ in range(2)]
    assert [one["data"] for one in on] == [{"slug": "relay", "enabled": True}] * 2
    assert [one["changed"] for one in on] == [True, False]

    asked = api.post("/integrations/relay/disable")
    assert asked.status_code == 428
    assert asked.json()["impact"]["stops"]
    assert IntegrationState.objects.get().enabled

    off = [api.post("/integrations/relay/disable?confirm=true") for _ in range(2)]
    assert [one.json() for one in off] == [{"slug": "relay", "enabled": False}] * 2
    assert [one["SyteOps-Changed"] for one in off] == ["true", "false"]
    events = AuditEntry.objects.filter(object_id="relay").order_by("id")
    assert [e.event for e in events][-2:] == ["integration.enabled", "integration.disabled"]
    assert api.get("/integrations/relay").json()["secrets"][0]["key_set"] is True


def test_unknown_names_are_not_found(api: Api) -> None:
    for method, path in (
        ("GET", "/integrations/nowhere"),
        ("POST", "/integrations/nowhere/enable"),
        ("POST", "/integrations/nowhere/disable?confirm=true"),
        ("PATCH", "/integrations/nowhere/config"),
        ("PUT", "/integrations/nowhere/secrets/token"),
        ("PUT", "/integrations/relay/secrets/nothing"),
        ("DELETE", "/integrations/relay/secrets/nothing?confirm=true"),
        ("GET", "/integrations/web%00hooks"),
    ):
        body = {"PATCH": {"config": {}}, "PUT": {"value": "some-value"}}.get(method)
        answer = api.call(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    assert not IntegrationState.objects.exists()
    assert not IntegrationSecret.objects.exists()


# --- Config ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/hook",
        "http://127.0.0.1/hook",
        "http://2130706433/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://user:secret@example.com/",
        "ftp://example.com/",
        "no address",
        "",
    ],
)
def test_an_address_that_must_not_be_called_is_not_stored(api: Api, url: str) -> None:
    refused = api.patch("/integrations/relay/config", {"config": {"url": url}})
    assert (refused.status_code, codes(refused)) == (400, [("#/config/url", "invalid")])
    assert not IntegrationState.objects.exists()


def test_a_setting_allows_private_addresses(api: Api, settings: Any) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    url = "http://n8n:5678/hook"
    stored = api.patch("/integrations/relay/config", {"config": {"url": url}})
    assert stored.json() == {"slug": "relay", "config": {"url": url}}


@pytest.mark.parametrize("slug", FIRST_PARTY)
def test_no_config_takes_a_value_that_nobody_declared(api: Api, slug: str) -> None:
    for name in ("api_key", "signing_secret", "token", "webhook_url", "dsn"):
        body = {"config": {name: "canary-secret"}}
        refused = api.patch(f"/integrations/{slug}/config", body)
        assert codes(refused) == [(f"#/config/{name}", "unknown_field")]
        assert "canary" not in refused.content.decode()


def test_required_values_may_go_only_while_it_is_disabled(api: Api) -> None:
    enable_relay()
    refused = api.patch("/integrations/relay/config", {"config": {"url": None}})
    assert codes(refused) == [("#/config/url", "required")]
    api.post("/integrations/relay/disable?confirm=true")
    emptied = api.patch("/integrations/relay/config", {"config": {"url": None}})
    assert emptied.json()["config"] == {}


def test_config_is_required_and_an_object(api: Api) -> None:
    for body, code in (
        ({}, "required"),
        ({"config": []}, "invalid"),
        ({"config": None}, "invalid"),
    ):
        assert codes(api.patch("/integrations/email/config", body)) == [("#/config", code)]


def test_defaults_are_shown(api: Api) -> None:
    shown = api.get("/integrations/sentry").json()
    assert shown["config"] == {"environment": "production", "sample_rate": 1}
    assert shown["config_schema"]["additionalProperties"] is False


def test_an_etag_guards_against_a_lost_update(api: Api) -> None:
    set_up_relay()
    seen = api.get("/integrations/relay")["ETag"]
    first, second = (
        api.patch(
            "/integrations/relay/config",
            {"config": {"url": f"https://example.com/{name}"}},
            If_Match=seen,
        )
        for name in ("first", "second")
    )
    assert (first.status_code, second.status_code) == (200, 412)
    assert queries.get_installed("relay").config["url"] == "https://example.com/first"


# --- Secrets --------------------------------------------------------------------------------


def test_a_secret_goes_in_and_never_comes_out(api: Api) -> None:
    answer = api.put(SECRET_PATH, {"value": SIGNING_SECRET})
    assert answer.json() == {"slug": "relay", "name": "signing_secret", "key_set": True}
    again = api.put(SECRET_PATH, {"value": SIGNING_SECRET})
    assert (answer["SyteOps-Changed"], again["SyteOps-Changed"]) == ("true", "false")

    seen = "".join(
        answer.content.decode()
        for answer in (
            api.get("/integrations"),
            api.get("/integrations/relay"),
            api.get("/manifest"),
            api.dispatch("integrations.get", {"slug": "relay"}),
        )
    )
    seen += str(list(AuditEntry.objects.values())) + str(list(IntegrationSecret.objects.values()))
    assert SIGNING_SECRET not in seen
    assert SIGNING_SECRET.removeprefix("whsec_") not in seen
    row = IntegrationSecret.objects.get()
    assert open_sealed(row, "value") == SIGNING_SECRET
    secrets = api.get("/integrations/relay").json()["secrets"]
    assert secrets[0]["key_set"] is True
    assert secrets[0]["key_set_at"]


def test_a_sealed_secret_opens_nowhere_else(db: None) -> None:
    set_up_relay()
    stolen = IntegrationSecret.objects.get()
    other = IntegrationSecret(integration="slack", name="webhook_url", value=stolen.value)
    with pytest.raises(UnsealError):
        open_sealed(other, "value")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("relay/secrets/signing_secret", "********", "masked_secret"),
        ("relay/secrets/signing_secret", "", "required"),
        ("relay/secrets/signing_secret", 5, "invalid"),
        ("relay/secrets/signing_secret", None, "invalid"),
        pytest.param("relay/secrets/signing_secret", "ab" * 2049, "too_long", id="too long"),
        ("relay/secrets/signing_secret", "canary-too-short", "invalid"),
        ("slack/secrets/webhook_url", "http://127.0.0.1/canary", "invalid"),
        ("slack/secrets/webhook_url", "canary", "invalid"),
        ("automation_push/secrets/url", "http://192.168.0.1/canary", "invalid"),
        ("automation_push/secrets/token", "canary\nInjected: header", "invalid"),
        ("sentry/secrets/dsn", "https://canary@127.0.0.1/1", "invalid"),
        ("sentry/secrets/dsn", "https://example.com/canary", "invalid"),
        ("prometheus/secrets/token", "canary", "invalid"),
    ],
)
def test_a_secret_that_cannot_be_one_is_refused_without_repeating_it(
    api: Api, path: str, value: Any, code: str
) -> None:
    refused = api.put(f"/integrations/{path}", {"value": value})
    assert (refused.status_code, codes(refused)) == (400, [("#/value", code)])
    assert "canary" not in refused.content.decode()
    assert not IntegrationSecret.objects.filter(value__isnull=False).exists()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("slack/secrets/webhook_url", "https://hooks.slack.com/services/T0/B0/x"),
        ("automation_push/secrets/url", "https://hooks.zapier.com/hooks/catch/1/a"),
        ("automation_push/secrets/token", "a-token-1"),
        ("sentry/secrets/dsn", "https://0123abc@o1.ingest.sentry.io/42"),
        ("prometheus/secrets/token", "a-token-of-20-letters-and-more"),
    ],
)
def test_a_good_one_is_stored(api: Api, path: str, value: str) -> None:
    assert api.put(f"/integrations/{path}", {"value": value}).json()["key_set"] is True


def test_clearing_asks_first_and_is_refused_while_it_is_needed(api: Api) -> None:
    enable_relay()
    asked = api.delete(SECRET_PATH)
    assert asked.status_code == 428
    assert asked.json()["impact"] == {"slug": "relay", "cleared": ["signing_secret"]}
    refused = api.delete(f"{SECRET_PATH}?confirm=true")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")

    api.post("/integrations/relay/disable?confirm=true")
    cleared = [api.delete(f"{SECRET_PATH}?confirm=true") for _ in range(2)]
    assert [one.json()["key_set"] for one in cleared] == [False, False]
    assert [one["SyteOps-Changed"] for one in cleared] == ["true", "false"]
    row = IntegrationSecret.objects.get()
    assert (row.value, row.value_set_at) == (None, None)


def test_secrets_need_their_own_scope_and_permission(
    make_key: Callable[..., str], as_person: Callable[[User], Api], bob: User
) -> None:
    key = Api(make_key("integrations:read", "integrations:write"))
    bob.user_permissions.add(Permission.objects.get(codename="change_integrationstate"))
    for caller in (key, as_person(bob)):
        assert caller.put(SECRET_PATH, {"value": SIGNING_SECRET}).status_code == 403
        assert caller.delete(f"{SECRET_PATH}?confirm=true").status_code == 403
    assert not IntegrationSecret.objects.exists()


# --- The catalogue --------------------------------------------------------------------------


def test_the_list_shows_all_of_them_in_a_constant_number_of_queries(
    api: Api, django_assert_num_queries: Any
) -> None:
    set_up_relay()
    shown = api.get("/integrations").json()["integrations"]
    assert [one["slug"] for one in shown] == sorted([*FIRST_PARTY, "relay"])
    assert set(shown[0]) == {
        "slug", "name", "category", "description", "enabled", "available", "plugin_installed",
        "unavailable_reason", "config", "secrets",
    }  # fmt: skip
    with django_assert_num_queries(3):
        queries.all_installed()


@pytest.fixture
def of_a_module(monkeypatch: pytest.MonkeyPatch, db: None) -> Integration:
    """An integration that the module notes contributes."""
    monkeypatch.setattr(catalogue, "_catalogue", dict(all_integrations()))
    return enter(
        Integration("notebook", "Notebook", "messaging", "Copies notes.", "None.", module="notes")
    )


def test_a_modules_integration_goes_and_comes_back_with_it(
    api: Api, of_a_module: Integration
) -> None:
    assert api.post("/integrations/notebook/enable").status_code == 200
    assert queries.running("notebook") is not None
    impact = api.post("/modules/notes/deactivate").json()["impact"]
    assert impact["integrations"] == ["notebook"]

    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    assert api.get("/integrations/notebook").status_code == 404
    assert "notebook" not in str(api.get("/integrations").json())
    assert queries.running("notebook") is None
    assert queries.count_enabled() == 0

    modules.activate(SYSTEM, modules.locked_state("notes"))
    assert api.get("/integrations/notebook").json()["enabled"] is True


def test_a_lost_encryption_key_is_told_and_replacing_the_secret_cures_it(db: None) -> None:
    enable_relay()
    row = IntegrationSecret.objects.get()
    IntegrationSecret.objects.update(value=type(row.value)(b"damaged"))
    assert queries.running("relay") is None
    with pytest.raises(Conflict, match="Set it again"):
        queries.get_installed("relay").setup()
    secret = services.locked_secret("relay", "signing_secret")
    services.set_secret(SYSTEM, secret, value=SIGNING_SECRET)
    assert queries.running("relay") is not None
