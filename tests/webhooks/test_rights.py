"""Nobody has events sent to himself that he may not read: through any door, by any detour."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM, Actor, ActorKind, Channel
from syteops.core.encryption import Sealed
from syteops.core.errors import Forbidden, LimitReached
from syteops.deliveries import sending
from syteops.deliveries.models import Delivery, DeliveryAttempt, DestinationState
from syteops.events.rights import require_readable
from syteops.integrations.queries import get_installed
from syteops.webhooks import services
from syteops.webhooks.models import Webhook
from tests.events.publish import a_system, publish
from tests.fixtures import Api, signed_in
from tests.integrations.receivers import Receiver
from tests.samples.deliveries import a_delivery
from tests.samples.team import a_member
from tests.samples.webhooks import URL, a_webhook, enable_webhooks
from tests.webhooks.test_delivery import deliver

MINE = "https://mine.example/"
WEBHOOKS = ("webhooks:read", "webhooks:write", "webhooks:delete", "webhooks:secrets")

Make = Callable[..., str]


def asked(*types: str) -> dict[str, Any]:
    return {"name": "Mine", "url": MINE, "types": list(types)}


def stored() -> list[tuple[str, list[str]]]:
    return list(Webhook.objects.order_by("pk").values_list("url", "types"))


# --- Keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "scope"),
    [
        (["team_member.*"], "users:read"),
        (["crm_system.*", "note.created"], "notes_items:read"),
        (["variables.changed"], "variables:read"),
        (["integration_secret.secret_set"], "integrations:read"),
    ],
)
def test_a_key_needs_the_scope_to_read_what_it_has_sent(
    make_key: Make, types: list[str], scope: str
) -> None:
    api = Api(make_key(*WEBHOOKS, "crm:read"))
    refused = api.post("/webhooks", asked(*types))
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert refused.json()["scope"] == scope
    assert stored() == []
    assert Api(make_key(*WEBHOOKS, "crm:read", scope)).post("/webhooks", asked(*types)).json()["id"]


@pytest.mark.parametrize("pattern", ["*", "person.signed_in", "group.*", "encryption.rotated"])
def test_what_no_scope_reads_is_for_who_reads_everything(
    make_key: Make, api: Api, pattern: str
) -> None:
    every = Api(make_key(*WEBHOOKS, "users:read", "audit:read", "events:read"))
    refused = every.post("/webhooks", asked(pattern))
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert stored() == []
    assert api.post("/webhooks", asked(pattern)).status_code == 201


def test_dispatch_and_bulk_are_no_way_around(make_key: Make) -> None:
    api = Api(make_key(*WEBHOOKS, "crm:read"))
    item = {"action": "create", "params": asked("team_member.*")}
    for refused in (
        api.dispatch("webhooks.create", asked("team_member.*")),
        api.post("/webhooks/bulk", {"items": [item]}),
        api.post("/webhooks", asked("team_member.*"), Idempotency_Key="again"),
        api.call("POST", "/webhooks?dry_run=true", asked("team_member.*")),
    ):
        assert refused.status_code == 403
    assert stored() == []


def test_what_others_have_sent_to_themselves_cannot_be_turned_to_another_address(
    make_key: Make,
) -> None:
    webhook = a_webhook(URL, "*")
    api = Api(make_key(*WEBHOOKS, "crm:read"))
    path = f"/webhooks/{webhook.pk}"
    assert api.patch(path, {"url": MINE}).status_code == 403
    assert api.patch(path, {"url": f"{URL}/mine"}).status_code == 403
    assert api.patch(path, {"types": ["crm_system.*"], "url": MINE}).status_code == 200
    assert api.patch(path, {"types": ["crm_system.*", "role.*"]}).status_code == 403
    assert stored() == [(MINE, ["crm_system.*"])]


def test_what_waits_for_others_does_not_go_to_who_may_not_read_it(
    make_key: Make, receiver: Receiver
) -> None:
    """Not even to somebody who gives the webhook fewer events at first, and then his address."""
    enable_webhooks()
    webhook = a_webhook("http://127.0.0.1:9/", "*")
    a_member(first_name="Canary")
    deliver()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"waiting"}

    api = Api(make_key(*WEBHOOKS, "crm:read", "deliveries:read", "deliveries:write"))
    mine = {"types": ["crm_system.*"], "url": receiver.url}
    assert api.patch(f"/webhooks/{webhook.pk}", mine).status_code == 200
    services.rotate_secret(SYSTEM, Webhook.objects.get())  # another address has cleared it
    a_system()
    where = {"integration": "webhooks", "destination": str(webhook.pk)}
    for _ in range(2):
        DestinationState.objects.update(due_at=timezone.now(), held_until=None)
        Delivery.objects.filter(state="waiting").update(next_attempt_at=timezone.now())
        deliver()
        again = {**where, "since": "2026-01-01T00:00:00Z", "everything": True}
        assert api.post("/deliveries/resend-since", again).status_code == 200
    deliver()

    assert {json.loads(got.body)["type"] for got in receiver.received} == {"crm_system.created"}
    states = Delivery.objects.exclude(event__type="crm_system.created").values_list("state")
    assert {*states} == {("cancelled",)}


def test_nor_where_it_is_turned_to_him_in_that_very_moment(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    enable_webhooks()
    webhook = a_webhook(f"{receiver.url}/theirs", "team_member.*")
    a_member()
    found = sending._destination_of

    def turned(state: DestinationState) -> Any:
        before = found(state)
        his = {"types": ["crm_system.*"], "url": f"{receiver.url}/his"}
        Webhook.objects.filter(pk=webhook.pk).update(**his)
        return before

    monkeypatch.setattr(sending, "_destination_of", turned)
    deliver()

    assert receiver.received == []
    assert DeliveryAttempt.objects.get().problem == "It wants no such events any more."


def test_whoever_changes_neither_address_nor_events_need_not_read_them(make_key: Make) -> None:
    webhook = a_webhook(URL, "team_member.*")
    api = Api(make_key(*WEBHOOKS))
    same = {"name": "Other", "active": False, "url": URL, "types": ["team_member.*"]}
    assert api.patch(f"/webhooks/{webhook.pk}", same).json()["name"] == "Other"


def test_whoever_has_them_sent_again_must_read_them(make_key: Make) -> None:
    """Whoever had them sent to himself may have lost the right to them since, or be gone."""
    webhook = a_webhook(URL, "team_member.*")
    services.update_webhook(SYSTEM, webhook, active=False)
    api, path = Api(make_key(*WEBHOOKS)), f"/webhooks/{webhook.pk}"
    assert api.patch(path, {"active": False, "name": "Other"}).status_code == 200
    refused = api.patch(path, {"active": True})
    assert (refused.status_code, refused.json()["scope"]) == (403, "users:read")
    stranger = Actor(ActorKind.CLIENT, "1", "Somebody", Channel.PUBLIC)
    with pytest.raises(Forbidden), transaction.atomic():
        services.update_webhook(stranger, Webhook.objects.get(), active=True)
    assert not Webhook.objects.get().active
    reader = Api(make_key(*WEBHOOKS, "users:read"))
    assert reader.patch(path, {"active": True}).json()["active"]


def test_whoever_makes_the_secret_that_it_lacks_must_read_what_is_sent_then(
    make_key: Make,
) -> None:
    webhook = a_webhook(URL, "team_member.*")
    services.clear_secrets(SYSTEM, webhook, "signing_secret")
    path = f"/webhooks/{webhook.pk}/rotate-secret"
    assert Api(make_key(*WEBHOOKS)).post(path).json()["code"] == "permission_denied"
    assert Webhook.objects.get().signing_secret is None
    Webhook.objects.update(signing_secret=Sealed(b"of a lost key"))
    assert Api(make_key(*WEBHOOKS)).post(path).json()["code"] == "permission_denied"
    assert Api(make_key(*WEBHOOKS, "users:read")).post(path).json()["signing_secret"]
    assert Api(make_key(*WEBHOOKS)).post(path).json()["signing_secret"]  # it has one: no news


def test_nor_does_enabling_send_what_who_enables_may_not_read(make_key: Make) -> None:
    a_webhook(URL, "team_member.*")
    mine, path = ("integrations:read", "integrations:write"), "/integrations/webhooks/enable"
    assert Api(make_key(*mine)).post(path).status_code == 403
    assert not get_installed("webhooks").enabled
    assert Api(make_key(*mine, "users:read")).post(path).json()["enabled"]


def test_an_undo_is_no_way_around(make_key: Make) -> None:
    webhook = a_webhook(URL, "team_member.*")
    services.update_webhook(SYSTEM, webhook, types=["crm_system.*"], url=MINE)
    updated = AuditEntry.objects.get(event="webhook.updated").pk
    services.delete_webhook(SYSTEM, webhook)
    deleted = AuditEntry.objects.get(event="webhook.deleted").pk
    rights = (*WEBHOOKS, "audit:read", "audit:write", "crm:read")
    api = Api(make_key(*rights))
    assert api.post(f"/audit/{deleted}/revert?confirm=true").status_code == 200
    assert stored() == [(MINE, ["crm_system.*"])]
    refused = api.post(f"/audit/{updated}/revert?confirm=true")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert stored() == [(MINE, ["crm_system.*"])]
    reader = Api(make_key(*rights, "users:read"))
    assert reader.post(f"/audit/{updated}/revert?confirm=true").status_code == 200


# --- People ------------------------------------------------------------------------------------


@pytest.fixture
def bob_with(bob: User, as_person: Callable[[User], Api]) -> Callable[..., Api]:
    def enter(*codenames: str) -> Api:
        bob.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return as_person(User.objects.get(pk=bob.pk))

    return enter


def test_a_person_needs_the_permission_to_view_it(bob_with: Callable[..., Api]) -> None:
    own = ("add_webhook", "view_webhook", "change_webhook")
    for types in (["team_member.*"], ["person.signed_in"], ["*"]):
        assert bob_with(*own).post("/webhooks", asked(*types)).status_code == 403
    assert stored() == []
    assert bob_with(*own, "view_user").post("/webhooks", asked("person.*")).status_code == 201
    assert bob_with(*own, "view_teammember").post("/webhooks", asked("team_member.*")).json()["id"]
    assert bob_with(*own, "read_every_auditentry").post("/webhooks", asked("*")).json()["id"]


# --- Everybody else ------------------------------------------------------------------------------


def test_nobody_reads_anything_unless_a_door_says_so() -> None:
    stranger = Actor(ActorKind.CLIENT, "1", "Somebody", Channel.PUBLIC)
    for patterns in (["crm_system.*"], ["*"]):
        with pytest.raises(Forbidden):
            require_readable(stranger, patterns)
    require_readable(SYSTEM, ["*"])


def test_whoever_resumes_a_destination_must_read_what_is_sent_there(
    make_key: Make, receiver: Receiver
) -> None:
    """Whoever had it sent to himself, and may not read it any more, went on when it was paused."""
    enable_webhooks()
    webhook = a_webhook(receiver.url, "team_member.*", "crm_system.*")
    a_system()
    a_member(first_name="Canary")
    publish()
    Delivery.objects.update(state="given_up", next_attempt_at=None)
    where = {"integration": "webhooks", "destination": str(webhook.pk)}
    DestinationState.objects.update(paused_at=timezone.now())

    few = "deliveries:read", "deliveries:write", "crm:read"
    api = Api(make_key(*few))
    assert api.post("/deliveries/resume", where).status_code == 403
    again = {**where, "since": "2026-01-01T00:00:00Z", "everything": True}
    assert api.post("/deliveries/resend-since", again).json() == {"resent": 1}
    waiting = Delivery.objects.filter(state="waiting")
    assert [one.event.type for one in waiting] == ["crm_system.created"]
    assert Api(make_key(*few, "users:read")).post("/deliveries/resume", where).status_code == 200


# --- The name of a webhook ---------------------------------------------------------------------


def test_who_may_not_read_webhooks_learns_no_name_from_deliveries(
    make_key: Make, bob: User, as_person: Callable[[User], Api]
) -> None:
    pk = str(a_webhook(name="Canary").pk)
    enable_webhooks()
    names = ("view_delivery", "change_delivery", "view_integrationstate")
    bob.user_permissions.add(*Permission.objects.filter(codename__in=names))
    deliveries = "deliveries:read", "deliveries:write", "crm:read"
    few, all_ = Api(make_key(*deliveries)), Api(make_key(*deliveries, "webhooks:read"))
    where = {"integration": "webhooks", "destination": pk}
    DestinationState.objects.create(**where, paused_at=timezone.now())

    def shown(one: Api) -> tuple[Any, Any]:
        listed = one.get("/deliveries/destinations").json()["destinations"]
        found = [each["name"] for each in listed if each["integration"] == "webhooks"]
        resumed = one.post("/deliveries/resume", where).json()["name"]
        DestinationState.objects.update(paused_at=timezone.now())
        return found, resumed

    for one in (few, as_person(bob)):
        assert shown(one) == ([pk], pk)
    assert shown(all_) == (["Canary"], "Canary")
    pages = (
        "/admin/",
        "/admin/integrations/integrationstate/webhooks/change/",
        f"/admin/deliveries/delivery/destination/?integration=webhooks&destination={pk}",
        "/admin/deliveries/delivery/",
    )
    delivery = a_delivery()
    Delivery.objects.update(destination=pk)

    def found() -> list[Any]:
        listed: Any = signed_in(bob).get("/admin/deliveries/delivery/?q=canary")
        return list(listed.context["cl"].result_list)

    for page in pages:
        assert "Canary" not in signed_in(bob).get(page).content.decode(), page
    assert found() == []
    bob.user_permissions.add(Permission.objects.get(codename="view_webhook"))
    for page in pages:
        assert "Canary" in signed_in(bob).get(page).content.decode(), page
    assert found() == [delivery]


def test_there_are_so_many_webhooks(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event is queued for all of them, while every writer waits."""
    monkeypatch.setattr(services, "MOST", 1)
    new = {"name": "One", "url": "https://one.example/", "types": ["crm_system.*"]}
    assert api.post("/webhooks", new).status_code == 201
    refused = api.post("/webhooks", new)
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    with pytest.raises(LimitReached):
        services.restore_webhook(SYSTEM, Webhook(**new))
