"""Whether a failure is an outage: the database, the cache or the disk, and nothing of ours.

Nobody can foresee one where it happens, so each place that answers for failures asks here: the API
and the pages answer 503, and the log says it in one line.
"""

import errno
import sys

from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

RETRY_AFTER = 5
"""Seconds after which it is worth trying again."""

_DISK = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.EFBIG,  # the limit of this process, or of the disk
        errno.EACCES,
        errno.EPERM,
        errno.ENOLCK,  # of a disk of another machine, as the next
        errno.ESTALE,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        getattr(errno, "EUCLEAN", errno.EIO),  # damaged, says Linux
        errno.ENODEV,  # pulled out
        errno.EMFILE,
        errno.ENFILE,
    }
)
_NO_TEMPORARY = "No usable temporary directory"
"""Says Python, as of a file that is not there, where each disk is full or read-only."""
_SQLITE_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_POSTGRESQL_AWAY = (
    "25006",  # read-only, such as a standby that was not promoted yet
    "25P03",  # it has ended a transaction that did nothing: this machine was paused
    "25P04",
    "42501",  # no right to write, which some who run it take away where it grows too large
    "XX001",  # its files are damaged
    "XX002",
)


def redis_errors() -> tuple[type[Exception], ...]:
    """What is raised when Redis is away: nothing where its client was never loaded."""
    loaded = sys.modules.get("redis.exceptions")
    return (loaded.RedisError,) if loaded else ()


def is_outage(error: BaseException) -> bool:
    """Whether `error` says that something SyteOps stands on is away, full or read-only."""
    if isinstance(error, DatabaseError):
        return _is_database_outage(error)
    if isinstance(error, OSError):
        return error.errno in _DISK or _NO_TEMPORARY in str(error)
    return isinstance(error, (InterfaceError, *redis_errors()))


def _is_database_outage(error: DatabaseError) -> bool:
    sqlite = getattr(error.__cause__, "sqlite_errorname", "")
    if isinstance(error, OperationalError):
        return sqlite != "SQLITE_ERROR"  # a table or column that is not there: our mistake
    state = getattr(error.__cause__, "sqlstate", "")
    if isinstance(error, (InternalError, ProgrammingError)) and state in _POSTGRESQL_AWAY:
        return True
    return sqlite.startswith(_SQLITE_DAMAGE)


def took_too_long(error: BaseException) -> bool:
    """Whether PostgreSQL was at work on a statement until it had taken as long as one may."""
    return getattr(error.__cause__, "sqlstate", "") == "57014"


def in_one_line(error: BaseException) -> str:
    """What the error says, without line breaks."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
