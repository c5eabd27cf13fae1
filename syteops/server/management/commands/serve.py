"""`manage.py serve`: the site on HOST and PORT with WORKERS processes."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from syteops.core.pending_migrations import pending_migrations
from syteops.server.encryption_proof import Proof, read_proof
from syteops.server.serving import (
    admin_url,
    introduce,
    require_database,
    require_free_address,
    server_command,
)


class Command(BaseCommand):
    """Becomes the server process; SIGTERM and SIGINT stop it after the running requests.

    Refuses to start when `setup` has not been run for this code and these keys, or when another
    server has the port.
    """

    help = "Serves the site on HOST and PORT with WORKERS processes."

    def handle(self, *args: Any, **options: Any) -> None:
        for line in introduce():
            self.stdout.write(line)
        require_database()
        _require_setup()
        require_free_address()
        connection.close()
        self.stdout.write(f"SyteOps is at {admin_url()}")
        self.stdout.flush()
        command = server_command()
        os.execv(command[0], command)  # noqa: S606 - our own interpreter and arguments, no shell


def _require_setup() -> None:
    if pending_migrations() or read_proof() is not Proof.OPENS:
        raise CommandError(
            "This site is not set up for this version and these keys: run manage.py setup."
        )
