"""Pictures that outlived what they belonged to, such as where the disk did not let them go.

A file is deleted once the change is committed, which stands whether the disk takes the deletion or
not. What stays then is removed here, as part of the hour's work.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from syteops.audit.models import AuditEntry
from syteops.core.events import Verb
from syteops.team.models import PICTURES, TeamMember

log = logging.getLogger(__name__)

IN_USE = timedelta(hours=1)
"""What is younger may belong to a change that is not committed yet."""


class PicturesLeft(Exception):
    """Some cannot be deleted. That is told, and no outage: everything else works."""


class _Owner(NamedTuple):
    pk: int
    picture: str


def remove_stray_pictures() -> int:
    """Delete the old files below PICTURES that no member, deleted or not, refers to; how many.

    Where there never was a member, the database is another one, or not restored yet: all stay.
    Raises PicturesLeft, once all were tried, if some cannot be deleted.
    """
    found = TeamMember.all_objects.values_list("uid", "pk", "profile_picture")
    owners = {str(uid): _Owner(pk, picture) for uid, pk, picture in found}
    if not owners and not _erased_anybody():
        return 0
    removed, left = 0, 0
    for uid in _list(PICTURES)[0]:
        owner = owners.get(uid)
        for path in _old_paths(f"{PICTURES}/{uid}", owner):
            try:
                removed += _remove(path, owner)
            except OSError as error:
                log.warning("A picture that nobody has any more cannot be deleted: %s", error)
                left += 1
    if left:
        raise PicturesLeft(f"Of pictures that nobody has any more, {left} cannot be deleted.")
    return removed


def _erased_anybody() -> bool:
    return AuditEntry.objects.filter(event=f"{TeamMember.noun}.{Verb.ERASED}").exists()


def _old_paths(folder: str, owner: _Owner | None) -> Iterator[str]:
    """The files that are not the owner's picture, or the folder if it is empty and nobody's."""
    folders, files = _list(folder)
    if owner is None and not folders and not files:
        files = [""]
    paths = (f"{folder}/{name}".rstrip("/") for name in files)
    yield from (one for one in paths if _is_old(one) and (owner is None or one != owner.picture))


def _list(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []


def _is_old(path: str) -> bool:
    try:
        return default_storage.get_modified_time(path) < timezone.now() - IN_USE
    except FileNotFoundError:
        return False


@transaction.atomic
def _remove(path: str, owner: _Owner | None) -> bool:
    """Delete it, unless it is the owner's by now: the same picture may have come once more."""
    if owner is not None:
        locked = TeamMember.all_objects.select_for_update(of=("self",)).filter(pk=owner.pk)
        if any(one.profile_picture.name == path for one in locked):
            return False
    default_storage.delete(path)
    return True
