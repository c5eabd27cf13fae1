"""Which keys were altered in the database: known at every look, without opening every seal anew."""

from typing import Any

from django.db import connection

from manage_api.keys.endings import put_back
from manage_api.keys.models import ManageKey
from manage_api.keys.queries import keys, live_keys
from syteops.core.encryption import KeyRing, ring
from syteops.core.locks import snapshot
from syteops.core.written import State, state_column, state_from

_BOUND = (
    "pk", "public_id", "kind", "scopes", "networks", "expires_at", "retires_at", "revoked_at",
    "paused_at", "name", "hint", "verifier",
)  # fmt: skip
"""What the genuineness of a key follows from, beside the ring."""
_found: dict[KeyRing, dict[int, bool]] = {}
"""By the ring and the hash of a row: whether it was genuine when this process last looked.

Python salts hashes anew in each process, so nobody can make another row of the same one. Whoever
could would be overlooked here, and still be refused: who authenticates opens the seal.
"""
_looked: list[tuple[KeyRing, State, tuple[int, ...]]] = []
"""At most one: the last look, after which nothing may have been written to the database."""


def altered_keys() -> list[ManageKey]:
    """The keys that are refused because somebody changed their rights in the database, or put the
    row of before their end back.

    Only the seals of rows that are new to this process, or that were changed, are opened.
    """
    current, state = ring(), _state()
    if state and _looked and _looked[0][:2] == (current, state):
        *_, gone_over = _looked[0]
        return list(keys().in_bulk(gone_over).values()) if gone_over else []
    with snapshot():
        stored = _rows()
        rows = {row[0]: hash(row) for row in stored}
        known = _found.get(current, {})
        unknown = [pk for pk, row in rows.items() if row not in known]
        opened = {pk: key.has_genuine_rights for pk, key in keys().in_bulk(unknown).items()}
        genuine = {pk: opened[pk] if pk in opened else known[row] for pk, row in rows.items()}
        returned = put_back([public_id for _, public_id, *_ in stored])
        altered = [pk for pk, public_id, *_ in stored if not genuine[pk] or public_id in returned]
    _found.clear()
    _found[current] = {row: genuine[pk] for pk, row in rows.items()}
    _looked[:] = [(current, state, tuple(altered))] if state else []
    return list(keys().in_bulk(altered).values())


def _state() -> State | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {state_column()}")
        return state_from(cursor.fetchone()[0])


def _rows() -> list[tuple[Any, ...]]:
    """As the database has them: to make models of all takes ten times as long."""
    statement, values = live_keys().order_by().values_list(*_BOUND).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
