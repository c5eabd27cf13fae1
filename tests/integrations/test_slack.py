"""Slack: the channel reads who did what, and no name of an object can do anything there."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from notes import services as notes
from syteops.core.actors import SYSTEM, Actor, Channel, Person
from syteops.crm import services as crm
from syteops.deliveries.models import DestinationState
from syteops.integrations.first_party.slack import LONGEST_TEXT, MOST_BLOCKS, MOST_TEXT, body_of
from syteops.integrations.models import IntegrationState
from syteops.integrations.telling import Told, usual_types
from tests.events.publish import publish
from tests.fixtures import Api, signed_in
from tests.integrations.delivering import deliver, enable, pass_time, set_config, set_secret
from tests.integrations.receivers import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def slack(settings: Any, receiver: Receiver) -> Receiver:
    """A fake Slack, enabled."""
    settings.ALLOW_PRIVATE_URLS = True
    settings.SITE_NAME, settings.SITE_URL = "Ops", "https://ops.example.com"
    set_secret("slack", "webhook_url", f"{receiver.url}/services/T/B/x")
    publish()
    enable("slack")
    deliver()
    receiver.received.clear()
    return receiver


def posted(slack: Receiver) -> list[dict[str, Any]]:
    """What has arrived since the last look, body by body."""
    deliver()
    bodies = [json.loads(one.body) for one in slack.received]
    slack.received.clear()
    return bodies


def texts(body: dict[str, Any]) -> list[str]:
    return [one["text"]["text"] for one in body["blocks"]]


SLACK = "/integrations/slack"
TYPES = usual_types()


def somebody() -> Actor:
    alice = User.objects.create_user("alice")
    return Actor(Person(alice).kind, str(alice.pk), "alice", Channel.ADMIN)


# --- Hostile names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "<!channel>",
        "<!here|here>",
        "<@U0123>",
        "<!subteam^S1>",
        "<https://evil.example|Sign in>",
        "&lt;!channel&gt;",  # must not be taken for what is escaped already
        "A & B <x> *bold* `code`",
    ],
)
def test_a_name_pings_nobody_and_links_nowhere(slack: Receiver, name: str) -> None:
    crm.create_crm_system(SYSTEM, name=name)
    [body] = posted(slack)
    [text] = texts(body)
    line, _, link = text.partition(" — ")
    assert "<" not in line
    assert "<" not in body["text"]
    assert link.startswith("<https://ops.example.com/admin/crm/crmsystem/")
    shown = line.replace("\N{WORD JOINER}", "")
    for code, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        shown = shown.replace(code, sign)
    assert name in shown
    assert "*b" not in line
    assert (body["parse"], body["link_names"]) == ("none", False)
    assert all(one["text"]["verbatim"] for one in body["blocks"])


def test_no_value_leaves_the_site(slack: Receiver) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    crm.update_crm_system(SYSTEM, system, url="https://canary.example")
    crm.set_secrets(SYSTEM, system, api_key="canary-key-1234")
    everything = str(posted(slack))
    assert "canary" not in everything
    assert "changed CRM system HubSpot (001): url" in everything


def test_who_may_not_read_what_is_told_cannot_have_it_told(
    slack: Receiver, make_key: Callable[..., str]
) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    rights = ("view_integrationstate", "change_integrationstate", "view_crmsystem")
    clerk.user_permissions.set(Permission.objects.filter(codename__in=rights))
    page = signed_in(clerk)
    address = "/admin/integrations/integrationstate/slack/change/"
    refused = page.post(address, {"config_types": ["crm_system.*", "team_member.updated"]})
    assert "users, which you may not read" in refused.content.decode()
    assert page.post(address, {"config_types": "*"}).status_code == 200
    assert page.post(address, {"config_types": "unknown.*"}).status_code == 200
    assert IntegrationState.objects.get(slug="slack").config == {}
    assert page.post(address, {"config_types": "crm_system.*"}).status_code == 302

    def ask(*types: str) -> int:
        key = Api(make_key("integrations:write", "crm:read"))
        answer = key.patch("/integrations/slack/config", {"config": {"types": types}})
        return int(answer.status_code)

    assert ask("crm_system.deleted") == 200
    assert ask("crm_system.deleted", "note.*") == ask("*") == 403


def may_set_up(bob: User) -> None:
    rights = ("view", "change", "set_secrets")
    names = [f"{one}_integrationstate" for one in rights]
    bob.user_permissions.add(*Permission.objects.filter(codename__in=names))


PAGE = "/admin/integrations/integrationstate/slack/"


def test_who_may_read_little_enables_it_for_that(
    settings: Any, receiver: Receiver, bob: User
) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    may_set_up(bob)
    page = signed_in(bob)
    shown = page.get(f"{PAGE}change/")
    form = shown.context["form"]
    types = form["config_types"].initial
    assert "crm_system.*" in types
    assert not [one for one in types if one.startswith(("team_member", "note"))]
    assert "others are left out" in shown.content.decode()

    set_up = {"config_types": types, "new_webhook_url": f"{receiver.url}/services/T/B/x"}
    assert page.post(f"{PAGE}change/", set_up).status_code == 302
    publish()
    page.post(f"{PAGE}switch/", {"on": "1"})
    state = IntegrationState.objects.get(slug="slack")
    assert (state.enabled, state.config) == (True, {"types": types})

    notes.create_note(SYSTEM, title="Canary")
    crm.create_crm_system(SYSTEM, name="HubSpot")
    told = str(posted(receiver))
    assert "HubSpot" in told
    assert "Canary" not in told


def test_a_key_that_may_read_little_enables_it_for_that(
    settings: Any, make_key: Callable[..., str]
) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    set_secret("slack", "webhook_url", "https://hooks.example.com/x")
    assert Api(make_key("integrations:write")).post(f"{SLACK}/enable").status_code == 403
    key = Api(make_key("integrations:write", "integrations:read", "crm:read"))
    assert key.post(f"{SLACK}/enable").status_code == 200
    types = key.get(SLACK).json()["config"]["types"]
    assert "crm_system.*" in types
    assert "note.*" not in types


def test_what_is_enabled_for_all_is_not_narrowed_by_who_may_read_little(
    slack: Receiver, bob: User
) -> None:
    may_set_up(bob)
    address = {"new_webhook_url": f"{slack.url}/bobs"}
    refused = signed_in(bob).post(f"{PAGE}change/", {**address, "config_types": TYPES})
    assert "which you may not read" in refused.content.decode()
    assert IntegrationState.objects.get(slug="slack").config == {}


def test_events_are_chosen_by_name_and_kept_as_they_were(slack: Receiver, page: Client) -> None:
    stored = ["*", "crm_system.*"]
    states = IntegrationState.objects
    states.filter(slug="slack").update(config={"types": stored})
    shown = page.get(f"{PAGE}change/")
    assert "Everything that happens" in shown.content.decode()
    assert "select2" in str(shown.context["form"].media)
    form = {"config_types": shown.context["form"]["config_types"].initial}
    assert page.post(f"{PAGE}change/", form).status_code == 302
    assert states.get(slug="slack").config == {"types": stored}
    assert page.post(f"{PAGE}change/", {"config_types": ["role.assigned"]}).status_code == 302
    assert states.get(slug="slack").config == {"types": ["role.assigned"]}


@pytest.mark.parametrize(
    "types", [["crm*"], ["*.created"], ["unknown.*"], [""], [], ["a b.c"], "crm_system.*"]
)
def test_what_names_no_events_is_refused(api: Api, types: Any) -> None:
    refused = api.patch("/integrations/slack/config", {"config": {"types": types}})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"].startswith("#/config/types")


# --- What is told ------------------------------------------------------------------------------


def test_a_change_is_told_with_who_what_and_a_link(slack: Receiver) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    posted(slack)
    crm.update_crm_system(somebody(), system, name="HubSpot EU", url="https://hubspot.example")
    [body] = posted(slack)
    assert texts(body) == [
        "• alice changed CRM system HubSpot EU (001): name, url — "
        f"<https://ops.example.com/admin/crm/crmsystem/{system.pk}/change/|open>\n"
    ]
    assert body["text"] == "Ops: alice changed CRM system HubSpot EU (001): name, url"


def test_without_a_public_address_there_is_no_link(slack: Receiver, settings: Any) -> None:
    settings.SITE_URL = ""
    crm.create_crm_system(SYSTEM, name="HubSpot")
    [body] = posted(slack)
    assert texts(body) == ["• SyteOps added CRM system HubSpot (001)\n"]


def test_what_happens_at_once_is_told_in_one_message(slack: Receiver) -> None:
    for number in range(3):
        crm.create_crm_system(SYSTEM, name=f"System {number}")
    [body] = posted(slack)
    assert body["text"] == "Ops: 3 changes"
    assert len(texts(body)[0].splitlines()) == 3


def test_only_chosen_events_are_told(slack: Receiver) -> None:
    set_config("slack", types=["crm_system.deleted"])
    posted(slack)
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    assert posted(slack) == []
    crm.delete_crm_system(SYSTEM, system)
    [body] = posted(slack)
    assert "deleted CRM system HubSpot" in body["text"]


def test_sign_ins_are_not_told_unless_asked_for(slack: Receiver, alice: User) -> None:
    signed_in(alice)
    assert posted(slack) == []


@pytest.mark.parametrize("count", [1, 20, 500])
def test_slacks_limits_are_kept(count: int) -> None:
    name = "&" * 290 + "*"
    lines = [Told(f"{name}{number}", "https://ops.example.com/x") for number in range(count)]
    shown = [one["text"]["text"] for one in body_of(lines)["blocks"]]
    assert len(shown) <= MOST_BLOCKS
    assert all(0 < len(one) <= LONGEST_TEXT for one in shown)
    assert sum(map(len, shown)) <= MOST_TEXT + 50
    told = sum(one.count("•") for one in shown)
    if told < count:
        assert shown[-1].endswith(f"… and {count - told} more.")
    assert told >= 1


def test_slack_may_ask_for_a_pause(slack: Receiver) -> None:
    slack.status, slack.headers = 429, {"Retry-After": "120"}
    crm.create_crm_system(SYSTEM, name="HubSpot")
    deliver()
    crm.create_crm_system(SYSTEM, name="Zoho")
    deliver()
    assert len(slack.received) == 1
    state = DestinationState.objects.get(integration="slack")
    assert state.due_at is not None
    slack.status, slack.headers = 200, {}
    slack.received.clear()
    pass_time(121)
    [body] = posted(slack)
    assert body["text"] == "Ops: 2 changes"
