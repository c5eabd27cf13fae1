"""`manage.py setup`: makes a site ready to serve. Safe to repeat, and before every start."""

from collections.abc import Iterator
from math import inf
from time import sleep
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from manage_api.keys.services import seal_ends
from syteops.core.locks import bounded_waits, exclusive, is_lock_refused
from syteops.core.pending_migrations import pending_migrations
from syteops.events import publishing
from syteops.lib.private_files import close, exposed
from syteops.people.passwords import create_first_admin
from syteops.server import static_files
from syteops.server.backup.site import finish_restoring
from syteops.server.encryption_proof import Proof, read_proof, write_proof
from syteops.server.serving import (
    SETUP_LOCK,
    admin_url,
    introduce,
    require_audit_key,
    require_database,
    require_migratable_database,
    require_own_database,
)

_FIRST_ADMIN = "admin"

_TRIES, _WAITS, _RESTS = 6, 3.0, 7.0
"""How often a table is waited for, and for how many seconds; and those in which others go on."""
_IN_USE = (
    "The database cannot be brought up to date while somebody keeps a table of it for long, such "
    "as a backup. Nothing is half done: run manage.py setup again."
)


class Command(BaseCommand):
    """Secrets, migrations, static files, first admin, event feed: whatever of it is still missing.

    Prints the first admin's one-time password once and never again. Runs of several processes wait
    for each other.
    """

    help = "Makes the site ready to serve. Changes nothing when it already is."

    def handle(self, *args: Any, **options: Any) -> None:
        for line in introduce():
            self.stdout.write(line)
        require_database()
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(SETUP_LOCK, until=inf):
            require_migratable_database()
            require_own_database()
            require_audit_key()
            done = [
                *self._close_files(),
                *self._migrate(),
                *self._prove_keys(),
                *self._seal_ends(),
                *self._collect_static_files(),
            ]
            password = create_first_admin(_FIRST_ADMIN)
            publishing.begin()
            if told := finish_restoring():
                done.append(told)
        for line in done:
            self.stdout.write(line)
        if password:
            self.stdout.write(_welcome(password))
        elif not done:
            self.stdout.write("Everything is set up already.")

    def _close_files(self) -> Iterator[str]:
        """Those of a directory that somebody else has made, or a former version."""
        if closed := close(exposed(settings.DATA_DIR, settings.SQLITE_FILE)):
            yield f"Files: {len(closed)} closed to other users of this machine."

    def _migrate(self) -> Iterator[str]:
        """Other servers of the site go on meanwhile, and wait behind whatever waits here."""
        pending = len(pending_migrations())
        for left in reversed(range(_TRIES)):
            try:
                with bounded_waits(_WAITS):
                    call_command("migrate", interactive=False, verbosity=0)
                break
            except OperationalError as error:
                if not is_lock_refused(error):
                    raise
                if not left:
                    raise CommandError(_IN_USE) from error
                sleep(_RESTS)
        if pending:
            yield f"Database: {pending} migrations applied."

    def _prove_keys(self) -> Iterator[str]:
        """Refuses to go on with the wrong keys: whatever is stored next would be split over two."""
        proof = read_proof()
        if proof is Proof.CLOSED:
            kept_in = settings.FIELD_ENCRYPTION_KEY_FILE or "FIELD_ENCRYPTION_KEYS"
            raise CommandError(
                "The encryption keys do not open what is stored in this database. "
                f"Restore the former keys in {kept_in}."
            )
        if proof is Proof.MISSING:
            write_proof()
            yield ("Secrets: made." if settings.FIELD_ENCRYPTION_KEY_FILE else "Secrets: accepted.")

    def _seal_ends(self) -> Iterator[str]:
        if sealed := seal_ends():
            yield f"API keys: the end of {sealed} sealed."

    def _collect_static_files(self) -> Iterator[str]:
        if static_files.collect_if_stale():
            yield "Static files: collected."


def _welcome(password: str) -> str:
    """What the first admin has to know, in a box that is not overlooked."""
    lines = (
        "Your first sign-in. This is shown only once.",
        "",
        f"Address:   {admin_url()}",
        f"User:      {_FIRST_ADMIN}",
        f"Password:  {password}",
        "",
        "You choose your own password when you sign in.",
    )
    width = max(map(len, lines))
    edge = f"+{'-' * (width + 4)}+"
    return "\n".join(("", edge, *(f"|  {line:<{width}}  |" for line in lines), edge, ""))
