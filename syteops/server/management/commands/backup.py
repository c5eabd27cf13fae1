"""`manage.py backup`: the whole site in one file, while it goes on running."""

import sqlite3
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from syteops.core.errors import DomainError
from syteops.env import DATA_DIR
from syteops.server.backup.databases import ClientFailed
from syteops.server.backup.site import back_up
from syteops.server.serving import database_name, require_database, require_own_keys


class Command(BaseCommand):
    """Writes a file that `verify_backup` checks and `restore` turns into this site again.

    Raises CommandError, and leaves no file, when anything of it cannot be read or written.
    """

    help = "Writes database, secrets and uploads into one file, while the site goes on running."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "target",
            nargs="?",
            type=Path,
            default=DATA_DIR / "backups",
            help="The file to write, or a directory for it; by default backups/ in the data "
            "directory. A file that exists is never replaced.",
        )
        parser.add_argument(
            "--without-secrets",
            action="store_true",
            help="Leave the keys out, to keep them apart. Without them no stored secret is read.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_database()
        require_own_keys()  # and no more: what setup makes anew, or has still to do, is in the way
        target: Path = options["target"].resolve()
        try:
            if options["target"] == DATA_DIR / "backups":
                target.mkdir(mode=0o700, parents=True, exist_ok=True)
            if target.is_dir():
                target /= f"syteops-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar.gz"
            contents = back_up(target, with_secrets=not options["without_secrets"])
        except FileExistsError:
            raise CommandError(f"{target} exists already: name another file.") from None
        except (OSError, ClientFailed, DomainError, sqlite3.Error) as error:
            raise CommandError(f"No backup was made: {error}") from error
        count = sum(name.startswith("uploads/") for name in contents.files)
        self.stdout.write(f"Database: {database_name()}")
        self.stdout.write(f"Uploads: {count}")
        self.stdout.write(f"Secrets: {'left out' if options['without_secrets'] else 'included'}")
        self.stdout.write(f"Backup: {target}")
