"""`manage.py verify_backup`: can this backup be restored?"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from syteops.server.backup.archive import Broken
from syteops.server.backup.site import checked


class Command(BaseCommand):
    """Reads a backup from its beginning to its end. Raises CommandError naming what is wrong."""

    help = "Checks that a backup is whole and that its keys open what is stored in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path, help="The file that `backup` wrote.")

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["backup"].resolve()
        try:
            with checked(source, source.parent) as backup:
                contents = backup.contents
                self.stdout.write(f"The backup is whole: {contents.database}, {contents.created}.")
                self.stdout.write(f"Version: {contents.version}")
                self.stdout.write(f"Uploads: {len(backup.uploads)}")
                self.stdout.write(f"Secrets: {'included' if backup.keys else 'left out'}")
        except (Broken, OSError) as error:
            raise CommandError(f"{source} cannot be restored: {error}") from error
