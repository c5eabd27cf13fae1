"""A stored credential belongs to the origin it was entered for: at each door another clears it."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.test import Client

from syteops.ai import services as ai
from syteops.ai.errors import AiUnavailable
from syteops.ai.models import AiProvider
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.encryption import open_sealed, sealed_fields
from syteops.core.errors import Conflict
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.history.reverting import revert
from syteops.integrations import catalogue, services
from syteops.integrations.catalogue import Integration, SecretSpec, all_integrations
from syteops.integrations.models import IntegrationSecret, IntegrationState
from syteops.integrations.queries import get_installed
from syteops.lib.urls import moved
from tests.background import run_tasks
from tests.fixtures import signed_in
from tests.integrations.receivers import Receiver
from tests.samples.ai import a_provider_with_key
from tests.samples.crm import a_system
from tests.samples.integrations import enable_relay, set_up_relay

pytestmark = pytest.mark.django_db
EVIL = "https://evil.example/"


def set_secret(slug: str, name: str, value: str) -> None:
    services.set_secret(SYSTEM, services.locked_secret(slug, name), value=value)


def is_set(slug: str, name: str) -> bool:
    return IntegrationSecret.objects.get(integration=slug, name=name).value is not None


def cleared() -> list[str]:
    found = AuditEntry.objects.filter(event__endswith=".secret_cleared").order_by("pk")
    return [name for one in found for name, to in one.changes.items() if to["after"] == "cleared"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://a.example/x", "http://a.example/x"),
        ("https://a.example", "https://a.example:8443"),
        ("https://a.example", "https://b.a.example"),
        ("https://[2606:2800::1]", "https://[2606:2800::1]8443"),
        ("https://a.example", "https://a.example@evil.example"),
        ("https://a.example", ""),
        ("", "https://a.example"),
        (None, "https://a.example"),
        ("https://[broken", "https://[broken2"),
    ],
)
def test_another_scheme_host_or_port_is_another_origin(before: str | None, after: str) -> None:
    assert moved(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://a.example/x", "https://A.example.:443/y?z#a"),
        ("http://a.example:80", "http://a.example"),
        (None, ""),
    ],
)
def test_another_path_or_spelling_is_not(before: str | None, after: str) -> None:
    assert not moved(before, after)


def test_a_crm_systems_key_and_secret_go_and_the_trail_tells() -> None:
    system = a_system()
    crm.update_crm_system(SYSTEM, system, url="https://hubspot.example/login")
    assert cleared() == []
    crm.update_crm_system(SYSTEM, system, url=EVIL)
    stored = CrmSystem.objects.get()
    assert stored.api_key is stored.api_secret is stored.api_key_set_at is None
    assert cleared() == ["api_key", "api_secret"]


def test_an_ai_providers_key_goes() -> None:
    provider = a_provider_with_key()
    ai.update_ai_provider(SYSTEM, provider, base_url=EVIL)
    assert AiProvider.objects.get(pk=provider.pk).api_key is None
    assert cleared() == ["api_key"]


def test_whoever_moves_the_address_in_the_database_is_not_sent_the_key() -> None:
    provider = a_provider_with_key()
    mine = AiProvider.objects.filter(pk=provider.pk)
    mine.update(base_url=provider.base_url + "/another/path")
    assert open_sealed(mine.get(), "api_key")
    mine.update(base_url=EVIL)
    with pytest.raises(AiUnavailable, match="cannot be read"):
        ai.check_connection(mine.get())

    enable_relay()
    assert get_installed("relay").setup().secrets
    IntegrationState.objects.filter(slug="relay").update(config={"url": EVIL})
    with pytest.raises(Conflict, match="does not open"):
        get_installed("relay").setup()


def test_nor_the_push_token_who_puts_a_former_address_back_that_was_sealed_as_well() -> None:
    set_secret("automation_push", "url", "https://former.example/")
    address = IntegrationSecret.objects.filter(integration="automation_push", name="url")
    former = address.get().value
    set_secret("automation_push", "url", "https://flows.example/a")
    set_secret("automation_push", "token", "the-token")
    set_secret("automation_push", "url", "https://flows.example/b")
    assert get_installed("automation_push").setup().secrets["token"] == "the-token"

    address.update(value=former)
    with pytest.raises(Conflict, match="does not open"):
        get_installed("automation_push").setup()


def test_over_the_api() -> None:
    system = a_system()
    client = Client(headers={"Accept": "application/json"})
    client.force_login(User.objects.create_superuser("root"))
    answer = client.patch(
        f"/api/manage/v1/crm-systems/{system.slot}", {"url": EVIL}, "application/json"
    ).json()
    assert (answer["key_set"], answer["secret_set"]) == (False, False)


def test_an_undo_that_gives_the_old_address_back_clears_what_was_entered_meanwhile() -> None:
    system = a_system()
    crm.update_crm_system(SYSTEM, system, url="https://other.example")
    crm.set_secrets(SYSTEM, system, api_key="entered-for-other")
    revert(SYSTEM, AuditEntry.objects.get(event="crm_system.updated"))
    stored = CrmSystem.objects.get()
    assert stored.url == "https://hubspot.example"
    assert stored.api_key is None


def test_the_relays_secret_goes_with_the_address_in_the_config() -> None:
    enable_relay()
    state = services.locked_state("relay")
    services.update_config(SYSTEM, state, config={"url": "https://example.com/other"})
    assert is_set("relay", "signing_secret")
    services.update_config(SYSTEM, state, config={"url": EVIL})
    assert not is_set("relay", "signing_secret")
    assert cleared() == ["value"]


def test_an_undone_config_clears_it_too() -> None:
    set_up_relay()
    state = services.locked_state("relay")
    services.update_config(SYSTEM, state, config={"url": EVIL})
    set_secret("relay", "signing_secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    revert(SYSTEM, AuditEntry.objects.filter(event="integration.configured").latest("pk"))
    assert not is_set("relay", "signing_secret")


@pytest.mark.parametrize("door", ["set", "clear"])
def test_the_push_token_goes_with_the_secret_address(door: str) -> None:
    set_secret("automation_push", "url", "https://flows.example/a")
    set_secret("automation_push", "token", "the-token")
    set_secret("automation_push", "url", "https://flows.example/b")
    assert is_set("automation_push", "token")
    if door == "set":
        set_secret("automation_push", "url", EVIL)
    else:
        services.clear_secret(SYSTEM, services.locked_secret("automation_push", "url"))
    assert not is_set("automation_push", "token")


def test_a_form_that_gives_both_keeps_the_new_secret() -> None:
    set_up_relay()
    client = signed_in(User.objects.create_superuser("root"))
    form = {"config_url": "https://moved.example/", "new_signing_secret": "whsec_" + "A" * 40}
    page = "/admin/integrations/integrationstate/relay/change/"
    assert client.post(page, form).status_code == 302
    assert is_set("relay", "signing_secret")
    client.post(page, {"config_url": EVIL})
    assert not is_set("relay", "signing_secret")


def test_every_credential_with_an_address_beside_it_is_bound() -> None:
    models_seen, integrations_seen = 0, 0
    for model in apps.get_models():
        addresses = {f.name for f in model._meta.fields if f.name.endswith("url")}
        sealed = {field.name for field in sealed_fields(model)}
        if addresses and sealed:
            models_seen += 1
            bound = getattr(model, "credential_addresses", {})
            assert set(bound) == sealed, model
            assert set(bound.values()) <= addresses
            assert all(
                isinstance(model._meta.get_field(one), models.CharField) for one in addresses
            )
    for one in all_integrations().values():
        places = {*one.config_schema["properties"], *(spec.name for spec in one.secrets)}
        if "url" in places:
            integrations_seen += 1
            assert all(spec.sent_to == "url" for spec in one.secrets if spec.name != "url"), (
                one.slug
            )
    assert models_seen
    assert integrations_seen


def test_a_secret_for_an_address_that_is_not_there_is_no_integration() -> None:
    wrong = Integration("wrong", "", "", "", "", secrets=(SecretSpec("token", "", sent_to="ulr"),))
    with pytest.raises(ImproperlyConfigured, match="ulr"):
        catalogue.enter(wrong)


def test_whoever_may_not_read_the_variables_cannot_have_them_pushed(
    settings: Any, receiver: Receiver
) -> None:
    settings.ALLOW_PRIVATE_URLS = True
    set_secret("automation_push", "url", receiver.url)
    bob = User.objects.create_user("bob", is_staff=True)
    rights = ["view_integrationstate", "change_integrationstate"]
    bob.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = signed_in(bob)
    page = "/admin/integrations/integrationstate/automation_push/"
    assert client.post(f"{page}test/").status_code == 403
    assert "Send a test" not in client.get(f"{page}change/").content.decode()
    assert receiver.received == []
    bob.user_permissions.add(Permission.objects.get(codename="view_variable"))
    assert client.post(f"{page}test/").status_code == 302
    run_tasks()
    assert len(receiver.received) == 1
