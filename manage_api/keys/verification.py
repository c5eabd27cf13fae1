"""From the text of a key to its caller: one query, constant time, alike for unknown and wrong."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from manage_api.errors import ApiError, not_authenticated
from manage_api.keys import tokens, usage
from manage_api.keys.models import ApiSwitch, KeyKind, ManageKey
from manage_api.operations import Operation
from syteops.lib.actors import ActorKind
from syteops.lib.addresses import client_address, in_networks
from syteops.lib.encryption import UnsealError, open_sealed

_NO_SUCH_VERIFIER = hashlib.sha256(b"no such key").hexdigest()


@dataclass(frozen=True)
class KeyHolder:
    """Whoever holds a valid key. Scopes decide; an empty list allows nothing."""

    key: ManageKey = field(repr=False)
    kind = ActorKind.KEY

    @property
    def id(self) -> str:
        return self.key.public_id

    @property
    def label(self) -> str:
        return str(self.key)

    def may(self, operation: Operation) -> bool:
        return self.key.kind == KeyKind.SITE or operation.scope in self.key.scopes

    def refusal(self, operation: Operation) -> ApiError:
        return ApiError(
            "insufficient_scope",
            f"This key lacks the scope {operation.scope}.",
            headers={
                "WWW-Authenticate": 'Bearer realm="SyteOps Manage API", '
                f'error="insufficient_scope", scope="{operation.scope}"'
            },
            scope=operation.scope,
        )

    def describe(self) -> dict[str, Any]:
        return {
            "kind": f"{self.key.kind}_key",
            "id": self.id,
            "name": self.key.name,
            "expires_at": _ends_at(self.key),
        }


def usable_keys() -> QuerySet[ManageKey]:
    """The one door to keys that may open the API: not revoked. Tells whether the API is enabled."""
    switch = ApiSwitch.objects.values("enabled")[:1]
    return ManageKey.objects.filter(revoked_at=None).annotate(
        api_enabled=Subquery(switch)
    )


def caller_for(text: str, request: HttpRequest) -> KeyHolder:
    """The holder of the key `text`.

    Raises the same not_authenticated for garbage (no query), an unknown id, a wrong secret and a
    revoked key; only a right secret learns key_expired, api_disabled or network_not_allowed.
    """
    token = tokens.parse(text)
    if token is None:
        raise not_authenticated()
    key = usable_keys().filter(public_id=token.public_id).first()
    if not _verified(key, token) or key is None:
        raise not_authenticated()
    address = client_address(request)
    _check_state(key, address)
    usage.seen(key.pk, address)
    return KeyHolder(key)


def _verified(key: ManageKey | None, token: tokens.Token) -> bool:
    """Compares in constant time, and does the same work when there is no such key."""
    expected = _NO_SUCH_VERIFIER
    if key is not None:
        try:
            expected = open_sealed(key, "verifier") or expected
        except UnsealError:
            key = None
    return constant_time_compare(expected, token.verifier) and key is not None


def _check_state(key: ManageKey, address: str) -> None:
    now = timezone.now()
    ends_at = _ends_at(key)
    if ends_at is not None and ends_at <= now:
        raise not_authenticated("key_expired")
    if key.paused_at is not None or not key.api_enabled:  # type: ignore[attr-defined]
        raise ApiError("api_disabled")
    if key.networks and not in_networks(address, key.networks):
        raise ApiError("network_not_allowed")


def _ends_at(key: ManageKey) -> datetime | None:
    """When the key stops working: its expiry, or the end of its overlap after a rotation."""
    return min((t for t in (key.expires_at, key.retires_at) if t), default=None)
