"""`manage.py prune_audit`: remove the oldest audit entries."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from syteops.audit.chain import BrokenChain
from syteops.audit.services import prune
from syteops.core.actors import command


class Command(BaseCommand):
    help = "Remove audit entries older than AUDIT_RETENTION_DAYS, from the oldest end only."

    def handle(self, *args: Any, **options: Any) -> None:
        """Does nothing when the setting is 0, which keeps everything."""
        days = settings.AUDIT_RETENTION_DAYS
        if not days:
            self.stdout.write("AUDIT_RETENTION_DAYS is 0: every entry is kept.")
            return
        try:
            count = prune(command("prune_audit"))
        except BrokenChain as broken:
            raise CommandError(f"Nothing more was removed. {broken}") from broken
        self.stdout.write(f"{count} entries older than {days} days were removed.")
