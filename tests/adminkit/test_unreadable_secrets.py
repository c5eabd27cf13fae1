"""A secret that does not open is no secret: each page that tells of one says so, and what helps."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from syteops.adminkit.secret_states import state_in_words
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.ai.start_page import show_ai
from syteops.core.actors import SYSTEM
from syteops.core.encryption import KeysAway, Sealed
from syteops.core.errors import Conflict
from syteops.crm.models import CrmSystem
from syteops.integrations.models import IntegrationSecret
from syteops.integrations.queries import all_installed
from syteops.integrations.services import enable, locked_state
from syteops.webhooks.services import rotate_secret, send_test
from syteops.webhooks.signing import signing_secrets
from tests.core.test_values import MAKERS
from tests.samples.integrations import set_up_relay
from tests.samples.webhooks import a_webhook

pytestmark = pytest.mark.django_db
TOLD = "and unreadable: the encryption key that it was stored with is gone"


def spoil(item: Any, *fields: str) -> None:
    """Write something else there, past SyteOps."""
    values: dict[str, Any] = {name: Sealed(b"something else") for name in fields}
    moments = {f"{name}_set_at": timezone.now() for name in fields}
    type(item)._base_manager.filter(pk=item.pk).update(**values, **moments)
    item.refresh_from_db()


def pages() -> list[Any]:
    found = [one for one in admin.site._registry.values() if isinstance(one, ServiceAdmin)]
    return [one for one in found if one.secret_fields]


@pytest.mark.parametrize("kind", pages(), ids=lambda page: page.model.__name__)
def test_the_page_of_an_object_says_so(page: Client, kind: Any) -> None:
    model, noun = kind.model, kind.model.noun
    item = MAKERS[noun]() if noun in MAKERS else model._base_manager.create(pk=1)
    spoil(item, *kind.secret_fields)

    shown = page.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/{item.pk}/change/")

    assert shown.content.decode().count(f"{TOLD}") == len(kind.secret_fields)
    assert "Set it again." in shown.content.decode()


def test_so_does_the_page_of_each_integration(page: Client) -> None:
    seen = 0
    for one in all_installed():
        for secret in one.secrets:
            row = IntegrationSecret.objects.create(integration=one.slug, name=secret.name)
            spoil(row, "value")
        shown = page.get(f"/admin/integrations/integrationstate/{one.slug}/change/")
        assert shown.content.decode().count(TOLD) == len(one.secrets), one.slug
        seen += len(one.secrets)
    assert seen > 3


def test_an_integration_is_not_enabled_with_one() -> None:
    set_up_relay()
    spoil(IntegrationSecret.objects.get(integration="relay"), "value")
    with pytest.raises(Conflict, match="Set first: signing_secret"):
        enable(SYSTEM, locked_state("relay"))


def test_a_webhook_says_so_and_sends_no_test(page: Client) -> None:
    webhook = a_webhook()
    url = f"/admin/webhooks/webhook/{webhook.pk}/change/"
    assert TOLD not in (shown := page.get(url).content.decode())
    assert "Signing secret" in shown
    spoil(webhook, "signing_secret")

    shown = page.get(url).content.decode()

    assert TOLD in shown
    assert "Rotate it." in shown
    with pytest.raises(Conflict, match="Rotate its secret"):
        send_test(SYSTEM, webhook)


def test_a_webhook_signs_with_its_secret_where_the_one_before_does_not_open() -> None:
    webhook = rotate_secret(SYSTEM, a_webhook())
    spoil(webhook, "former_secret")
    assert signing_secrets(webhook) == [webhook.new_secret]


def test_the_start_page_says_so_of_the_default_provider(alice: Any) -> None:
    provider = MAKERS["ai_provider"]()
    provider.is_default = True
    provider.save()
    spoil(provider, "api_key")
    assert "unreadable: set it again" in [line.note for line in show_ai(alice).lines]


def test_without_the_file_of_the_keys_a_page_tells_of_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> Any:
        raise KeysAway("gone")

    system = CrmSystem.objects.create(number=1, name="A")
    assert state_in_words(system, "api_key") == "Not set"
    spoil(system, "api_key")
    monkeypatch.setattr("syteops.core.encryption.ring", away)
    assert "Restore their file." in state_in_words(system, "api_key")
