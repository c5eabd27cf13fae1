"""From the text of a key to its caller: one query, constant time, alike for unknown and wrong."""

from dataclasses import dataclass, field
from functools import cache, lru_cache
from time import monotonic, time
from typing import Any, NoReturn

from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import http_date

from manage_api import throttling
from manage_api.errors import ApiError, not_authenticated
from manage_api.keys import tokens, usage
from manage_api.keys.endings import put_back, was_disabled
from manage_api.keys.models import ApiSwitch, KeyKind, KeyState, ManageKey
from manage_api.keys.queries import first_of_line
from manage_api.operations import Operation, all_scopes
from syteops.audit.services import record_refusal
from syteops.core.actors import Actor, ActorKind, Channel
from syteops.core.addresses import client_address, in_networks
from syteops.core.background import after_answer
from syteops.core.counters import CounterKind, counters
from syteops.core.encryption import KeyRing, ring
from syteops.core.prepared import preparing_cursor
from syteops.core.rows import load_row
from syteops.core.written import State, state_column, state_from


@dataclass(frozen=True)
class KeyHolder:
    """Whoever holds a valid key. Scopes decide; an empty list allows nothing."""

    key: ManageKey = field(repr=False)
    seen: Any = field(default=None, repr=False)
    """What the database told of its state together with the key."""
    kind = ActorKind.KEY
    user = None

    @property
    def state(self) -> State | None:
        return None if self.seen is None else state_from(self.seen)

    @property
    def reads_everything(self) -> bool:
        return self.key.kind == KeyKind.SITE

    @property
    def id(self) -> str:
        return self.key.public_id

    @property
    def retries_as(self) -> str:
        return first_of_line(self.key.pk, self.key.public_id)

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
            "expires_at": self.key.ends_at,
            "replaced": self.key.successor_id is not None,
            "scopes": all_scopes() if self.key.kind == KeyKind.SITE else self.key.scopes,
            "networks": self.key.networks,
        }

    def response_headers(self) -> dict[str, str]:
        """For a replaced key in its overlap: since when it is deprecated, and when it ends."""
        if self.key.state is not KeyState.RETIRING:
            return {}
        assert self.key.rotated_at is not None
        assert self.key.ends_at is not None
        return {
            "Deprecation": f"@{int(self.key.rotated_at.timestamp())}",  # RFC 9745
            "Sunset": http_date(self.key.ends_at.timestamp()),  # RFC 8594
        }


def caller_for(text: str, request: HttpRequest, channel: Channel = Channel.REST) -> KeyHolder:
    """The holder of the key `text`.

    Raises the same not_authenticated for garbage (no query), an unknown id, a wrong secret and a
    revoked key; only a right secret learns key_expired, api_disabled or network_not_allowed.
    A key whose rights were altered in the database, or whose row is that of before its end, is
    refused like a wrong one. A key that is refused although its secret is right is noted in the
    audit trail. If it has been replaced it is told when it ends, and it pays for each call as if it
    had been let in.
    """
    token = tokens.parse(text)
    if token is None:
        raise not_authenticated()
    (row, seen), address = _find(token.public_id), client_address(request)
    current = ring()
    proof = current, row, token.verifier
    key, has_genuine_rights = _recall(proof), True
    is_known = key is not None
    if key is None:
        key, has_genuine_rights = _open(row, token.verifier, current)
    holder = KeyHolder(key, seen)
    if not has_genuine_rights:
        _refuse_altered(holder, request, channel)
    try:
        _check_state(key, address)
        if not is_known and was_disabled():
            raise ApiError("api_disabled")
    except ApiError as refusal:
        _note_refusal(holder, refusal.code, request, channel)
        if refusal.status == 403:  # a 401 tells nobody anything
            refusal.headers.update(holder.response_headers())
            throttling.spend(holder, writes=False)
        raise
    if not is_known:
        # Last: so the refusal of any other key takes one query, as that of an unknown one.
        if put_back([key.public_id]):
            _refuse_altered(holder, request, channel)
        _remember(proof, key)
    usage.note_call(key.pk, address)
    return holder


Row = tuple[Any, ...]
"""What the database has of a key, and whether the API is enabled."""

Proof = tuple[KeyRing, Row, str]
_REMEMBERED = 1000
_REMEMBERED_FOR = 60.0  # seconds: then the trail is asked again
_let_in: dict[Proof, tuple[ManageKey, float]] = {}
"""The keys that were let in, by all from which it follows that secret and rights are right: the
ring, all that is stored of the key at this moment, the verifier. So no seal need be opened again.
With each until when that holds, on the monotonic clock.

What is not let in is never in here. So to refuse a wrong or a revoked key takes as much work as to
refuse one that does not exist.
"""


def _open(row: Row, given: str, current: KeyRing) -> tuple[ManageKey, bool]:
    """The key of that row, and whether its rights are genuine. Raises not_authenticated.

    As much work for every row, that of an unknown id too.
    """
    key = load_row(ManageKey, row[:-1])
    key.api_enabled = bool(row[-1])  # type: ignore[attr-defined]
    looked_at = _nobody(current) if row[0] is None else key
    verifier, has_genuine_rights = looked_at.open_verifier(current)
    if not constant_time_compare(verifier, given) or looked_at is not key:
        raise not_authenticated()
    return key, has_genuine_rights


def _recall(proof: Proof) -> ManageKey | None:
    key, until = _let_in.get(proof, (None, 0.0))
    return key if monotonic() < until else None


def _remember(proof: Proof, key: ManageKey) -> None:
    if len(_let_in) >= _REMEMBERED:
        _let_in.clear()
    _let_in[proof] = key, monotonic() + _REMEMBERED_FOR


def reject_after_dummy_work() -> NoReturn:
    """The refusal of who has no key, after as much work as the refusal of a wrong one takes."""
    row, _ = _find(_STRANGER.public_id)
    current = ring()
    _recall((current, row, _STRANGER.verifier))
    _open(row, _STRANGER.verifier, current)
    raise not_authenticated()


_STRANGER = tokens.new_token()


def _find(public_id: str) -> tuple[Row, Any]:
    """The one door to keys: what is stored of one, and the column that tells the database's state.

    Nobody gets in by what it returns: `_open` and `_check_state` decide that. SQL by hand: every
    request needs it, and to have it composed each time takes four times as long. It answers one row
    for an unknown id too, without values, so that there is as much to do.
    """
    database = connections[DEFAULT_DB_ALIAS]  # the proxy would look it up for each attribute
    with preparing_cursor(database) as cursor:
        cursor.execute(_statement(database.vendor), [public_id])
        found = cursor.fetchone()
    if found is None:  # without the switch nobody gets in
        raise not_authenticated()
    return found[:-1], found[-1]


@cache
def _statement(vendor: str) -> str:
    switch, key = ApiSwitch._meta.db_table, ManageKey._meta.db_table
    columns = ", ".join(f"k.{field.column}" for field in ManageKey._meta.concrete_fields)
    # S608: our own names, and the id is a parameter.
    return (
        f"SELECT {columns}, s.enabled, {state_column()} FROM {switch} s "  # noqa: S608
        f"LEFT JOIN {key} k ON k.public_id = %s WHERE s.id = 1"
    )


@lru_cache(maxsize=2)
def _nobody(current_ring: KeyRing) -> ManageKey:
    """A key that nobody holds, so that an unknown id takes as much work as a known one."""
    token = tokens.new_token()
    key = ManageKey(public_id=token.public_id)
    key.seal_verifier(token.verifier)
    return key


def _check_state(key: ManageKey, address: str) -> None:
    if key.revoked_at is not None:
        raise not_authenticated()
    if key.ends_at is not None and key.ends_at <= timezone.now():
        raise not_authenticated("key_expired")
    if not key.api_enabled:  # type: ignore[attr-defined]
        raise ApiError("api_disabled")
    if key.paused_at is not None:
        raise ApiError("api_disabled", "This key is paused. Ask a site admin to resume it.")
    if key.networks and not in_networks(address, key.networks):
        raise ApiError("network_not_allowed")


def _refuse_altered(holder: KeyHolder, request: HttpRequest, channel: Channel) -> NoReturn:
    _note_refusal(holder, "rights_altered", request, channel)
    raise not_authenticated()


_noted: dict[tuple[str, str], int] = {}
"""By key and code the last minute in which this process has noted it; other processes note too."""


def _note_refusal(holder: KeyHolder, code: str, request: HttpRequest, channel: Channel) -> None:
    """Keep the attempt in the audit trail, once a minute for each key and code.

    So a forgotten tool that calls all day neither floods the trail nor costs a write each time.
    Not before the answer: the time of a write would tell a revoked key from a wrong one.
    """
    minute = int(time()) // 60
    if _noted.get((holder.id, code)) == minute:
        return
    _noted[holder.id, code] = minute
    actor = Actor.from_request(request, holder, channel)

    def keep() -> None:
        if counters().add(CounterKind.REFUSALS_OF_KEY, f"{holder.id} {code}", 60) == 1:
            record_refusal(actor, ManageKey.resource, holder.id, code, label=holder.label)

    after_answer(keep)
