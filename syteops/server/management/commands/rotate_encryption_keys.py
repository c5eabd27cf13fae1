"""`manage.py rotate_encryption_keys`: replace the key under which secrets are stored."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from syteops.core.actors import command
from syteops.core.encryption import ring
from syteops.core.errors import DomainError
from syteops.server.encryption_rotation import Rotation, rotate_file, rotate_given


class Command(BaseCommand):
    help = (
        "Seals every stored secret under a new key and drops the old ones. The site keeps running; "
        "an interrupted run is simply started again. Backups made before need the old keys: keep "
        "the key file with them, or use --keep-old."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--keep-old", action="store_true", help="leave the old keys in the key file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file = settings.FIELD_ENCRYPTION_KEY_FILE
        try:
            if file is None:
                self._rotate_given()
            else:
                ring()  # makes the file on a site that never needed it
                self._tell(rotate_file(self._actor, file, keep_old=options["keep_old"]))
        except DomainError as refusal:
            raise CommandError(refusal.detail) from None

    _actor = command("rotate_encryption_keys")

    def _rotate_given(self) -> None:
        keys = settings.FIELD_ENCRYPTION_KEYS
        if len(keys) < 2:
            raise CommandError(
                "FIELD_ENCRYPTION_KEYS holds one key. Put a new one in front of it, separated by "
                "a comma, restart every process, and run this again."
            )
        self._tell(rotate_given(self._actor, keys))
        self.stdout.write(
            "Now remove every key but the first from FIELD_ENCRYPTION_KEYS and restart."
        )

    def _tell(self, rotation: Rotation) -> None:
        for name in rotation.unreadable:
            self.stderr.write(self.style.WARNING(f"No key opens {name}. Set it again."))
        self.stdout.write(f"{rotation.resealed} secrets are sealed under the new key.")
        if rotation.dropped:
            self.stdout.write(f"{rotation.dropped} old keys were dropped.")
