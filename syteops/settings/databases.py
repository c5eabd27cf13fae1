"""How the database and the cache are opened."""

import hmac
from typing import Any

from syteops.env import DATA_DIR, env

SQLITE_OPTIONS = {
    # IMMEDIATE takes the write lock at BEGIN, so two writers queue instead of failing half-way.
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;"
        "PRAGMA temp_store=MEMORY;PRAGMA mmap_size=134217728;PRAGMA cache_size=-20000;"
        "PRAGMA secure_delete=ON;"
    ),
}

# So that a machine that is gone is noticed; an address with `?connect_timeout=` decides itself.
POSTGRESQL_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,  # seconds, as the next two
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def database(timeout: int) -> dict[str, Any]:
    """Where data are kept. A statement or a lock may take `timeout` seconds."""
    sqlite: dict[str, Any] = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "db.sqlite3",
    }
    chosen = env.database("DATABASE_URL") or sqlite
    if chosen["ENGINE"] == sqlite["ENGINE"]:
        own = {
            "ENGINE": "syteops.core.sqlite",
            "OPTIONS": SQLITE_OPTIONS | {"timeout": timeout},
            "CONN_MAX_AGE": None,
        }
        return {**chosen, **own}
    return {
        **chosen,
        "ENGINE": "syteops.core.postgresql",
        "OPTIONS": POSTGRESQL_OPTIONS
        | {"tcp_user_timeout": timeout * 1000}
        | chosen.get("OPTIONS", {}),
        # Kept: one thread of a process works on all requests.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


def cache(url: str, secret: str) -> dict[str, Any]:
    """The memory that processes share: Redis, or files where there is none.

    Of one Redis each site has its own part, by its SECRET_KEY: else what is counted for one holds
    for another, and what is due every hour is done for one of them.
    """
    if not url:
        return {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": DATA_DIR / "cache",
        }
    # Here, because its client is a hundred modules, which each start without Redis would load too.
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "BACKEND": "syteops.core.redis_cache.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": hmac.digest(secret.encode(), b"cache", "sha256").hex()[:12],
        # In seconds. Tried twice, because Redis may have ended a connection that was kept.
        "OPTIONS": {
            "socket_connect_timeout": 1,
            "socket_timeout": 1,
            "retry": Retry(NoBackoff(), 1),
        },
    }
