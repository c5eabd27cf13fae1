"""Collects the static files when, and only when, they differ from those collected last."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.management import call_command
from django.utils.module_loading import import_string

_MARKER = ".collected"
_MANIFEST = "staticfiles.json"


def collect_if_stale() -> bool:
    """Makes STATIC_ROOT match the installed apps; whether there was something to do."""
    marker = Path(settings.STATIC_ROOT) / _MARKER
    state = fingerprint()
    if are_collected():
        return False
    marker.parent.mkdir(parents=True, exist_ok=True)
    # Django would not begin with one that it cannot read.
    marker.with_name(_MANIFEST).unlink(missing_ok=True)
    # Cleared first: Django keeps a collected file that is younger than its source, which after an
    # update is often the old one. The marker goes too, so an interrupted run is repeated.
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    marker.write_text(state)
    return True


def are_collected() -> bool:
    """Whether STATIC_ROOT holds what the installed apps bring, and all of it."""
    root = Path(settings.STATIC_ROOT)
    try:
        if (root / _MARKER).read_text() != fingerprint():
            return False
        if not issubclass(import_string(_backend()), ManifestFilesMixin):
            return True
        stored = json.loads((root / _MANIFEST).read_bytes())["paths"].values()
    except (FileNotFoundError, ValueError, TypeError, LookupError):  # a power cut spoils anything
        return False
    return all((root / name).exists() for name in stored)


def fingerprint() -> str:
    """Changes whenever a static file of any app, or the way they are stored, changes."""
    return hashlib.sha256("\n".join([_backend(), *sorted(_sources())]).encode()).hexdigest()


def _backend() -> str:
    found: str = settings.STORAGES["staticfiles"]["BACKEND"]
    return found


def _sources() -> Iterator[str]:
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            yield f"{path} {status.st_size} {status.st_mtime_ns}"
