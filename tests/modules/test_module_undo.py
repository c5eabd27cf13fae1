"""Switching and configuring modules is undone through their services."""

from typing import Any

import pytest

from syteops.core.actors import SYSTEM
from syteops.modules import services
from syteops.modules.models import ModuleState
from syteops.site import services as site
from syteops.site.models import License
from tests.fixtures import Api
from tests.undoing import back_and_forth, latest, over_rest, refused, revert


def state() -> Any:
    """What is stored of the module; no row says the same as a row of defaults."""
    return ModuleState.objects.values_list("active", "config").first() or (True, {})


def configure(api: Api, **config: Any) -> None:
    answer = api.patch("/modules/estimates/config", {"config": config})
    assert answer.status_code == 200


def test_deactivating_is_undone_and_redone(api: Api) -> None:
    def change() -> None:
        api.post("/modules/notes/deactivate?confirm=true")

    back_and_forth("module.deactivated", change, state, over_rest(api))


def test_activating_is_undone_and_redone(api: Api) -> None:
    services.deactivate(SYSTEM, services.locked_state("notes"))

    back_and_forth(
        "module.activated", lambda: api.post("/modules/notes/activate"), state, over_rest(api)
    )


@pytest.mark.parametrize(
    "change", [{"currency": "JPY"}, {"currency": None, "valid_days": 3}, {"tax_percent": 7.5}]
)
def test_a_configuration_is_undone_and_redone(api: Api, change: Any) -> None:
    configure(api, currency="EUR", company_name="Acme")

    back_and_forth("module.configured", lambda: configure(api, **change), state, over_rest(api))


def test_a_later_change_of_the_same_setting_stands_in_the_way(api: Api) -> None:
    configure(api, currency="EUR")
    entry = latest("module.configured")
    configure(api, currency="JPY")

    assert refused(api, entry, state)["fields"] == ["config"]


def test_a_later_change_of_another_setting_stays(api: Api) -> None:
    configure(api, currency="EUR")
    entry = latest("module.configured")
    configure(api, valid_days=3)
    services.deactivate(SYSTEM, services.locked_state("estimates"))

    assert revert(api, entry).status_code == 200
    assert state() == (False, {"valid_days": 3})


def test_a_module_that_was_switched_since_is_as_it_was_last(api: Api) -> None:
    services.deactivate(SYSTEM, services.locked_state("notes"))
    entry = latest("module.deactivated")
    services.activate(SYSTEM, services.locked_state("notes"))

    assert refused(api, entry, state)["fields"] == ["active"]


def test_nothing_is_activated_under_a_revoked_licence(api: Api) -> None:
    services.deactivate(SYSTEM, services.locked_state("notes"))
    site.update_license(SYSTEM, site.locked(License), status="revoked")

    problem = refused(api, latest("module.deactivated"), state)

    assert (problem["code"], problem["reason"]) == ("protected", "license_revoked")


def test_it_takes_the_scope_of_modules(api: Api, make_key: Any) -> None:
    configure(api, currency="EUR")

    answer = revert(Api(make_key("audit:write", "modules:read")), latest("module.configured"))

    assert (answer.status_code, answer.json()["scope"]) == (403, "modules:write")
