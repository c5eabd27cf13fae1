"""Webhooks and deliveries in the admin: set up, watched and resent without any JSON."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from syteops.core.actors import SYSTEM
from syteops.core.start_page import start_page_for
from syteops.deliveries.models import Delivery, DestinationState
from syteops.events.models import Event
from syteops.webhooks import services
from syteops.webhooks.models import Webhook
from syteops.webhooks.signing import signing_secrets
from tests.fixtures import signed_in
from tests.samples.deliveries import a_delivery
from tests.samples.webhooks import URL, a_webhook, enable_webhooks

pytestmark = pytest.mark.django_db
LIST = "/admin/webhooks/webhook/"
LOG = "/admin/deliveries/delivery/"
NEW = {"name": "Billing", "url": URL, "types": ["crm_system.*", "role.assigned"], "active": "on"}


def bob_with(bob: User, *codenames: str) -> Client:
    bob.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return signed_in(bob)


def uid_of(page: Any) -> str:
    found = re.search(r'name="made_as" value="([^"]+)"', page.content.decode())
    assert found is not None
    return found[1]


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_nobody_without_rights_sees_or_does_anything(bob: User) -> None:
    delivery = a_delivery()
    webhook = Webhook.objects.get()
    client = bob_with(bob, "view_crmsystem")
    destination = f"{LOG}destination/?integration=webhooks&destination={webhook.pk}"
    for method, page in (
        ("get", LIST),
        ("get", f"{LIST}add/"),
        ("post", f"{LIST}add/"),
        ("get", f"{LIST}{webhook.pk}/change/"),
        ("post", f"{LIST}{webhook.pk}/rotate-secret/"),
        ("post", f"{LIST}{webhook.pk}/send-test/"),
        ("get", LOG),
        ("get", f"{LOG}{delivery.pk}/change/"),
        ("post", f"{LOG}{delivery.pk}/resend/"),
        ("get", destination),
        ("post", destination),
    ):
        assert getattr(client, method)(page).status_code == 403, page
    assert Delivery.objects.get().state == "given_up"


def test_who_may_add_webhooks_gets_no_more_than_may_be_read(bob: User) -> None:
    client = bob_with(bob, "add_webhook", "view_webhook", "view_crmsystem")
    shown = client.post(f"{LIST}add/", {**NEW, "made_as": uid_of(client.get(f"{LIST}add/"))})
    assert "roles, which you may not read" in text(shown)
    assert not Webhook.objects.exists()


def test_the_secret_is_shown_once_after_adding(page: Client) -> None:
    form = page.get(f"{LIST}add/")
    assert "<optgroup" in text(form)
    made = page.post(f"{LIST}add/", {**NEW, "made_as": uid_of(form)})
    [secret] = signing_secrets(Webhook.objects.get())
    assert secret in text(made)
    assert Webhook.objects.get().types == NEW["types"]
    again = page.post(f"{LIST}add/", {**NEW, "made_as": uid_of(form)})
    assert Webhook.objects.count() == 1
    assert "added already" in text(again)
    for path in (LIST, f"{LIST}{Webhook.objects.get().pk}/change/"):
        assert secret not in text(page.get(path))


def test_saving_what_is_there_changes_nothing(page: Client) -> None:
    webhook = a_webhook(URL, "crm_system.*", "role.assigned")
    path = f"{LIST}{webhook.pk}/change/"
    assert page.post(path, NEW).status_code == 302
    assert Webhook.objects.get().updated_at == webhook.updated_at
    assert page.post(path, {**NEW, "types": ["*"]}).status_code == 302
    assert Webhook.objects.get().types == ["*"]


def test_rotating_asks_first_and_shows_the_new_secret(page: Client, bob: User) -> None:
    webhook = a_webhook()
    path = f"{LIST}{webhook.pk}/rotate-secret/"
    assert "24 hours" in text(page.get(path))
    webhook.refresh_from_db()
    assert webhook.former_secret is None
    shown = page.post(path)
    webhook.refresh_from_db()
    new, old = signing_secrets(webhook)
    assert new in text(shown)
    assert old not in text(shown)
    assert bob_with(bob, "view_webhook", "change_webhook").post(path).status_code == 403
    webhook.refresh_from_db()
    assert signing_secrets(webhook)[0] == new


def test_sending_the_rotation_again_rotates_no_second_time(page: Client) -> None:
    """That would end the secret which the receiver still verifies with."""
    webhook = a_webhook()
    path = f"{LIST}{webhook.pk}/rotate-secret/"
    agreed = {"_seen": page.get(path).context["seen"]}
    assert page.post(path, agreed).templates[0].name == "admin/webhooks/secret.html"
    webhook.refresh_from_db()
    rotated = signing_secrets(webhook)

    again = page.post(path, agreed)
    webhook.refresh_from_db()
    assert signing_secrets(webhook) == rotated
    assert not any(one in text(again) for one in rotated)
    assert "Nothing was done." in text(again)


def test_a_test_is_refused_with_the_reason_or_sent(page: Client) -> None:
    webhook = a_webhook()
    path = f"{LIST}{webhook.pk}/send-test/"
    assert "Enable the integration" in text(page.post(path, follow=True))
    enable_webhooks()
    assert "on its way" in text(page.post(path, follow=True))
    webhook.refresh_from_db()
    assert webhook.tested_at is not None


def test_while_webhooks_are_disabled_their_pages_say_so(page: Client) -> None:
    shown = page.get(LIST), page.post(f"{LIST}add/", NEW)
    assert all("Webhooks are disabled: nothing is sent" in text(one) for one in shown)
    enable_webhooks()
    assert "Webhooks are disabled" not in text(page.get(LIST))


@pytest.mark.parametrize("path", ["/admin/integrations/integrationstate/", "/admin/"])
def test_pages_at_a_glance_say_what_fails_and_why(page: Client, path: str) -> None:
    enable_webhooks()
    now = timezone.now()
    for name, problem in (("Billing", "It answered slowly."), ("Shop", "")):
        webhook = a_webhook(URL, "crm_system.*", name=name)
        state = DestinationState(integration="webhooks", destination=str(webhook.pk))
        state.failing_since = now if problem else None
        state.last_problem = problem or "It has passed."
        state.delivered_at = now
        state.save()

    shown = text(page.get(path))
    assert "It answered slowly." in shown
    assert "It has passed." not in shown
    if path.endswith("integrationstate/"):
        assert "Shop" in shown
        assert "Last delivered <time" in shown


def test_the_list_shows_at_a_glance_how_it_goes(page: Client) -> None:
    a_webhook()
    for name in ("failing_since", "paused_at", "delivered_at"):
        state = DestinationState(integration="webhooks", destination=str(a_webhook().pk))
        setattr(state, name, timezone.now())
        state.save()
    services.update_webhook(SYSTEM, a_webhook(), url="https://moved.example/")
    shown = text(page.get(LIST))
    for one in ("Nothing sent yet", "Failing", "Paused", "Delivering", "No secret"):
        assert one in shown


def test_a_delivery_shows_its_attempts_and_is_sent_again(page: Client) -> None:
    path = f"{LOG}{a_delivery().pk}/"
    assert "Out of order" in text(page.get(f"{path}change/"))
    assert "deliveries.resumed" in text(page.get(f"{LOG}?state__exact=given_up"))
    assert "sent once more" in text(page.post(f"{path}resend/", follow=True))
    assert Delivery.objects.get().state == "waiting"
    assert "by itself" in text(page.post(f"{path}resend/", follow=True))


def test_the_log_shows_a_person_what_the_person_may_read(bob: User) -> None:
    delivery = a_delivery()
    Event.objects.update(resource="users")
    client = bob_with(bob, "view_delivery", "change_delivery")
    assert "deliveries.resumed" not in text(client.get(LOG))
    assert client.get(f"{LOG}{delivery.pk}/change/").status_code == 302
    assert client.post(f"{LOG}{delivery.pk}/resend/").status_code == 404
    assert Delivery.objects.get().state == "given_up"


def test_a_paused_destination_is_announced_and_resumed(page: Client, alice: User) -> None:
    delivery = a_delivery()
    where = {"integration": "webhooks", "destination": delivery.destination}
    DestinationState.objects.filter(**where).update(
        paused_at=timezone.now(), why_paused="It answered 410."
    )
    [notice] = [one for one in start_page_for(alice).needs if "410" in one.text]
    assert "Billing" in notice.text
    assert "It answered 410." in text(page.get(notice.url))
    assert "Paused" in text(page.get("/admin/integrations/integrationstate/webhooks/change/"))
    page.post(notice.url, {"resume": "1"})
    assert DestinationState.objects.get(**where).paused_at is None
    assert "Sent once more: 1" in text(page.post(notice.url, {"since": "3600"}, follow=True))
    assert Delivery.objects.get().state == "waiting"
    assert page.get(f"{LOG}destination/?integration=webhooks&destination=999999").status_code == 404
