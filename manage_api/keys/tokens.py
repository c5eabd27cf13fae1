"""The text of a key: `som_<id 12><secret 32><crc 6>`, in base62.

Brand, public id, 190 random bits, and a CRC-32 so that garbage and typing errors are refused
without a query, and secret scanners can tell a real key. Pure; knows no database.
"""

import hashlib
import json
import re
import secrets
import string
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
BRAND = "som_"
ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH = 12, 32, 6
VERIFIER_LENGTH = 64

ID_FORM = rf"[0-9A-Za-z]{{{ID_LENGTH}}}"
_FORM = re.compile(
    rf"{BRAND}([0-9A-Za-z]{{{ID_LENGTH}}})([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{{CHECK_LENGTH}}})"
)


class Token(NamedTuple):
    """A key taken apart. `str()` would show the secret: use `text` only to hand it out once."""

    public_id: str
    secret: str

    @property
    def text(self) -> str:
        """The whole key."""
        return BRAND + self.public_id + self.secret + checksum(self.public_id + self.secret)

    @property
    def hint(self) -> str:
        """What may be shown to recognise the key by."""
        return f"{BRAND}{self.public_id[:4]}…{self.text[-4:]}"

    @property
    def verifier(self) -> str:
        """SHA-256 of the secret. Enough for 190 random bits; no slow hash is needed."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"<Token {self.public_id}>"

    def __str__(self) -> str:
        return repr(self)


def new_id() -> str:
    """A public id that no key has yet."""
    return _random(ID_LENGTH)


def new_token(public_id: str = "") -> Token:
    """A fresh random key, of that public id if one is given."""
    return Token(public_id or new_id(), _random(SECRET_LENGTH))


def parse(text: str) -> Token | None:
    """The parts of a well-formed key whose checksum holds; None for anything else."""
    match = _FORM.fullmatch(text)
    if match is None or checksum(match[1] + match[2]) != match[3]:
        return None
    return Token(match[1], match[2])


def digest_rights(
    kind: str,
    scopes: Sequence[str],
    networks: Sequence[str],
    expires_at: datetime | None,
    *ends: datetime | None,
) -> str:
    """SHA-256 of what a key may do, from where and until when: JSON, with times in UTC.

    `ends` are when it was ended, or kept from working, before that; without any it is as made.
    """
    parts = [kind, scopes, networks, _in_utc(expires_at)]
    parts += map(_in_utc, ends) if any(ends) else ()
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def digest_name(name: str) -> str:
    """SHA-256 of what a key is called."""
    return hashlib.sha256(name.encode()).hexdigest()


def _in_utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def checksum(body: str) -> str:
    """CRC-32 of id and secret, as six base62 digits."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
