"""Automation push: a workflow has every value that the site has, and forgets what is gone."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from syteops.automation import services as automation
from syteops.automation.queries import exported
from syteops.core import reading
from syteops.core.actors import SYSTEM
from syteops.integrations.models import IntegrationState
from syteops.modules import services as modules
from syteops.roles import services as roles
from syteops.roles.models import Role
from tests.events.publish import publish
from tests.fixtures import Api, signed_in
from tests.integrations.delivering import deliver, disable, enable, pass_time, set_secret
from tests.integrations.receivers import Receiver
from tests.samples.notes import a_note
from tests.samples.team import a_member

pytestmark = pytest.mark.django_db
SLUG = "automation_push"


@pytest.fixture
def workflow(settings: Any, receiver: Receiver) -> Receiver:
    """A workflow whose address and token are set, on a site whose feed has begun."""
    settings.ALLOW_PRIVATE_URLS = True
    set_secret(SLUG, "url", f"{receiver.url}/flow")
    set_secret(SLUG, "token", "the-token")
    publish()
    return receiver


@pytest.fixture
def enabled(workflow: Receiver) -> Receiver:
    """The same, enabled, and everything has arrived that was to be told of that."""
    enable(SLUG)
    deliver()
    workflow.received.clear()
    return workflow


def pushed(workflow: Receiver) -> list[dict[str, Any]]:
    """What has arrived since the last look, body by body."""
    deliver()
    bodies = [json.loads(one.body) for one in workflow.received]
    workflow.received.clear()
    return bodies


# --- Whose data it is -----------------------------------------------------------------------


@pytest.fixture
def clerk() -> User:
    """Somebody who may change integrations and read no variables."""
    bob = User.objects.create_user("clerk", is_staff=True)
    rights = ["view_integrationstate", "change_integrationstate", "set_secrets_integrationstate"]
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return bob


def test_who_may_not_read_variables_cannot_have_them_pushed(
    workflow: Receiver, clerk: User
) -> None:
    client = signed_in(clerk)
    page = f"/admin/integrations/integrationstate/{SLUG}"
    client.post(f"{page}/switch/", {"on": "1"})
    assert not IntegrationState.objects.get(slug=SLUG).enabled

    refused = client.post(f"{page}/change/", {"new_url": "https://evil.example/"})
    assert "tell of variables, which you may not read" in refused.content.decode()
    enable(SLUG)
    assert pushed(workflow)  # the address is still the one that was entered

    clerk.user_permissions.add(Permission.objects.get(codename="view_variable"))
    answer = client.post(f"{page}/change/", {"new_url": f"{workflow.url}/other"})
    assert answer.status_code == 302


@pytest.mark.parametrize("call", ["enable", "config", "secret"])
def test_nor_can_a_key(workflow: Receiver, make_key: Callable[..., str], call: str) -> None:
    def send(api: Api) -> Any:
        match call:
            case "enable":
                return api.post(f"/integrations/{SLUG}/enable", {})
            case "config":
                config = {"config": {"token_header": "X-Token"}}
                return api.patch(f"/integrations/{SLUG}/config", config)
            case _:
                value = {"value": f"{workflow.url}/mine"}
                return api.put(f"/integrations/{SLUG}/secrets/url", value)

    rights = ("integrations:write", "integrations:secrets")
    refused = send(Api(make_key(*rights)))
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert send(Api(make_key(*rights, "variables:read"))).status_code == 200


def test_an_undo_is_no_way_around_it(
    workflow: Receiver, clerk: User, as_person: Callable[[User], Api], api: Api
) -> None:
    enable(SLUG)
    disable(SLUG)
    entry = api.get("/audit?event=integration.disabled").json()["entries"][0]["id"]
    rights = ["view_auditentry", "change_auditentry"]
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=rights))
    refused = as_person(clerk).post(f"/audit/{entry}/revert?confirm=true", {})
    assert refused.status_code == 403
    assert not IntegrationState.objects.get(slug=SLUG).enabled


# --- What arrives ----------------------------------------------------------------------------


def test_enabling_pushes_every_variable_once(workflow: Receiver) -> None:
    automation.set_variable(SYSTEM, "greeting", value="Hello")
    deliver()
    assert workflow.received == []

    enable(SLUG)
    deliver()
    [got] = workflow.received
    assert got.path == "/flow"
    assert got.headers["authorization"] == "Bearer the-token"
    body = json.loads(got.body)
    assert body["type"] == "variables.changed"
    assert body["timestamp"].endswith("Z")
    assert body["data"] == {"variables": exported(), "removed": [], "full": True}
    workflow.received.clear()
    assert pushed(workflow) == []


def test_a_change_is_pushed_with_its_value_and_no_other(enabled: Receiver) -> None:
    automation.set_variable(SYSTEM, "greeting", value="Hello")
    automation.set_variable(SYSTEM, "farewell", value="Bye")
    [body] = pushed(enabled)
    values = {"syteops_api_greeting": "Hello", "syteops_api_farewell": "Bye"}
    assert body["data"] == {"variables": values, "removed": [], "full": False}

    automation.set_variable(SYSTEM, "greeting", value="")
    [body] = pushed(enabled)
    assert body["data"] == {"variables": {}, "removed": ["syteops_api_greeting"], "full": False}


def test_what_waited_is_pushed_with_the_values_of_now(enabled: Receiver) -> None:
    enabled.status = 503
    for value in ("one", "two"):
        automation.set_variable(SYSTEM, "greeting", value=value)
        automation.set_variable(SYSTEM, value, value="x")
        deliver()
    automation.set_variable(SYSTEM, "one", value="")
    publish()
    enabled.status = 200
    enabled.received.clear()
    pass_time(3600)
    [body] = pushed(enabled)
    assert body["data"] == {
        "variables": {"syteops_api_greeting": "two", "syteops_api_two": "x"},
        "removed": ["syteops_api_one"],
        "full": False,
    }


def test_a_resync_pushes_all_and_what_went_while_nobody_listened(
    enabled: Receiver, api: Api
) -> None:
    automation.set_variable(SYSTEM, "greeting", value="Hello")
    automation.set_variable(SYSTEM, "farewell", value="Bye")
    deliver()
    disable(SLUG)
    automation.set_variable(SYSTEM, "greeting", value="")
    deliver()
    enabled.received.clear()

    enable(SLUG)
    [body] = pushed(enabled)
    wanted = {"variables": exported(), "removed": ["syteops_api_greeting"], "full": True}
    assert body["data"] == wanted
    assert api.post("/variables/resync", {}).status_code == 200
    [body] = pushed(enabled)
    assert body["data"] == wanted


def test_events_that_name_very_many_variables_are_not_all_read_at_once(
    enabled: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_READ", 1)
    for value in ("one", "two", "three"):
        automation.set_variable(SYSTEM, value, value="x")
        publish()
    assert [list(one["data"]["variables"]) for one in pushed(enabled)] == [
        [f"syteops_api_{value}"] for value in ("one", "two", "three")
    ]


def test_a_dry_run_of_a_resync_pushes_nothing(enabled: Receiver, api: Api) -> None:
    assert api.post("/variables/resync?dry_run=true", {}).status_code == 200
    assert pushed(enabled) == []


def test_nothing_is_pushed_once_it_is_disabled(enabled: Receiver) -> None:
    disable(SLUG)
    automation.set_variable(SYSTEM, "greeting", value="Hello")
    assert pushed(enabled) == []


# --- The same in the export, in the event and in the push ------------------------------------


def event_data(api: Api) -> dict[str, Any]:
    found: list[Any] = api.get("/events?type=variables.changed&per_page=200").json()["events"]
    data: dict[str, Any] = found[-1]["data"]["variables"]
    return data


def test_reassigning_a_system_role_changes_its_alias_everywhere(
    enabled: Receiver, api: Api
) -> None:
    ada, grace = a_member(first_name="Ada"), a_member(first_name="Grace")
    owner = Role.objects.get(slug="site_owner")
    roles.assign(SYSTEM, owner, ada)
    pushed(enabled)
    before = exported()

    roles.assign(SYSTEM, owner, grace)
    [body] = pushed(enabled)
    after = api.get("/variables/export").json()
    changed = {name: text for name, text in after.items() if before.get(name) != text}
    name = "syteops_user_owner_first_name"
    assert (before[name], changed[name]) == ("Ada", "Grace")
    assert body["data"]["variables"] == changed
    assert event_data(api)["changed"] == sorted(changed)


def test_a_module_that_is_switched_off_takes_exactly_its_variables_along(
    enabled: Receiver, api: Api
) -> None:
    a_note()
    pushed(enabled)
    before = exported()
    modules.deactivate(SYSTEM, modules.locked_state("notes"))
    [body] = pushed(enabled)
    after = api.get("/variables/export").json()
    gone = sorted(before.keys() - after.keys())
    assert gone
    assert all(name.startswith("syteops_notes_") for name in gone)
    assert body["data"] == {"variables": {}, "removed": gone, "full": False}
    assert event_data(api)["removed"] == gone
