"""Is this process alive, and can it do its work? For load balancers and supervisors.

The answers name what is not ready and never why in detail: that goes to the log, which strangers
do not read.
"""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import monotonic

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from syteops.audit.chain import is_intact
from syteops.core.counters import counters
from syteops.core.pending_migrations import pending_migrations
from syteops.dashboard.tasks import failing_tasks, prove_writable
from syteops.events.publishing import seconds_behind
from syteops.server.encryption_proof import Proof, read_proof
from syteops.tasks.queries import tasks_are_stuck

logger = logging.getLogger(__name__)

_NOT_CHECKED = "not checked"

# Once this process has seen every migration applied it need not look again: new migrations come
# with new code, and new code comes with a new process.
_migrations_seen = False

PROVED_FOR = 5.0
"""Seconds for which a write that worked need not be repeated, however often strangers ask."""

_proved_at: float | None = None
LONG, LONGER = 1.0, 3
"""A step that was waited for in vain for more than so many seconds is not tried again for so many
times as long: strangers would keep the thread of all requests waiting."""
_away_until: dict[str, float] = {}


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers. Touches nothing else."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: everything that is needed for reads and writes; 503 names what is not.

    Work that the server does by itself is named too when it fails, and takes no server away.
    """
    states = dict.fromkeys(_STEPS, _NOT_CHECKED)
    for name, state in _states():
        states[name] = state
    ready = all(state == "ok" for state in states.values())
    states["background"] = _background() if ready else _NOT_CHECKED
    return JsonResponse({"ready": ready, "checks": states}, status=200 if ready else 503)


def _states() -> Iterator[tuple[str, str]]:
    """The state of one step after the other, up to the first that is not ok."""
    for name, step in _STEPS.items():
        state = _state(name, step)
        yield name, state
        if state != "ok":
            return


def _state(name: str, step: Callable[[], str]) -> str:
    began = monotonic()
    if began < _away_until.get(name, began):
        return "unreachable"
    try:
        return step()
    except _outages():
        logger.warning("Not ready: %s", name, exc_info=True)
        ended = monotonic()
        if ended - began > LONG:
            _away_until[name] = ended + LONGER * (ended - began)
        return "unreachable"


def _outages() -> tuple[type[Exception], ...]:
    return (DatabaseError, InterfaceError, OSError)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    global _migrations_seen  # noqa: PLW0603 - per process on purpose, see above
    if not _migrations_seen:
        _migrations_seen = not pending_migrations()
    return "ok" if _migrations_seen else "pending: run manage.py setup"


def _encryption() -> str:
    proof = read_proof()
    if proof is Proof.MISSING:
        return "no proof: run manage.py setup"
    return "ok" if proof is Proof.OPENS else "the keys do not open what is stored"


def _audit() -> str:
    """Whether changes can be recorded: while they cannot, none is stored."""
    if is_intact():
        return "ok"
    return (
        "altered, put back, not sealed, AUDIT_KEY is another, or the clock is wrong: "
        "run manage.py verify_audit"
    )


def _cache() -> str:
    """Where limits are counted, if that is Redis: whether it takes and keeps what it is given.

    One that is away is not waited for each time that strangers ask: it takes seconds of the thread
    of all requests, which go on without Redis.
    """
    return "ok" if not settings.CACHE_URL or counters().takes_counts() else "unreachable"


def _storage() -> str:
    """Whether what is written is kept: by the database, and by the disks of the files."""
    global _proved_at  # noqa: PLW0603 - per process on purpose, as above
    now = monotonic()
    if _proved_at is None or now - _proved_at > PROVED_FOR:
        _proved_at = None
        prove_writable()
        _prove_room(settings.DATA_DIR)
        if settings.SQLITE_FILE and settings.SQLITE_FILE.parent != settings.DATA_DIR:
            _prove_room(settings.SQLITE_FILE.parent)
        _proved_at = now
    return "ok"


def _prove_room(directory: Path) -> None:
    with NamedTemporaryFile(dir=directory, prefix=".ready-") as file:
        file.write(bytes(4096))
        file.flush()
        os.fsync(file.fileno())


_BEHIND = 60.0
"""Seconds that events may be behind the changes before somebody should look at the worker."""


def _background() -> str:
    try:
        names, is_stuck = [task.name for task in failing_tasks()], tasks_are_stuck()
        is_behind = seconds_behind() > _BEHIND
    except DatabaseError:
        return "unreachable"
    found = ["tasks wait and no worker runs"] if is_stuck else []
    found += ["changes wait to be told"] if is_behind else []
    found += [f"failing: {', '.join(names)}"] if names else []
    return "; ".join(found) or "ok"


_STEPS: dict[str, Callable[[], str]] = {
    "database": _database,
    "cache": _cache,
    "migrations": _migrations,
    "encryption": _encryption,
    "audit": _audit,
    "storage": _storage,
}
