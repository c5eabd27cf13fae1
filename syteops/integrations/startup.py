"""What enabled integrations do once in every server process."""

import logging

from django.db import DatabaseError

from syteops.integrations.catalogue import all_integrations
from syteops.integrations.queries import running

log = logging.getLogger(__name__)


def start_enabled() -> None:
    """Start every enabled integration that wants it. Never keeps the server from starting."""
    for one in all_integrations().values():
        if one.start is None:
            continue
        try:
            if setup := running(one.slug):
                one.start(setup)
        except DatabaseError:
            log.warning("The database does not answer: %s is not started.", one.name)
        except Exception as error:  # noqa: BLE001 - a broken package must not take the site down
            # Without the traceback: its text may repeat a secret.
            log.error("%s could not be started: %s.", one.name, type(error).__name__)
