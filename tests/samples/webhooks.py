from typing import Any

from django.db import transaction

from syteops.core.actors import SYSTEM
from syteops.integrations import services as integrations
from syteops.webhooks import services
from syteops.webhooks.models import Webhook
from tests.samples import Sample, sample

NOWHERE = {"id": "999999"}
URL = "https://hooks.example.com/in"


def a_webhook(url: str = URL, *types: str, **values: Any) -> Webhook:
    """A webhook for these events, by itself those of CRM systems; `new_secret` is its secret."""
    shown = {"name": "Billing", "types": list(types) or ["crm_system.*"], **values}
    return services.create_webhook(SYSTEM, url=url, **shown)


def enable_webhooks() -> None:
    with transaction.atomic():
        integrations.enable(SYSTEM, integrations.locked_state("webhooks"))


@sample("webhooks.create")
def _create() -> Sample:
    right = {"name": "Billing", "url": URL, "types": ["crm_system.*", "role.assigned"]}
    also = ("crm.list", "roles.list")
    return Sample(params=right, bad={**right, "types": ["crm_system.exploded"]}, also=also)


@sample("webhooks.update")
def _update() -> Sample:
    path = {"id": str(a_webhook().pk)}
    wrong = {"url": "http://127.0.0.1/"}
    return Sample(path, {"types": ["role.*"]}, wrong, NOWHERE, also=("roles.list",))


@sample("webhooks.rotate_secret")
def _rotate_secret() -> Sample:
    return Sample({"id": str(a_webhook().pk)}, missing=NOWHERE, again=True)


@sample("webhooks.test")
def _test() -> Sample:
    enable_webhooks()
    return Sample({"id": str(a_webhook().pk)}, missing=NOWHERE, again=True)
