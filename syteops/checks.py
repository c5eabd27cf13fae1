"""System checks: settings that can be read but would not work, or not safely.

They run before every command, so a server with such a setting does not start. Each message names
the variable and the cure; the list is in docs/settings.md.
"""

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from syteops.core.outbound import url_problem
from syteops.core.pending_migrations import why_not_migratable
from syteops.core.postgresql.base import FROZEN_AFTER
from syteops.env import DATA_DIR
from syteops.lib.plain_files import problem_of, read_text
from syteops.lib.private_files import exposed

_SHORTEST_SECRET = 32

# Check, variable, setting, lowest and highest value.
_RANGES: tuple[tuple[str, str, str, int, int], ...] = (
    ("E004", "PORT", "PORT", 1, 65_535),
    ("E005", "WORKERS", "WORKERS", 1, 256),
    ("E009", "TASK_THREADS", "TASK_THREADS", 1, 64),
    ("E006", "TRUSTED_PROXIES", "TRUSTED_PROXIES", 0, 20),
    ("E007", "MANAGE_API_PAGE_SIZE", "MANAGE_API_PAGE_SIZE", 1, 10_000),
    ("E007", "MANAGE_API_MAX_PAGE_SIZE", "MANAGE_API_MAX_PAGE_SIZE", 1, 10_000),
    ("E009", "MANAGE_API_MAX_BODY", "MANAGE_API_MAX_BODY", 1_024, 1_073_741_824),
    ("E009", "MANAGE_API_READS_PER_MINUTE", "MANAGE_API_READS_PER_MINUTE", 0, 1_000_000),
    ("E009", "MANAGE_API_WRITES_PER_MINUTE", "MANAGE_API_WRITES_PER_MINUTE", 0, 1_000_000),
    ("E009", "MANAGE_API_FAILURES_PER_MINUTE", "MANAGE_API_FAILURES_PER_MINUTE", 0, 1_000_000),
    ("E009", "MANAGE_API_SECONDS_PER_MINUTE", "MANAGE_API_SECONDS_PER_MINUTE", 0, 3_600),
    ("E009", "ADMIN_SECONDS_PER_MINUTE", "ADMIN_SECONDS_PER_MINUTE", 0, 3_600),
    ("E009", "WORKER_TIMEOUT", "WORKER_TIMEOUT", 5, 86_400),
    ("E009", "REQUEST_TIMEOUT", "REQUEST_TIMEOUT", 1, 3_600),
    ("E009", "DATABASE_TIMEOUT", "DATABASE_TIMEOUT", 1, 3_600),
    ("E009", "AUDIT_RETENTION_DAYS", "AUDIT_RETENTION_DAYS", 0, 36_500),
    ("E009", "EVENT_RETENTION_DAYS", "EVENT_RETENTION_DAYS", 1, 36_500),
    ("E009", "MAX_TEAM_MEMBERS", "MAX_TEAM_MEMBERS", 1, 1_000_000),
    ("E009", "MAX_CRM_SYSTEMS", "MAX_CRM_SYSTEMS", 1, 1_000_000),
    ("E009", "MAX_PICTURE_BYTES", "MAX_PICTURE_BYTES", 1, 1_073_741_824),
    ("E009", "KEY_MAX_DAYS", "KEY_MAX_DAYS", 0, 36_500),
    ("E009", "CONFIRM_PASSWORD_MINUTES", "CONFIRM_PASSWORD_MINUTES", 0, 1_440),
    ("E009", "LOGIN_FAILURE_LIMIT", "AXES_FAILURE_LIMIT", 1, 1_000),
    ("E009", "LOGIN_COOLOFF_HOURS", "AXES_COOLOFF_TIME", 1, 8_760),
)


@register()
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Every finding about the settings of this process."""
    return [
        *_check_data_directory(),
        *_check_private_files(),
        *_check_signing_keys(),
        *_check_encryption_keys(),
        *_check_ranges(),
        *_check_page_sizes(),
        *_check_time_outs(),
        *_check_origins(),
        *_check_openid(),
        *_check_cache(),
        *_check_sub_path(),
        *_check_exposure(),
    ]


@register(Tags.database)
def check_database(databases: Collection[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether `migrate`, which runs this, could bring the database up to date."""
    problem = why_not_migratable() if databases else ""
    return [Error(problem, id="syteops.E014")] if problem else []


def _error(number: str, variable: str, problem: str, cure: str) -> Error:
    return Error(f"{variable} {problem}.", hint=cure, id=f"syteops.{number}")


def _warning(number: str, variable: str, problem: str, cure: str) -> Warning:
    return Warning(f"{variable} {problem}.", hint=cure, id=f"syteops.{number}")


def _check_data_directory() -> Iterator[CheckMessage]:
    nearest = next(path for path in (DATA_DIR, *DATA_DIR.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        yield _error(
            "E001",
            "SYTEOPS_DATA_DIR",
            f"is {DATA_DIR}, which cannot be written",
            "Give it a directory that this user may write to.",
        )
    elif others := [f"{path} {problem}" for path, problem in _of_other_kinds()]:
        yield _error(
            "E001",
            "SYTEOPS_DATA_DIR",
            f"holds something else than SyteOps keeps there: {', '.join(others[:5])}",
            "Take it away, or mount the disk. What is not secret and not uploaded is made anew.",
        )
    elif closed := [path for path in _written() if not os.access(path, os.R_OK | os.W_OK)]:
        yield _error(
            "E001",
            "SYTEOPS_DATA_DIR",
            f"holds what this user cannot write: {', '.join(map(str, closed[:5]))}",
            f"As root: chown -R {os.geteuid()} {DATA_DIR}",
        )


def _written() -> Iterator[Path]:
    """What SyteOps itself keeps there; secrets, which are only read, may be of somebody else."""
    for name in (*_FILES, *_DIRECTORIES):
        yield from sorted(DATA_DIR.glob(name))


_FILES = ("locks", "*.lock", "counters", "audit_head", "audit_head.new", "restored")
_DIRECTORIES = ("cache", "metrics", "uploads")


def _of_other_kinds() -> Iterator[tuple[Path, str]]:
    """Such as a named pipe, at which whoever opens it would wait."""
    directories = [DATA_DIR / name for name in (*_DIRECTORIES, "static")]
    yield from ((one, _NOWHERE) for one in directories if one.is_symlink() and not one.exists())
    for kind, names in ((stat.S_IFREG, _FILES), (stat.S_IFDIR, (*_DIRECTORIES, "static"))):
        for path in (path for name in names for path in sorted(DATA_DIR.glob(name))):
            if problem := problem_of(path, kind):
                yield path, problem


_NOWHERE = "is a link that leads nowhere, such as to a disk that is not mounted"


def _check_private_files() -> Iterator[CheckMessage]:
    found = exposed(DATA_DIR, settings.SQLITE_FILE) if os.access(DATA_DIR, os.R_OK) else []
    if found:
        yield _warning(
            "W005",
            "SYTEOPS_DATA_DIR",
            f"holds what other users of this machine can open: {', '.join(map(str, found[:5]))}",
            "Run manage.py setup, which closes it.",
        )


def _check_signing_keys() -> Iterator[CheckMessage]:
    for variable, keys in (
        ("SECRET_KEY", [settings.SECRET_KEY]),
        ("SECRET_KEY_FALLBACKS", settings.SECRET_KEY_FALLBACKS),
        ("AUDIT_KEY", [settings.AUDIT_KEY] if settings.AUDIT_KEY else []),  # made later
    ):
        if any(_is_weak(key) for key in keys):
            yield _weak_secret("E002", variable)


def _check_encryption_keys() -> Iterator[CheckMessage]:
    file: Path | None = settings.FIELD_ENCRYPTION_KEY_FILE
    if file is None:
        if any(_is_weak(key) for key in settings.FIELD_ENCRYPTION_KEYS):
            yield _weak_secret("E003", "FIELD_ENCRYPTION_KEYS")
    elif os.path.lexists(file):
        yield from _check_key_file(file)


def _check_key_file(file: Path) -> Iterator[CheckMessage]:
    try:
        keys = read_text(file, "ascii").split()
        mode = stat.S_IMODE(file.stat().st_mode)
    except (OSError, ValueError):
        keys, mode = [], 0
    if not keys or any(_is_weak(key) for key in keys):
        yield _error(
            "E003",
            str(file),
            f"does not hold encryption keys of {_SHORTEST_SECRET} characters or more, one a line",
            "Restore this file from a backup: without its keys no stored secret can be read.",
        )
    elif mode & 0o077:
        yield _warning(
            "W002",
            str(file),
            "can be read by other users of this machine",
            f"chmod 600 {file}",
        )


def _is_weak(secret: str) -> bool:
    return len(secret) < _SHORTEST_SECRET or len(set(secret)) < 8


def _weak_secret(number: str, variable: str) -> Error:
    return _error(
        number,
        variable,
        f"is weak: shorter than {_SHORTEST_SECRET} characters, or of too few different ones",
        'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"',
    )


def _check_ranges() -> Iterator[CheckMessage]:
    for number, variable, name, lowest, highest in _RANGES:
        value = getattr(settings, name)
        if not lowest <= value <= highest:
            yield _error(
                number,
                variable,
                f"is {value}",
                f"Set it to a number from {lowest} to {highest}.",
            )


def _check_page_sizes() -> Iterator[CheckMessage]:
    if settings.MANAGE_API_PAGE_SIZE > settings.MANAGE_API_MAX_PAGE_SIZE:
        yield _error(
            "E008",
            "MANAGE_API_PAGE_SIZE",
            "is larger than MANAGE_API_MAX_PAGE_SIZE",
            "Lower the first or raise the second.",
        )


def _check_time_outs() -> Iterator[CheckMessage]:
    """Else workers would be killed, with all that waits there, before they could answer 503."""
    if settings.WORKER_TIMEOUT <= settings.DATABASE_TIMEOUT + FROZEN_AFTER:
        yield _error(
            "E015",
            "WORKER_TIMEOUT",
            f"is {settings.WORKER_TIMEOUT}, in which nobody learns that the database is away",
            f"Set it to more than {FROZEN_AFTER:.0f} seconds above DATABASE_TIMEOUT.",
        )


def _check_origins() -> Iterator[CheckMessage]:
    """Django itself refuses an origin without scheme; one with a path never matches, silently."""
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        parts = urlsplit(origin)
        if parts.scheme and origin != f"{parts.scheme}://{parts.netloc}":
            yield _error(
                "E010",
                "CSRF_TRUSTED_ORIGINS",
                f"holds {origin!r}, which is more than an origin",
                "Write scheme and host only, such as https://ops.example.com.",
            )


_OWN_PATHS = (
    *("admin", "api", "wp-json", "static", "uploads", "healthz", "readyz", "metrics", "e"),
    ".well-known",
)


def _check_sub_path() -> Iterator[CheckMessage]:
    """Else nobody could tell whether a proxy has taken the prefix off."""
    if settings.SCRIPT_NAME[1:].partition("/")[0] in _OWN_PATHS:
        yield _error(
            "E012",
            "SCRIPT_NAME",
            f"is {settings.SCRIPT_NAME}, where pages of this site are",
            "Choose another path, such as /ops.",
        )


def _check_openid() -> Iterator[CheckMessage]:
    if not settings.OIDC_ISSUER:
        return
    if problem := url_problem(settings.OIDC_ISSUER):
        yield _error(
            "E013", "OIDC_ISSUER", f"cannot be asked. {problem}", "Give its https address."
        )
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        if not getattr(settings, name):
            yield _error("E013", name, "is missing beside OIDC_ISSUER", "The provider gives it.")


def _check_cache() -> Iterator[CheckMessage]:
    url: str = settings.CACHE_URL
    if url and not _is_of_redis(url):
        yield _error(
            "E011",
            "CACHE_URL",
            "is no address of a Redis or Valkey server",
            "Use redis://host:6379/0 (rediss:// with TLS; characters such as @ : / # in the "
            "password percent-encoded), or leave it out.",
        )


def _is_of_redis(url: str) -> bool:
    """Whether a connection can be made of it; nobody is asked."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return False
    # Here, for the sake of starts without Redis.
    from redis import ConnectionPool, RedisError

    try:
        ConnectionPool.from_url(url).make_connection()
    except (ValueError, TypeError, AttributeError, RedisError):  # what its parts stumble over
        return False
    return True


def _check_exposure() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS and not settings.DEBUG:
        yield _warning(
            "W001",
            "ALLOWED_HOSTS",
            "allows every host name, so links can be made to point elsewhere",
            "List the names under which this site is reached.",
        )
    if settings.DEBUG and settings.HOST not in ("127.0.0.1", "::1", "localhost"):
        yield _warning(
            "W003",
            "DEBUG",
            "is on while others can connect",
            "Switch it off, or HOST to 127.0.0.1.",
        )
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        yield _warning(
            "W004",
            "HTTPS",
            "is on without a trusted proxy: every page redirects to itself",
            "Set TRUSTED_PROXIES to the number of proxies that stand in front and speak HTTPS.",
        )
