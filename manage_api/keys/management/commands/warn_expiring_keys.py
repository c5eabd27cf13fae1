"""`manage.py warn_expiring_keys`: says in good time which keys are about to end."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from manage_api.keys.expiry import ExpiryWarning, warn
from syteops.core.actors import command
from syteops.core.locks import Busy


class Command(BaseCommand):
    """For a daily cron job. Exit code 1 when an e-mail could not be sent."""

    help = "Warns of keys that expire within 14, 7 and 1 days: in the audit trail and by e-mail."

    def handle(self, *args: Any, **options: Any) -> None:
        """Idempotent: each warning is given once."""
        try:
            found = warn(command("warn_expiring_keys"))
        except Busy:
            self.stdout.write("Another run is in progress.")
            return
        for one in found:
            self.stdout.write(_line(one))
        if not found:
            self.stdout.write("No warning is due.")
        if failed := sum(bool(one.problem) for one in found):
            again = "A worker tries again, or the next run where nobody was reached."
            raise CommandError(f"{failed} warnings did not reach everybody. {again}")


def _line(warned: ExpiryWarning) -> str:
    parts = [f"{warned.key} expires within {warned.days} days"]
    if warned.recipients:
        parts.append(f"e-mail to {', '.join(warned.recipients)}")
    if warned.problem:
        parts.append(f"no e-mail to {warned.problem}")
    return ": ".join(parts)
