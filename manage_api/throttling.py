"""Budgets: reads and writes per caller, failed authentication per client address.

Counted per minute in counters that all processes share. Answers carry `RateLimit` and
`RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers) and, when a budget is spent, 429 with
`Retry-After`.
"""

from typing import NamedTuple

from django.conf import settings

from manage_api.callers import Caller
from manage_api.errors import ApiError
from syteops.lib.counters import counters, seconds_left

WINDOW = 60


class Budget(NamedTuple):
    """What is left of one budget. `reset` is in seconds."""

    name: str
    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The fields that tell the caller."""
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={WINDOW}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={self.reset}',
        }


def spend(caller: Caller, writes: bool) -> Budget:
    """Take one call from the caller's budget. Raises throttled when it is spent."""
    name, limit = _policy(writes)
    budget = _budget(name, limit, counters().add(_counter(caller, name), WINDOW))
    if budget.remaining < 0:
        spent = budget._replace(remaining=0)
        headers = {**spent.headers, "Retry-After": str(spent.reset)}
        raise ApiError("throttled", f"{limit} {name}s a minute are allowed.", headers=headers)
    return budget


def left(caller: Caller) -> dict[str, dict[str, int]]:
    """What is left of the caller's budgets, without spending anything."""
    shown = {}
    for name, limit in (_policy(False), _policy(True)):
        budget = _budget(name, limit, counters().read(_counter(caller, name), WINDOW))
        shown[name] = {
            "limit": limit,
            "remaining": max(budget.remaining, 0),
            "reset_seconds": budget.reset,
        }
    return shown


def check_failures(address: str) -> None:
    """Refuse an address that failed too often, before any other work. Raises throttled."""
    if counters().read(f"failed {address}", WINDOW) >= settings.MANAGE_API_FAILURES_PER_MINUTE:
        wait = seconds_left(WINDOW)
        raise ApiError(
            "throttled",
            "Too many requests without a valid key came from your address.",
            headers={"Retry-After": str(wait)},
        )


def count_failure(address: str) -> None:
    """Note a failed authentication from `address`."""
    counters().add(f"failed {address}", WINDOW)


def _policy(writes: bool) -> tuple[str, int]:
    if writes:
        return "write", settings.MANAGE_API_WRITES_PER_MINUTE
    return "read", settings.MANAGE_API_READS_PER_MINUTE


def _counter(caller: Caller, name: str) -> str:
    return f"{name} {caller.kind} {caller.id}"


def _budget(name: str, limit: int, used: int) -> Budget:
    return Budget(name, limit, limit - used, seconds_left(WINDOW))
