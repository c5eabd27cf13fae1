"""What enabled integrations do in every server process, from when on they are enabled."""

import logging

from django.db import DatabaseError

from syteops.integrations.catalogue import Integration, Setup, all_integrations
from syteops.integrations.queries import running

log = logging.getLogger(__name__)

LOOKED_EVERY = 15.0
"""Seconds after which a process follows what was enabled, disabled or changed."""

_started: dict[str, Setup] = {}


def follow_enabled() -> None:
    """Start every integration that is enabled and wants it, and stop the others.

    Never keeps the server from starting. Costs three short queries for each that wants it.
    """
    for one in all_integrations().values():
        if one.start is None:
            continue
        try:
            _follow(one, running(one.slug))
        except DatabaseError:
            log.warning("The database does not answer: %s stays as it is.", one.name)
        except Exception as error:  # noqa: BLE001 - a broken package must not take the site down
            # Without the traceback: its text may repeat a secret.
            log.error("%s could not be started: %s.", one.name, type(error).__name__)


def _follow(one: Integration, setup: Setup | None) -> None:
    if setup == _started.get(one.slug):
        return
    # Before it is tried: what cannot be started is not tried again until it has changed.
    if setup is None:
        del _started[one.slug]
        one.stop()
    else:
        _started[one.slug] = setup
        assert one.start is not None
        one.start(setup)
