"""Waiting for what other processes do, and never for ever; and for an hour that ends anyway."""

import os
import time
from collections.abc import Callable

PATIENCE = float(os.environ.get("SYTEOPS_TEST_PATIENCE") or 300)
"""Seconds for what another process does, anywhere in the tests: a loaded machine needs many."""
SOON = 10.0
"""Seconds for one look of many."""


def becomes_true(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether the condition holds before the seconds are over; returns as soon as it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


_LONGER_THAN_A_TEST = 12.0  # seconds


def let_the_hour_end() -> None:
    """Wait for it if it is about to end, and with it perhaps the day, the month and the year."""
    left = 3600 - time.time() % 3600
    if left < _LONGER_THAN_A_TEST:
        time.sleep(left)
