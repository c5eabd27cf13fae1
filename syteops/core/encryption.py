"""Secrets at rest: sealed under a key ring, bound to their row, opened only on purpose.

The ciphers are django-cryptography's (AES-256-CBC, then HMAC-SHA256). What differs from its own
field: no pickle (the payload is JSON), no SECRET_KEY (so replacing that one loses nothing), a ring
of keys (the first seals, all open), and a binding: the payload names the row and column it belongs
to, so a ciphertext copied elsewhere does not open.

A model attribute holds a `Sealed`, never the plain text: lists, `values()`, `repr()` and fixtures
carry ciphertext, and one damaged row cannot break the page that lists it.
"""

import base64
import errno
import json
import os
import secrets
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.signals import setting_changed
from django.core.signing import BadSignature
from django.db import connection, models
from django_cryptography.core.signing import FernetSigner
from django_cryptography.fields import EncryptedMixin
from django_cryptography.utils.crypto import FernetBytes, InvalidToken

from syteops.core.errors import Unavailable
from syteops.core.locks import shared_transaction_lock
from syteops.lib.plain_files import read_text
from syteops.lib.urls import origin_of

_CURE = 'docs/running.md, "When the encryption keys are lost".'


class UnsealError(Unavailable):
    """What is stored does not open: another key, another row, or it was tampered with."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why} Whoever runs this site must look: {_CURE}")


class KeysAway(OSError):
    """The file of the keys is gone, for a moment or for good. An outage: none are made instead."""


class Sealed:
    """A ciphertext as it is stored. It shows nothing; only `open_sealed` reads it."""

    __slots__ = ("ciphertext",)

    def __init__(self, ciphertext: bytes) -> None:
        self.ciphertext = ciphertext

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and other.ciphertext == self.ciphertext

    def __hash__(self) -> int:
        return hash(self.ciphertext)


class KeyRing:
    """Seals with the first of `keys` and opens with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: give at least one key.")
        self._ciphers = [_cipher(key) for key in keys]

    def seal(self, plain: bytes) -> bytes:
        return bytes(self._ciphers[0].encrypt(plain))

    def open(self, ciphertext: bytes) -> bytes:
        """The plain bytes. Raises UnsealError when no key of the ring opens them."""
        for cipher in self._ciphers:
            try:
                return bytes(cipher.decrypt(ciphertext))
            except (BadSignature, InvalidToken, ValueError):
                continue
        raise UnsealError("No encryption key opens what is stored here.")


def _cipher(key: str) -> FernetBytes:
    return FernetBytes(_derive(key, b"encrypt"), FernetSigner(_derive(key, b"sign")))


def _derive(key: str, purpose: bytes) -> bytes:
    """A 32-byte key for one purpose (HKDF-SHA256, RFC 5869)."""
    hkdf = HKDF(hashes.SHA256(), 32, salt=None, info=b"syteops field " + purpose)
    return hkdf.derive(key.encode())


def ring() -> KeyRing:
    """The key ring of this site. It follows the key file, which a rotation may replace any time."""
    file: Path | None = settings.FIELD_ENCRYPTION_KEY_FILE
    if file is None:
        return _ring(tuple(settings.FIELD_ENCRYPTION_KEYS))
    return _ring_of_file(file, _version(file))


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> KeyRing:
    return KeyRing(keys)


@lru_cache(maxsize=4)
def _ring_of_file(file: Path, version: tuple[int, int]) -> KeyRing:
    return KeyRing(read_text(file, "ascii").split())


def _version(file: Path) -> tuple[int, int]:
    try:
        status = os.stat(file)  # half the work of `file.stat()`
    except FileNotFoundError:
        if _is_needed():
            raise KeysAway(errno.EIO, "The encryption keys are missing", str(file)) from None
        from syteops.env import kept_secret

        kept_secret(file.name)
        status = file.stat()
    return status.st_mtime_ns, status.st_ino


def _is_needed() -> bool:
    """Whether something is stored already that former keys seal: then new ones open nothing."""
    proof = apps.get_model("server", "EncryptionProof")
    there = connection.introspection.table_names()
    return proof._meta.db_table in there and proof._default_manager.exists()


def _forget_ring(*, setting: str, **kwargs: Any) -> None:
    if setting.startswith("FIELD_ENCRYPTION"):
        _ring.cache_clear()
        _ring_of_file.cache_clear()


setting_changed.connect(_forget_ring)


class EncryptedTextField(EncryptedMixin, models.TextField):  # type: ignore[type-arg]
    """Keeps a `Sealed` text. `bound_to` names the column that identifies the row for good."""

    wasinstance = True  # read by EncryptedMixin.deconstruct
    base_class = models.TextField

    def __init__(self, *args: Any, bound_to: str, **kwargs: Any) -> None:
        self.bound_to = bound_to
        kwargs.setdefault("editable", False)
        kwargs.setdefault("null", True)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)
        del self._fernet  # it is made of SECRET_KEY, which must not matter here

    def deconstruct(self) -> Any:
        # Not the mixin's, which describes a field made by its `encrypt()`.
        name, _, args, kwargs = models.Field.deconstruct(self)
        path = f"{__name__}.EncryptedTextField"
        return name, path, args, {**kwargs, "bound_to": self.bound_to}

    def clone(self) -> "EncryptedTextField":
        _, _, args, kwargs = self.deconstruct()
        return EncryptedTextField(*args, **kwargs)

    def _dump(self, value: Sealed) -> bytes:
        if not isinstance(value, Sealed):
            raise TypeError(f"{self.name} holds a Sealed value: use seal().")
        return value.ciphertext

    def _load(self, value: bytes) -> Sealed:
        return Sealed(bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        return value

    def to_python(self, value: Any) -> Sealed | None:
        if value is None or isinstance(value, Sealed):
            return value
        try:
            return Sealed(base64.b64decode(value, validate=True))
        except (TypeError, ValueError) as error:
            raise ValidationError("What is stored here is not sealed.", code="invalid") from error

    def value_to_string(self, obj: models.Model) -> str | None:  # type: ignore[override]
        value = self.value_from_object(obj)
        return None if value is None else base64.b64encode(value.ciphertext).decode()

    def binding(self, instance: models.Model) -> str:
        """What a text is sealed for: its row and column, and of a credential the origin that it is
        sent to. Whoever moves the address in the database is not sent what was entered for another.
        """
        row = f"{instance._meta.label_lower}.{self.name}:{getattr(instance, self.bound_to)}"
        address = getattr(instance, "credential_addresses", {}).get(self.name)
        return f"{row} {origin_of(getattr(instance, address))}" if address else row


KEYS_LOCK = "encryption keys"


def seal(instance: models.Model, field: str, text: str) -> Sealed:
    """`text` sealed for `field` of this row and no other. Store it in the same transaction."""
    # A rotation waits until this transaction ends, before it looks for values under old keys.
    shared_transaction_lock(KEYS_LOCK)
    payload = {"for": _field(instance, field).binding(instance), "text": text}
    return Sealed(ring().seal(json.dumps(payload).encode()))


def open_sealed(instance: models.Model, field: str, keys: KeyRing | None = None) -> str | None:
    """The plain text of a sealed field; None when nothing is stored.

    `keys` is the ring, for who has just asked for it: each time its file is looked at.
    Raises UnsealError when it was sealed under a lost key, for another row or origin, or altered.
    """
    sealed: Sealed | None = getattr(instance, field)
    if sealed is None:
        return None
    payload = json.loads((keys or ring()).open(sealed.ciphertext))
    bound = _field(instance, field).binding(instance)
    if payload["for"] not in (bound, bound.partition(" ")[0]):  # former versions bound no origin
        raise UnsealError("What is stored here was sealed for another row, or origin.")
    return str(payload["text"])


class SecretState(Enum):
    """What is in a sealed field."""

    NONE = "none"
    READABLE = "readable"
    UNREADABLE = "unreadable"


def secret_state(instance: models.Model, field: str) -> SecretState:
    """Whether there is a secret in that field, and whether it opens. One that does not is of no use
    to anybody: it must be set again. Raises KeysAway.
    """
    try:
        is_there = open_sealed(instance, field) is not None
    except UnsealError:
        return SecretState.UNREADABLE
    return SecretState.READABLE if is_there else SecretState.NONE


def seal_text(purpose: str, text: str) -> str:
    """`text` sealed for one purpose and no other, as text: for what a library keeps in its own way.

    Store it in the same transaction, and only where `sealed_in_json` says that there are such.
    """
    shared_transaction_lock(KEYS_LOCK)
    payload = json.dumps({"for": purpose, "text": text}).encode()
    return base64.b64encode(ring().seal(payload)).decode()


def open_text(purpose: str, sealed: str) -> str:
    """The plain text. Raises UnsealError like `open_sealed`."""
    try:
        payload = json.loads(ring().open(base64.b64decode(sealed, validate=True)))
    except ValueError as error:
        raise UnsealError("What is stored here is not sealed.") from error
    if payload["for"] != purpose:
        raise UnsealError("What is stored here was sealed for another purpose.")
    return str(payload["text"])


_IN_JSON: dict[str, tuple[str, frozenset[str]]] = {}


def sealed_in_json(model: str, column: str, *keys: str) -> None:
    """Declare that a library's model has texts of `seal_text` in a JSON column, under `keys`."""
    _IN_JSON[model] = column, frozenset(keys)


def sealed_json_columns() -> dict[str, tuple[str, frozenset[str]]]:
    """Column and keys of each model so declared, by its label."""
    return _IN_JSON


def _field(instance: models.Model, name: str) -> EncryptedTextField:
    field = instance._meta.get_field(name)
    if not isinstance(field, EncryptedTextField):
        raise TypeError(f"{field} is not an EncryptedTextField.")
    return field


def sealed_fields(model: type[models.Model]) -> list[EncryptedTextField]:
    """The encrypted fields of a model."""
    return [field for field in model._meta.fields if isinstance(field, EncryptedTextField)]


def new_encryption_key() -> str:
    """A fresh key for the ring."""
    return secrets.token_urlsafe(48)
