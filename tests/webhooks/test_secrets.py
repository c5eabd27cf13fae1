"""A signing secret is made by the site, shown once, and never comes out again."""

import base64
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from manage_api.models import IdempotencyRecord
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.history.reverting import revert
from syteops.webhooks import services
from syteops.webhooks.models import Webhook
from syteops.webhooks.signing import signing_secrets
from tests.fixtures import Api
from tests.manage_api.canaries import Canary, Search
from tests.samples.webhooks import URL, a_webhook

pytestmark = pytest.mark.django_db
NEW = {"name": "Billing", "url": URL, "types": ["crm_system.*"]}


def searched(api: Api, *secrets: str) -> set[str]:
    """Where these turn up: in what is stored, and in what the API answers."""
    search = Search()
    for one in secrets:
        search.expect_nowhere(Canary("secret", one.removeprefix("whsec_"), one))
    fixture = io.StringIO()
    call_command("dumpdata", stdout=fixture, verbosity=0, use_base_manager=True)
    search.look("fixture", fixture.getvalue())
    for path in ("/webhooks", f"/webhooks/{Webhook.objects.get().pk}", "/audit", "/events"):
        search.look(path, api.get(path).content)
    return search.found


def test_it_is_random_and_shown_once_and_kept_sealed(api: Api) -> None:
    made = api.post("/webhooks", NEW, Idempotency_Key="made").json()
    rotated = api.post(f"/webhooks/{made['id']}/rotate-secret", Idempotency_Key="rotated").json()
    secrets = [made["signing_secret"], rotated["signing_secret"]]
    assert len(set(secrets)) == 2
    for one in secrets:
        assert one.startswith("whsec_")
        assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
    assert searched(api, *secrets) == set()


def test_a_retry_gets_the_same_answer_from_what_is_sealed(api: Api) -> None:
    made = api.post("/webhooks", NEW, Idempotency_Key="made").json()
    again = api.post("/webhooks", NEW, Idempotency_Key="made")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == made
    assert IdempotencyRecord.objects.get().answer["body"] == ""


def test_whoever_may_only_write_gets_the_secret_that_was_made(make_key: Any) -> None:
    answer = Api(make_key("webhooks:write", "crm:read")).post("/webhooks", NEW).json()
    assert answer.keys() == {"id", "signing_secret"}


def test_nobody_chooses_it(api: Api) -> None:
    for name in ("signing_secret", "new_secret", "secret_set", "former_secret"):
        refused = api.post("/webhooks", {**NEW, name: "whsec_" + "A" * 43 + "="})
        assert refused.status_code == 400
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("url", ["https://other.example/in", "http://hooks.example.com/in"])
def test_another_origin_clears_it_and_rotating_makes_a_new_one(api: Api, url: str) -> None:
    webhook = a_webhook()
    services.rotate_secret(SYSTEM, webhook)
    path = f"/webhooks/{webhook.pk}"
    assert api.patch(path, {"url": f"{URL}/other"}).json()["secret_set"] is True
    moved = api.patch(path, {"url": url}).json()
    assert (moved["secret_set"], moved["secret_set_at"]) == (False, None)
    webhook.refresh_from_db()
    assert webhook.signing_secret is webhook.former_secret is None
    assert "Rotate its secret" in api.post(f"{path}/test").json()["detail"]

    new = api.post(f"{path}/rotate-secret").json()["signing_secret"]
    webhook.refresh_from_db()
    assert signing_secrets(webhook) == [new]


def test_an_undo_brings_no_secret_back(api: Api) -> None:
    webhook = a_webhook()
    services.rotate_secret(SYSTEM, webhook)
    rotated = AuditEntry.objects.get(event="webhook.secret_set")
    assert api.post(f"/audit/{rotated.pk}/revert?confirm=true").status_code == 409
    services.delete_webhook(SYSTEM, webhook)
    revert(SYSTEM, AuditEntry.objects.get(event="webhook.deleted"))
    assert Webhook.objects.get().signing_secret is None


def test_the_former_secret_signs_for_a_day_and_then_no_more() -> None:
    webhook = a_webhook()
    first = webhook.new_secret
    second = services.rotate_secret(SYSTEM, webhook).new_secret
    assert signing_secrets(webhook) == [second, first]
    webhook.former_secret_set_at = timezone.now() - timedelta(hours=23, minutes=59)
    assert signing_secrets(webhook) == [second, first]
    webhook.former_secret_set_at = timezone.now() - timedelta(hours=24)
    assert signing_secrets(webhook) == [second]


def test_rotating_twice_ends_a_secret_that_got_out() -> None:
    webhook = a_webhook()
    first = webhook.new_secret
    second = services.rotate_secret(SYSTEM, webhook).new_secret
    third = services.rotate_secret(SYSTEM, webhook).new_secret
    assert signing_secrets(webhook) == [third, second]
    assert first not in signing_secrets(webhook)
