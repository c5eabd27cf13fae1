"""Waiting for what other processes do, and never for ever."""

import time
from collections.abc import Callable

import httpx

PATIENCE = 60.0  # seconds; a loaded machine needs a few


def becomes_true(condition: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether the condition holds before the seconds are over; returns as soon as it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def wait_until_ready(url: str) -> None:
    """Returns once the site there says that it is ready."""
    assert becomes_true(lambda: _is_ready(url)), "the server did not start"


def _is_ready(url: str) -> bool:
    try:
        # There is no TLS here, and the certificates of all authorities take 20 ms to read.
        return httpx.get(f"{url}/readyz", verify=False).status_code == 200
    except httpx.TransportError:
        return False
