"""Switching and configuring integrations is undone through their services; so is a new secret."""

from typing import Any

import pytest

from syteops.audit import services as audit
from syteops.core.actors import SYSTEM
from syteops.core.events import Verb
from syteops.integrations import services
from syteops.integrations.models import IntegrationSecret, IntegrationState
from tests.fixtures import Api
from tests.integrations.relay import SIGNING_SECRET
from tests.samples.integrations import enable_relay, set_up_relay
from tests.undoing import back_and_forth, latest, over_rest, refused, revert

CLEARED = "integration_secret.secret_cleared"
SECRET = "/integrations/relay/secrets/signing_secret"


def state() -> Any:
    """What is stored; no row says the same as a row of defaults."""
    return IntegrationState.objects.values_list("enabled", "config").first() or (False, {})


def is_set() -> bool:
    return any(one.value is not None for one in IntegrationSecret.objects.all())


def configure(api: Api, **config: Any) -> None:
    answer = api.patch("/integrations/relay/config", {"config": config})
    assert answer.status_code == 200


def test_enabling_is_undone_and_redone(api: Api) -> None:
    set_up_relay()

    back_and_forth(
        "integration.enabled",
        lambda: api.post("/integrations/relay/enable"),
        state,
        over_rest(api),
    )


def test_disabling_is_undone_and_redone(api: Api) -> None:
    enable_relay()

    back_and_forth(
        "integration.disabled",
        lambda: api.post("/integrations/relay/disable?confirm=true"),
        state,
        over_rest(api),
    )


@pytest.mark.parametrize("url", ["https://other.example/hook", None])
def test_a_configuration_is_undone_and_redone(api: Api, url: Any) -> None:
    set_up_relay()

    back_and_forth("integration.configured", lambda: configure(api, url=url), state, over_rest(api))


def test_a_later_change_of_the_same_setting_stands_in_the_way(api: Api) -> None:
    set_up_relay()
    entry = latest("integration.configured")
    configure(api, url="https://other.example/hook")

    assert refused(api, entry, state)["fields"] == ["config"]


def test_a_configuration_without_which_it_cannot_work_is_not_taken_away(api: Api) -> None:
    enable_relay()

    refused(api, latest("integration.configured"), state)


def test_disabling_is_not_undone_where_something_is_missing_by_now(api: Api) -> None:
    enable_relay()
    services.disable(SYSTEM, services.locked_state("relay"))
    secret = services.locked_secret("relay", "signing_secret")
    services.clear_secret(SYSTEM, secret)

    assert "signing_secret" in refused(api, latest("integration.disabled"), state)["detail"]


def test_a_test_message_cannot_be_taken_back(api: Api) -> None:
    set_up_relay()
    audit.record(SYSTEM, IntegrationState.objects.get(), Verb.TESTED, {})

    assert refused(api, latest("integration.tested"), state)["code"] == "protected"


def test_a_new_secret_is_undone_by_clearing_it_and_that_is_the_end(api: Api) -> None:
    set_up_relay()

    assert revert(api, latest("integration_secret.secret_set")).status_code == 200
    assert not is_set()
    assert "kept nowhere" in refused(api, latest(CLEARED), is_set)["detail"]


def test_a_replaced_secret_does_not_come_back(api: Api) -> None:
    set_up_relay()
    first = latest("integration_secret.secret_set")
    api.put(SECRET, {"value": SIGNING_SECRET[:-4] + "AAAA"})

    assert "kept nowhere" in refused(api, latest("integration_secret.secret_set"), is_set)["detail"]
    assert refused(api, first, is_set)["fields"] == ["value_set_at"]


def test_a_secret_that_is_needed_is_not_cleared(api: Api) -> None:
    enable_relay()

    refused(api, latest("integration_secret.secret_set"), is_set)


def test_it_takes_the_scope_of_what_it_amounts_to(api: Api, make_key: Any) -> None:
    set_up_relay()
    writer = Api(make_key("audit:write", "integrations:read", "integrations:write"))
    keeper = Api(make_key("audit:write", "integrations:read", "integrations:secrets"))
    secret, config = latest("integration_secret.secret_set"), latest("integration.configured")

    assert revert(writer, secret).json()["scope"] == "integrations:secrets"
    assert revert(keeper, config).json()["scope"] == "integrations:write"
    assert revert(keeper, secret).status_code == 200
    assert revert(writer, config).status_code == 200
