"""`manage.py restore`: the site of a backup, in an empty place."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from syteops.core.errors import DomainError
from syteops.env import DATA_DIR
from syteops.server.backup.archive import Broken
from syteops.server.backup.databases import ClientFailed
from syteops.server.backup.site import checked, restore
from syteops.server.serving import alone, database_name, require_database


class Command(BaseCommand):
    """Restores a backup into an empty database and this data directory.

    The backup is checked first. Raises CommandError, having changed nothing, when it is not whole,
    when the database is not empty or of another kind, or when the keys at hand do not open it.
    """

    help = "Restores a backup into an empty database and this data directory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path, help="The file that `backup` wrote.")

    def handle(self, *args: Any, **options: Any) -> None:
        require_database()
        try:
            with alone(), checked(options["backup"].resolve(), DATA_DIR) as backup:
                restore(backup)
        except (Broken, OSError, ClientFailed, DomainError) as error:
            raise CommandError(f"Nothing was restored: {error}") from error
        self.stdout.write(f"Database: {database_name()}")
        self.stdout.write(f"Restored the site of {backup.contents.created}.")
        # In a new process: this one still has the secrets that it began with.
        self.stdout.write("Now run manage.py setup, then manage.py verify_audit.")
