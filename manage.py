#!/usr/bin/env python3
"""Django's command line for SyteOps."""

import gc
import os
import signal
import sys


def hear_signals() -> None:
    """Undo what whoever starts a command may have set for itself, and a command inherits.

    With SIGCHLD ignored nobody learns how a process of his own ended: a worker is not replaced, and
    `pg_dump` passes for done whatever it says. With SIGTERM blocked a server never ends.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def main() -> None:
    """Run the command. A package that is missing is named in one line, with the cure."""
    hear_signals()
    gc.disable()  # until all is loaded (`SyteOpsConfig.ready`): an eighth of the time that takes
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syteops.settings")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("", "syteops", "manage_api", "notes", "estimates"):
            raise
        sys.exit(
            f"SyteOps cannot start: the Python package {error.name} is not installed in "
            f"{sys.prefix}. Run make run-environment, and use .venv/bin/python."
        )
    except Exception as error:
        if "--traceback" in sys.argv or not (told := _in_one_line(error)):
            raise
        sys.exit(told)


def _in_one_line(error: Exception) -> str:
    """What is wrong with the database, or a file, and the cure; "" for what is wrong with us."""
    if isinstance(error, OSError) and error.filename:
        return (
            f"SyteOps cannot use {error.filename}: {error.strerror}. "
            "Look at whom it belongs to, and at what is there."
        )
    if not _is_of_database(error):
        return _of_a_full_disk(error) or _of_a_wrong_setting(error)
    problem = " ".join(str(error).split())
    return (
        f"The database refuses: {problem}. If this site is new or was updated, run manage.py setup."
    )


def _of_a_full_disk(error: Exception) -> str:
    """What is wrong with a disk, which does not say by which file it was noticed."""
    from syteops.core.outages import is_outage

    if not (isinstance(error, OSError) and is_outage(error)):
        return ""
    return f"SyteOps cannot go on: {error.strerror}. Look at the disks, and run the command again."


def _of_a_wrong_setting(error: Exception) -> str:
    """What Django refuses, such as an option of DATABASE_URL that it has another meaning for."""
    from django.core.exceptions import ImproperlyConfigured

    return f"SyteOps cannot start: {error}" if isinstance(error, ImproperlyConfigured) else ""


def _is_of_database(error: Exception) -> bool:
    from django.db import DatabaseError, DataError, IntegrityError, InterfaceError

    is_ours = isinstance(error, (DataError, IntegrityError))  # a mistake of the command
    return isinstance(error, (DatabaseError, InterfaceError)) and not is_ours


if __name__ == "__main__":
    main()
