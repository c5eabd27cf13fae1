"""`manage.py worker`: runs the site's background tasks."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from syteops.server.serving import (
    introduce,
    keep_restores_away,
    require_database,
    require_setup,
    require_writable_database,
)
from syteops.server.worker import leave, work, work_once


class Command(BaseCommand):
    """Works until SIGTERM or SIGINT: the tasks under way get 20 seconds to end.

    Any number of them may run, on any machine. A second signal ends it at once; tasks that it
    leaves behind run again.
    """

    help = "Runs background tasks, with TASK_THREADS of each queue at a time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="Run every task that is ready, and exit."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["once"]:
            for line in introduce():
                self.stdout.write(line)
        require_database()
        require_setup()
        require_writable_database()
        keep_restores_away()
        if options["once"]:
            work_once()
            return
        self.stdout.write(f"Working, with {settings.TASK_THREADS} threads for each queue.")
        self.stdout.flush()
        leave(0 if work() else 1)
