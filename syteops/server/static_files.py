"""The static files: collected when they differ from those collected last, and sent."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin
from django.core.management import call_command
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string
from whitenoise.middleware import WhiteNoiseMiddleware

from syteops.lib.plain_files import NoPlainFile, opener, problem_of, read_bytes, read_text

log = logging.getLogger(__name__)

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
    for path in (marker, marker.with_name(_MANIFEST)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    # Cleared first: Django keeps a collected file that is younger than its source, which after an
    # update is often the old one. The marker goes too, so an interrupted run is repeated.
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    with open(marker, "w", opener=opener) as file:
        file.write(state)
    return True


def are_collected() -> bool:
    """Whether STATIC_ROOT holds what the installed apps bring, all of it, and only what is served.

    WhiteNoise, and so the server, does not begin beside a named pipe or a link that leads nowhere.
    """
    root = Path(settings.STATIC_ROOT)
    try:
        if read_text(root / _MARKER) != fingerprint():
            return False
        if not issubclass(import_string(_backend()), ManifestFilesMixin):
            return True
        stored = json.loads(read_bytes(root / _MANIFEST))["paths"].values()
    except (FileNotFoundError, NoPlainFile, ValueError, TypeError, LookupError):
        return False  # a power cut spoils anything
    if not all((root / name).is_file() for name in stored):
        return False
    return all(path.is_file() or path.is_dir() for path in root.rglob("*"))


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


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, of which a file that was taken away under the running site is not found.

    So are those of a former version while `setup` of the next one makes its own, and one in whose
    place is something else: whoever opens a named pipe waits, with all requests of the process.
    """

    def serve(self, static_file: Any, request: HttpRequest) -> HttpResponseBase:
        """As WhiteNoise, which raises what opening the file raises."""
        path, _ = static_file.get_path_and_headers(request.META)
        problem = problem_of(path)
        try:
            if not problem:
                sent: HttpResponseBase = super().serve(static_file, request)
                return sent
        except FileNotFoundError:
            problem = "is missing"
        log.error("%s %s: run manage.py setup.", path, problem)
        away: HttpResponseBase = self.get_response(request)
        return away
