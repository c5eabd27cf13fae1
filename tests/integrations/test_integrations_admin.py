"""The pages of the integrations: switched, configured and tested by those who may."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from syteops.audit.models import AuditEntry
from syteops.core.encryption import open_sealed
from syteops.integrations import queries
from syteops.integrations.models import IntegrationSecret, IntegrationState
from tests.background import outcome
from tests.integrations.receivers import Receiver
from tests.integrations.relay import SIGNING_SECRET
from tests.samples.integrations import enable_relay, set_up_relay

LIST = "/admin/integrations/integrationstate/"
PAGE = f"{LIST}relay/change/"
SWITCH = f"{LIST}relay/switch/"
TEST = f"{LIST}relay/test/"


@pytest.fixture
def admin(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def rights(user: User, *codenames: str) -> None:
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))


def told(answer: Any) -> str:
    return " ".join(str(one) for one in answer.context["messages"])


def test_nobody_without_rights_sees_or_does_anything(client: Client, bob: User) -> None:
    client.force_login(bob)
    for method, page in (
        ("get", LIST),
        ("get", PAGE),
        ("get", f"{LIST}relay/history/"),
        ("get", SWITCH),
        ("post", SWITCH),
        ("post", PAGE),
        ("post", TEST),
        ("get", f"{LIST}add/"),
        ("post", f"{LIST}relay/delete/"),
    ):
        assert getattr(client, method)(page).status_code == 403, page
    assert not IntegrationState.objects.exists()


def test_who_may_only_look_changes_nothing(client: Client, bob: User) -> None:
    rights(bob, "view_integrationstate")
    client.force_login(bob)
    page = client.get(PAGE).content.decode()
    assert client.get(LIST).status_code == 200
    assert "new_signing_secret" not in page
    assert ">Save<" not in page
    for address in (PAGE, SWITCH, TEST):
        assert (
            client.post(address, {"on": "1", "config_url": "https://example.com"}).status_code
            == 403
        )
    assert not IntegrationState.objects.exists()


def test_who_may_change_but_not_set_secrets_sets_none(client: Client, bob: User) -> None:
    rights(bob, "view_integrationstate", "change_integrationstate")
    client.force_login(bob)
    assert "signing_secret" not in client.get(PAGE).content.decode()
    values = {"config_url": "https://example.com/h", "new_signing_secret": SIGNING_SECRET}
    assert client.post(PAGE, values).status_code == 302
    assert queries.get_installed("relay").config == {"url": "https://example.com/h"}
    assert not IntegrationSecret.objects.exists()


def test_config_and_secret_are_saved_in_one_go_and_the_secret_is_never_shown(
    admin: Client,
) -> None:
    values = {"config_url": "https://example.com/h", "new_signing_secret": SIGNING_SECRET}
    assert admin.post(PAGE, values).status_code == 302

    assert open_sealed(IntegrationSecret.objects.get(), "value") == SIGNING_SECRET
    page = admin.get(PAGE).content.decode()
    assert SIGNING_SECRET not in page
    assert "Set on" in page
    assert "https://example.com/h" in page
    entries = AuditEntry.objects.filter(object_resource="integrations")
    assert {(e.event, e.actor_label, e.door) for e in entries} == {
        ("integration.configured", "alice", "admin"),
        ("integration_secret.secret_set", "alice", "admin"),
    }


def test_a_wrong_value_is_shown_beside_its_field_and_nothing_is_stored(admin: Client) -> None:
    values = {"config_url": "http://127.0.0.1/", "new_signing_secret": SIGNING_SECRET}
    shown = admin.post(PAGE, values)
    assert shown.status_code == 200
    assert "private" in shown.context["form"].errors["config_url"][0]
    values = {"config_url": "https://example.com/h", "new_signing_secret": "canary-secret"}
    shown = admin.post(PAGE, values)
    assert "Base64" in shown.context["form"].errors["new_signing_secret"][0]
    assert "canary" not in shown.content.decode()
    assert not IntegrationState.objects.exists()
    assert not IntegrationSecret.objects.exists()


def test_saving_what_is_there_records_nothing(admin: Client) -> None:
    set_up_relay()
    before = AuditEntry.objects.count()
    admin.post(PAGE, {"config_url": "https://example.com/hook", "new_signing_secret": ""})
    assert AuditEntry.objects.count() == before


def test_a_secret_is_cleared_and_refused_while_it_is_needed(admin: Client) -> None:
    enable_relay()
    values = {"config_url": "https://example.com/hook", "clear_signing_secret": "on"}
    shown = admin.post(PAGE, values)
    assert "Disable it first" in shown.context["form"].non_field_errors()[0]
    admin.post(SWITCH)
    assert admin.post(PAGE, values).status_code == 302
    assert IntegrationSecret.objects.get().value is None


def test_switching_on_is_refused_with_the_reason(admin: Client) -> None:
    answer = admin.post(SWITCH, {"on": "1"}, follow=True)
    assert "Set first: url, signing_secret" in told(answer)
    assert not IntegrationState.objects.filter(enabled=True).exists()


def test_switching_off_asks_first(admin: Client) -> None:
    enable_relay()
    asked = admin.get(SWITCH)
    assert "No more messages are posted" in asked.content.decode()
    assert IntegrationState.objects.get().enabled
    admin.post(SWITCH, {"off": "1"})
    assert not IntegrationState.objects.get().enabled
    admin.post(SWITCH, {"on": "1"})
    assert IntegrationState.objects.get().enabled
    history = admin.get(f"{LIST}relay/history/")
    assert history.status_code == 200
    assert len(history.context["entries"]) == 5


def test_a_test_message_really_arrives(admin: Client, settings: Any, receiver: Receiver) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    set_up_relay(receiver.url)
    assert "Send a test" in admin.get(PAGE).content.decode()
    assert admin.get(TEST).status_code == 405

    assert "answered 200" in told(outcome(admin, admin.post(TEST, follow=True)))
    assert len(receiver.received) == 1
    receiver.status = 500
    assert "answered 500" in told(outcome(admin, admin.post(TEST, follow=True)))


def test_unknown_ones_are_not_found(admin: Client) -> None:
    for page in ("change", "switch", "test"):
        address = f"{LIST}nowhere/{page}/"
        answer = admin.post(address) if page == "test" else admin.get(address)
        assert answer.status_code == 404


def test_without_a_csrf_token_nothing_happens(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    set_up_relay()
    for page in (SWITCH, TEST, PAGE):
        assert strict.post(page, {"on": "1"}).status_code == 403
    assert not IntegrationState.objects.get().enabled
