"""How the site is served: the server's command line, what it needs, and where it is reached."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, OperationalError, connection

from syteops.audit.chain import AuditKeyAway, audit_key
from syteops.core.locks import Busy, exclusive
from syteops.core.pending_migrations import pending_migrations, why_not_migratable
from syteops.dashboard.tasks import prove_write
from syteops.env import DATA_DIR, SETTINGS_FILE
from syteops.lib.plain_files import opener
from syteops.server import static_files
from syteops.server.encryption_proof import Proof, read_proof
from syteops.server.handlers import shared_handler
from syteops.server.models import EncryptionProof


def hold_locks() -> list[int]:
    """Keep a second server of this data directory and port away, and `restore` too.

    The locks pass on to the workers of this process: they end with the last of them, however it
    ends. Raises CommandError.
    """
    wanted = ((f"serve-{settings.PORT}.lock", LOCK_EX), (_SERVING, LOCK_SH))
    return [*_address(), *(_lock(name, kind, _ANOTHER_SERVER) for name, kind in wanted)]


def _address() -> list[int]:
    """Keep servers of other data directories away from this address, as `_lock` does.

    Two that start at once find it free, and would share it, each with some of the requests. It is
    a name of this machine's network, which ends with the processes that hold it.
    """
    if sys.platform != "linux":
        return []
    with socket.socket(socket.AF_UNIX) as name:
        try:
            name.bind(f"\0syteops {listening_address()[1][0]} {settings.PORT}")
        except OSError as error:
            raise _cannot_listen(error) from error
        return [name.detach()]


def keep_restores_away() -> None:
    """Keep `restore` away for as long as this process lives. Raises CommandError under one."""
    _lock(_SERVING, LOCK_SH, "This site is being restored.")


@contextmanager
def alone() -> Iterator[None]:
    """No server, worker, `setup` or `restore` of this site runs meanwhile.

    Raises CommandError while one does. Only `setup` waits.
    """
    problem = "A server or a restore of this data directory is running: stop it first."
    file = _lock(_SERVING, LOCK_EX, problem)
    try:
        with exclusive(SETUP_LOCK):
            yield
    except Busy:
        raise CommandError("This site is being set up or restored: wait until that ends.") from None
    finally:
        os.close(file)


SETUP_LOCK = "setup"


_SERVING = "serve.lock"
_ANOTHER_SERVER = (
    "Another server of this data directory has this port, or is just ending. Stop it, or set PORT."
)


def _lock(name: str, kind: int, problem: str) -> int:
    try:
        file = opener(DATA_DIR / name, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise CommandError(f"Cannot write {DATA_DIR / name}: {error.strerror}") from error
    try:
        flock(file, kind | LOCK_NB)
    except OSError:
        os.close(file)
        raise CommandError(problem) from None
    return file


def database_name() -> str:
    """Which database this is, as an operator knows it: without user and password."""
    database = settings.DATABASES["default"]
    if connection.vendor == "sqlite":
        return f"SQLite, {database['NAME']}"
    host, port = database.get("HOST") or "localhost", database.get("PORT") or 5432
    return f"PostgreSQL, {database['NAME']} at {host}:{port}"


def introduce() -> Iterator[str]:
    """The lines with which `setup` and `serve` begin: nobody shall work on the wrong site."""
    if SETTINGS_FILE is not None:
        yield f"Settings: the environment, then {SETTINGS_FILE}"
    yield f"Database: {database_name()}"


def require_own_database() -> None:
    """Raises CommandError for a database without a site beside a data directory that has been used.

    So a DATABASE_URL that was lost or misspelt never begins a second, empty site. A new database
    may have tables for all that, of an extension or of another program.
    """
    used = next((name for name in _SIGNS_OF_USE if (DATA_DIR / name).exists()), None)
    if used is None or EncryptionProof._meta.db_table in connection.introspection.table_names():
        return
    raise CommandError(
        f"There is no site in the database ({database_name()}), but this data directory has been "
        f"used ({DATA_DIR / used}). Correct DATABASE_URL or restore the database. "
        "To begin a new site, give it another SYTEOPS_DATA_DIR."
    )


def require_setup() -> None:
    """Raises CommandError when `setup` has not been run for this code and these keys."""
    require_own_keys()
    if pending_migrations() or not static_files.are_collected():
        raise CommandError(_NOT_SET_UP)


def require_own_keys() -> None:
    """Raises CommandError unless the keys are those of the database, which may be of older code."""
    require_migratable_database()
    require_audit_key()
    if read_proof() is not Proof.OPENS:
        raise CommandError(_NOT_SET_UP)


_NOT_SET_UP = "This site is not set up for this version and these keys: run manage.py setup."


def require_packages() -> None:
    """Raises ModuleNotFoundError, and not only where it is needed first, when one is missing.

    As after an update of the code, when the environment was forgotten.
    """
    import_module("granian")
    shared_handler()  # loads the middleware
    for name in LOADED_LATE:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


LOADED_LATE = ("defusedxml", "fido2", "httpx", "jwt", "openpyxl", "qrcode", "typst")
"""Packages that take long to load, and so are when somebody needs them."""


def require_migratable_database() -> None:
    """Raises CommandError for a database that is newer than this code, or too old for it."""
    if problem := why_not_migratable():
        raise CommandError(problem)


def require_audit_key() -> None:
    """Raises CommandError where the key was lost under which the audit trail is signed."""
    try:
        audit_key()
    except AuditKeyAway as away:
        raise CommandError(str(away)) from None


def require_writable_database() -> None:
    """Raises CommandError, in plain words, when the database cannot be written."""
    try:
        prove_write()
    except DatabaseError as error:
        raise CommandError(
            f"The database cannot be written ({database_name()}): {error}. Look at the disk, and "
            "at whom the file belongs to."
        ) from error


# What `setup` leaves behind whatever the database is, and what people upload.
_SIGNS_OF_USE = ("secrets/encryption_keys", "static/.collected", "uploads")


def require_database() -> None:
    """Raises CommandError, in plain words, when the database does not answer or is none of ours."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise CommandError(f"The database does not answer: {error}") from error
    except DatabaseError as error:
        raise CommandError(f"The database cannot be read ({database_name()}): {error}") from error
    if connection.vendor != "postgresql":
        return
    encoding = connection.connection.info.parameter_status("server_encoding")
    if encoding not in ("UTF8", None):  # what a pooler may leave out
        raise CommandError(
            f"The database holds texts in {encoding} ({database_name()}), which lacks letters. "
            "Make it anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )


def require_free_address() -> None:
    """Raises CommandError when HOST and PORT cannot be listened on.

    The server would not notice: it shares its port with whoever listens there already.
    """
    try:
        family, address = listening_address()
        with socket.socket(family) as probe:
            # Connections of a server that has just stopped do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise _cannot_listen(error) from error


def listening_address() -> tuple[int, Any]:
    """The family and the address that HOST and PORT stand for. Raises OSError for a name of none.

    The server itself takes numbers only, and no name such as `localhost`.
    """
    found = socket.getaddrinfo(settings.HOST, settings.PORT, type=socket.SOCK_STREAM)
    return found[0][0], found[0][4]


def _cannot_listen(error: OSError) -> CommandError:
    where = f"{settings.HOST} port {settings.PORT}"
    return CommandError(f"Cannot listen on {where}: {error.strerror}. Set HOST and PORT.")


def admin_url() -> str:
    """Where a person on this machine finds the admin."""
    host = "127.0.0.1" if _is_everywhere(settings.HOST) else settings.HOST
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.PORT}{settings.SCRIPT_NAME}/admin/"


def _is_everywhere(host: str) -> bool:
    """Whether `host` stands for all addresses of this machine (0.0.0.0, ::)."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
