"""The pages of the keys: their addresses, and what is on them."""

import html
import re
from typing import Any

from django.urls import reverse

from manage_api.keys import services
from manage_api.keys.models import ApiSwitch, ManageKey
from syteops.core.actors import SYSTEM

HOME = "/admin/keys/managekey/"
KEY = re.compile(r"som_[0-9A-Za-z]{50}")


def restricted(**values: Any) -> ManageKey:
    named = {"name": "Tool", "scopes": ["crm:read"], **values}
    return services.create_restricted_key(SYSTEM, **named).key


def on_api(slug: str) -> str:
    return reverse("admin:keys_managekey_api", args=[slug])


def on(key: ManageKey, slug: str) -> str:
    return reverse("admin:keys_managekey_act", args=[key.public_id, slug])


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def stored() -> list[Any]:
    """Everything these pages could change."""
    return [*ManageKey.objects.order_by("pk").values(), *ApiSwitch.objects.values()]


def every_page(key: ManageKey) -> list[str]:
    return [
        HOME,
        f"{HOME}create/",
        f"{HOME}{key.public_id}/",
        *(on_api(slug) for slug in ("generate", "enable", "disable")),
        *(on(key, slug) for slug in ("rotate", "revoke", "pause", "resume")),
    ]
