"""`manage.py serve`: the site on HOST and PORT with WORKERS processes."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from syteops.audit.chain import TrailBroken, require_intact
from syteops.core import request_counts
from syteops.server.backup.site import finish_restoring
from syteops.server.launcher import serve
from syteops.server.serving import (
    admin_url,
    hold_locks,
    introduce,
    require_database,
    require_free_address,
    require_packages,
    require_setup,
    require_writable_database,
)


class Command(BaseCommand):
    """Becomes the server process; SIGTERM and SIGINT stop it after the running requests.

    Refuses to start when `setup` has not been run for this code and these keys, or when another
    server has the port.
    """

    help = "Serves the site on HOST and PORT with WORKERS processes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-worker",
            action="store_true",
            help="Run no background tasks here: manage.py worker does, in processes of its own.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for line in introduce():
            self.stdout.write(line)
        require_database()
        require_setup()
        require_writable_database()
        with suppress(TrailBroken):  # it is logged, and can be read nevertheless
            require_intact()
        require_packages()
        require_free_address()
        hold_locks()
        if told := finish_restoring():  # of a site that `setup` had nothing else to do for
            self.stdout.write(told)
        request_counts.forget_ended()
        self.stdout.write(f"SyteOps is at {admin_url()}")
        self.stdout.flush()
        connections.close_all()  # each worker opens its own
        serve(with_worker=settings.TASK_WORKER and not options["no_worker"])
