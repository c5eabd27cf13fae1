"""Is this process alive, and can it do its work? For load balancers and supervisors.

The answers name what is not ready and never why in detail: that goes to the log, which strangers
do not read.
"""

import logging
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from syteops.core.pending_migrations import pending_migrations
from syteops.env import new_secret
from syteops.server.encryption_proof import Proof, read_proof

logger = logging.getLogger(__name__)

_NOT_CHECKED = "not checked"

# Once this process has seen every migration applied it need not look again: new migrations come
# with new code, and new code comes with a new process.
_migrations_seen = False


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: this process answers. Touches nothing else."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: database, cache, migrations and encryption keys; 503 names the one that is not."""
    states = dict.fromkeys(_STEPS, _NOT_CHECKED)
    for name, state in _states():
        states[name] = state
    ready = all(state == "ok" for state in states.values())
    return JsonResponse({"ready": ready, "checks": states}, status=200 if ready else 503)


def _states() -> Iterator[tuple[str, str]]:
    """The state of one step after the other, up to the first that is not ok."""
    for name, step in _STEPS.items():
        try:
            state = step()
        except (DatabaseError, InterfaceError, RedisError):
            logger.warning("Not ready: %s", name, exc_info=True)
            state = "unreachable"
        yield name, state
        if state != "ok":
            return


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


def _cache() -> str:
    """Where limits are counted, if that is Redis: whether it takes and keeps what it is given."""
    if not settings.CACHE_URL:
        return "ok"
    cache.set("ready", token := new_secret(), timeout=60)
    return "ok" if cache.get("ready") == token else "not writable"


_STEPS: dict[str, Callable[[], str]] = {
    "database": _database,
    "cache": _cache,
    "migrations": _migrations,
    "encryption": _encryption,
}
