"""Cursors: the place behind a row of a list, for whoever goes on from there.

A cursor is sealed with a secret of the site (AES-SIV, RFC 5297). So nobody can make or alter one,
and it tells nothing of columns that its holder may not read. The same place has the same cursor: an
unchanged page keeps its ETag.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NoReturn

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings

from syteops.core.errors import Invalid

PARAMETER = "after"
LONGEST = 2000
"""Characters of a cursor: the place is that of a few short values."""

_FORM = re.compile("[A-Za-z0-9_-]+")


def write_cursor(list_name: str, ordering: str, place: Sequence[Any]) -> str:
    """The cursor of `place`, the values by which a row is ordered, in that list and that order."""
    sealed = _cipher(settings.SECRET_KEY).encrypt(orjson.dumps([list_name, ordering, place]), None)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read_cursor(cursor: str, list_name: str, ordering: str) -> list[Any]:
    """The place, times and dates as texts. Raises Invalid for what is no cursor of that list."""
    try:
        made_for, ordered, place = orjson.loads(_open(cursor))
    except (InvalidTag, ValueError):
        refuse_cursor("This is no cursor: send what an answer had as `next`, as it is.")
    if made_for != list_name:
        refuse_cursor(f"This cursor is of {made_for}, another list.")
    if ordered != ordering:
        refuse_cursor(f"This cursor was made with ordering={ordered}. Send that with it.")
    return list(place)


def refuse_cursor(why: str) -> NoReturn:
    """Raises Invalid; whoever has such a cursor can begin at the first page."""
    raise Invalid.field(PARAMETER, f"{why} Or begin at the first page.")


def _open(cursor: str) -> bytes:
    if len(cursor) > LONGEST or not _FORM.fullmatch(cursor):
        raise ValueError
    sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return _cipher(settings.SECRET_KEY).decrypt(sealed, None)


@lru_cache(maxsize=2)
def _cipher(secret: str) -> AESSIV:
    """The same in every process. Another one means that whoever pages begins anew."""
    return AESSIV(hmac.digest(secret.encode(), b"cursor", "sha512"))
