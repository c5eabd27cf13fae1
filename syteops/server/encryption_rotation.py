"""A new key for every stored secret, while the site goes on running.

The new key is written first, in front of the old ones; then every sealed value is sealed anew; only
then are the old keys dropped. So at each moment the keys at hand open all that is stored, and
whoever is interrupted simply starts again.
"""

import os
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from syteops.audit.services import record_about
from syteops.core.actors import Actor
from syteops.core.encryption import (
    KEYS_LOCK,
    KeyRing,
    Sealed,
    UnsealError,
    new_encryption_key,
    sealed_fields,
    sealed_json_columns,
)
from syteops.core.errors import Conflict
from syteops.core.events import Noun, Verb
from syteops.core.locks import Busy, exclusive, transaction_lock
from syteops.lib.plain_files import read_text
from syteops.tasks.jobs import tell_progress
from syteops.tasks.models import Job

BATCH = 200
ROTATION_LOCK = "encryption key rotation"
RESOURCE = "encryption"
GRACE = 5.0
"""Seconds in which a request that has read a value under an old key can still open it."""


class Rotation(NamedTuple):
    """What a rotation did. `unreadable` names values that no key opens; they were left alone."""

    resealed: int
    unreadable: list[str]
    dropped: int


def rotate_file(actor: Actor, file: Path, keep_old: bool = False) -> Rotation:
    """Put a new key into the key file and under every value; then drop the old keys.

    Raises Conflict if another rotation is under way.
    """
    with _alone() as require_lock:
        return _rotate_file(actor, file, keep_old, require_lock)


def _rotate_file(
    actor: Actor, file: Path, keep_old: bool, require_lock: Callable[[], object]
) -> Rotation:
    keys = [new_encryption_key(), *_read(file)]
    _write(file, keys)
    _wait_for_writers()
    rotation = _reseal_all(actor, keys)
    if keep_old:
        return rotation
    time.sleep(GRACE)
    require_lock()  # without it, another rotation may have begun and need what is dropped here
    _write(file, keys[:1])
    return rotation._replace(dropped=len(keys) - 1)


def rotate_given(actor: Actor, keys: Sequence[str]) -> Rotation:
    """Bring every value under the first of `keys`, which come from the environment.

    Raises Conflict if another rotation is under way.
    """
    with _alone():
        _wait_for_writers()
        return _reseal_all(actor, keys)


@contextmanager
def _alone() -> Iterator[Callable[[], object]]:
    try:
        with exclusive(ROTATION_LOCK) as require_lock:
            yield require_lock
    except Busy:
        raise Conflict("Another rotation is under way. Wait until it ends.") from None


# --- The values ----------------------------------------------------------------------------


def _wait_for_writers() -> None:
    """Until nobody is about to store a value that was sealed under the keys of before."""
    with transaction.atomic():
        transaction_lock(KEYS_LOCK)


def _reseal_all(actor: Actor, keys: Sequence[str]) -> Rotation:
    """Seal each value under the first key, unless it is already. One audit entry for all."""
    renew = partial(_renewed, KeyRing(keys[:1]), KeyRing(keys))
    resealed, unreadable, seen = 0, [], 0
    job, total = note_sealing(actor), sum(m._base_manager.count() for m, _ in _sealed_columns())
    for model, columns in _sealed_columns():
        for ids in _batches(model):
            done, failed = _reseal_rows(model, columns, ids, renew)
            resealed += done
            unreadable += failed
            seen, before = min(seen + len(ids), total), seen
            tell_progress(str(job.pk), seen, total, before)
    _record(actor, resealed, len(unreadable))
    Job.objects.filter(pk=job.pk).update(ended_at=timezone.now())
    return Rotation(resealed, unreadable, 0)


def note_sealing(actor: Actor) -> Job:
    """That sealing begins: by it the start page tells how far that is, and whether it ended."""
    asked_by = {one.name: getattr(actor, one.name) for one in fields(actor) if one.compare}
    about = {"resource": RESOURCE, "object_id": "keys", "title": "Sealing under a new key"}
    return Job.objects.create(actor=asked_by, task=uuid4(), **about)


def unfinished_sealing() -> Job | None:
    """The last one, if it has not ended."""
    last = Job.objects.filter(resource=RESOURCE).order_by("-begun_at").first()
    return last if last is not None and last.ended_at is None else None


def is_under_way() -> bool:
    """Whether somebody seals now, and not only did before being interrupted."""
    try:
        with exclusive(ROTATION_LOCK):
            return False
    except Busy:
        return True


Renew = Callable[[bytes], bytes]
"""A ciphertext under the newest key. Raises UnsealError for one that no key opens."""
Columns = dict[str, Callable[[Any, Renew], Any]]
"""For each column that holds ciphertexts, the value with all of them renewed."""


def _sealed_columns() -> Iterator[tuple[type[models.Model], Columns]]:
    for model in apps.get_models():
        names = [f.name for f in sealed_fields(model) if f in model._meta.local_fields]
        if names and model._meta.managed and not model._meta.proxy:
            yield model, dict.fromkeys(names, _renew_field)
    for label, (column, keys) in sealed_json_columns().items():
        yield apps.get_model(label), {column: partial(_renew_json, keys)}


def _renew_field(value: Sealed | None, renew: Renew) -> Sealed | None:
    return value and Sealed(renew(value.ciphertext))


def _renew_json(keys: frozenset[str], value: dict[str, Any], renew: Renew) -> dict[str, Any]:
    sealed = {key: b64decode(value[key]) for key in keys.intersection(value)}
    return {**value, **{key: b64encode(renew(one)).decode() for key, one in sealed.items()}}


def _batches(model: type[models.Model]) -> Iterator[list[Any]]:
    ids = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


@transaction.atomic
def _reseal_rows(
    model: type[models.Model], columns: Columns, ids: list[Any], renew: Renew
) -> tuple[int, list[str]]:
    """Under lock, and only those columns: a concurrent change of another one survives."""
    done, failed = 0, []
    rows = model._base_manager.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk")
    for row in rows.only("pk", *columns):
        changed: dict[str, Any] = {}
        for name, renewed in columns.items():
            before = getattr(row, name)
            try:
                after = renewed(before, renew)
            except (UnsealError, ValueError):
                failed.append(f"{model._meta.label} {row.pk}: {name}")
                continue
            if after != before:
                changed[name] = after
        if changed:
            model._base_manager.filter(pk=row.pk).update(**changed)
            done += len(changed)
    return done, failed


def _renewed(newest: KeyRing, ring: KeyRing, ciphertext: bytes) -> bytes:
    try:
        newest.open(ciphertext)
    except UnsealError:
        return newest.seal(ring.open(ciphertext))
    return ciphertext


@transaction.atomic
def _record(actor: Actor, resealed: int, unreadable: int) -> None:
    about = (RESOURCE, "keys", "Encryption keys")
    counts = {"values": (None, resealed), "unreadable": (None, unreadable)}
    record_about(actor, Noun.ENCRYPTION, Verb.ROTATED, about, counts)


# --- The key file --------------------------------------------------------------------------


def _read(file: Path) -> list[str]:
    return read_text(file, "ascii").split()


def _write(file: Path, keys: Sequence[str]) -> None:
    """Replace the file's content at once and for good; mode 0600, owner as before."""
    file = file.resolve()  # a link stays, and leads to the keys that are in use
    owner = file.stat()
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
            out.write("\n".join(keys) + "\n")
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # the new name must survive a power cut before old values do not
    finally:
        os.close(directory)
