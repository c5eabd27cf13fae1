"""Collects the static files when, and only when, they differ from those collected last."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

_MARKER = ".collected"


def collect_if_stale() -> bool:
    """Makes STATIC_ROOT match the installed apps; whether there was something to do."""
    marker = Path(settings.STATIC_ROOT) / _MARKER
    state = fingerprint()
    if marker.exists() and marker.read_text() == state:
        return False
    marker.parent.mkdir(parents=True, exist_ok=True)
    # Cleared first: Django keeps a collected file that is younger than its source, which after an
    # update is often the old one. The marker goes too, so an interrupted run is repeated.
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    marker.write_text(state)
    return True


def fingerprint() -> str:
    """Changes whenever a static file of any app, or the way they are stored, changes."""
    backend: str = settings.STORAGES["staticfiles"]["BACKEND"]
    return hashlib.sha256("\n".join([backend, *sorted(_sources())]).encode()).hexdigest()


def _sources() -> Iterator[str]:
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            yield f"{path} {status.st_size} {status.st_mtime_ns}"
