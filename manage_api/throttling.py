"""Budgets: reads and writes per caller, failed authentication and open pages per client address.

Counted per minute in counters that all processes share. Answers carry `RateLimit` and
`RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers) and, when a budget is spent, 429 with
`Retry-After`.
"""

import hashlib
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from manage_api.authentication import presented_credential, presented_keys
from manage_api.errors import ApiError, as_api_error
from manage_api.principals import Principal, Stranger
from syteops.audit.services import record_refusal
from syteops.core.actors import Actor, Party
from syteops.core.addresses import client_address, counted_address
from syteops.core.background import after_answer
from syteops.core.counters import CounterKind, counters, seconds_left
from syteops.core.waiting import is_asked_again

WINDOW = 60
REMEMBERED = 12 * 60 * 60
"""Seconds for which a credential that was good is remembered at least; at most it is twice that."""


NO_LIMIT = 10**9
"""What a setting of 0 stands for: more than anybody can call in a minute."""

API = "api"
"""What the audit trail calls the API as a whole."""


class BudgetThrottle(BaseThrottle):
    """Takes one call from the caller's budget of reads or writes.

    A view that does not know yet which of both it does (`writes` is None) spends nothing here.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """Always True: raises throttled, with the fields that tell when to come again."""
        if view.writes is not None and not is_asked_again(request._request):
            view.budget = spend(view.principal, view.writes)
        return True


class StrangerThrottle(BaseThrottle):
    """Takes one read from a budget of the client's address, where nobody is asked who he is."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Always True: raises throttled."""
        spend(Stranger(counted_address(client_address(request._request))), writes=False)
        return True


class AttemptThrottle(BaseThrottle):
    """Cuts off an address from which too many requests came that nobody could be let in for.

    It is asked before the key is looked at, and told afterwards what came of that.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """Always True: raises throttled for an address that is cut off."""
        self.credential = presented_credential(request._request)
        self.address = client_address(request._request)
        check_failures(self.address, self.credential)
        return True

    def failed(self, request: Request, view: Any, error: Exception) -> None:
        """Count the failure, if it costs one: a key refused for now has paid from its budget."""
        status = as_api_error(error).status
        if status == 401 or (status == 403 and not presented_keys(request._request)):
            stranger = partial(Actor.from_request, request, Stranger(), view.channel)
            count_failure(self.address, self.credential, stranger)

    def succeeded(self) -> None:
        """Remember that the credential was good."""
        note_success(self.credential)


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


def spend(principal: Party, writes: bool) -> Budget:
    """Take one call from the caller's budget. Raises throttled when it is spent."""
    name, limit = _policy(writes)
    budget = _budget(name, limit, counters().add(*_counter(principal, name), WINDOW))
    if budget.remaining < 0:
        spent = budget._replace(remaining=0)
        raise _throttled(spent, f"{limit} {name}s a minute are allowed.")
    return budget


def spend_items(principal: Principal, count: int) -> Budget:
    """Take what the items of a bulk cost beyond the call itself: each is a write.

    Raises throttled where not all of them are left, having taken none, and payload_too_large for
    more than there ever are.
    """
    name, limit = _policy(True)
    if count > limit:
        raise ApiError(
            "payload_too_large",
            f"Each item is a write, and {limit} writes a minute are allowed: "
            f"send at most {limit} items at once.",
        )
    counter, further = _counter(principal, name), count - 1
    budget = _budget(name, limit, counters().add(*counter, WINDOW, further))
    if (missing := -budget.remaining) > 0:
        counters().take_back(*counter, WINDOW, further)
        before = max(further - missing, 0)
        raise _throttled(
            budget._replace(remaining=before),
            f"Each of the {count} items is a write, and {limit} writes a minute are allowed: "
            f"{before + 1} items could be sent now.",
        )
    return budget


def left(principal: Principal) -> dict[str, dict[str, int]]:
    """What is left of the caller's budgets, without spending anything."""
    shown = {}
    for name, limit in (_policy(False), _policy(True)):
        budget = _budget(name, limit, counters().read(*_counter(principal, name), WINDOW))
        shown[name] = {
            "limit": limit,
            "remaining": max(budget.remaining, 0),
            "reset_seconds": budget.reset,
        }
    return shown


# --- Time ----------------------------------------------------------------------------------

SLOW = 0.02
"""Seconds of a processor that a call takes for which its time is counted: as many quick ones as
there may be in a minute take no more than half of it."""
LONG_READ = 0.1
"""Seconds that a read takes for which what the database server does for it is counted, too."""
_MOST_REMEMBERED = 4096
worked = time.thread_time
"""What this thread has taken of a processor, in seconds."""
_slow: set[str] = set()
"""Callers of whom this process has done slow calls: of no others a counter need be read."""


def check_time(principal: Principal) -> None:
    """Raises throttled for whose slow calls took too long together within this minute.

    How many calls there may be is no bound for what they take: one that lists all variables of a
    full site takes seconds.
    """
    if (who := _name_of(principal)) not in _slow:
        return
    limit = settings.MANAGE_API_SECONDS_PER_MINUTE
    if limit and counters().read(CounterKind.SLOW_CALLS, who, WINDOW) >= limit * 1000:
        raise _throttled(
            Budget("second", limit, 0, seconds_left(WINDOW)),
            f"Your calls have kept the server busy for {limit} seconds of this minute, which is "
            "as long as one caller may.",
        )


def note_time(principal: Principal, worked_before: float, read_since: float | None) -> None:
    """Count what a call took of a processor, if that is long. To wait for others costs nothing.

    `worked_before` is what this thread had `worked` when the call began. A read, which began at
    `read_since`, waits for nobody but a database server that works for it, and its process with it.
    """
    seconds = worked() - worked_before
    if read_since is not None and (took := time.perf_counter() - read_since) >= LONG_READ:
        seconds = took
    if seconds < SLOW or not settings.MANAGE_API_SECONDS_PER_MINUTE:
        return
    if len(_slow) >= _MOST_REMEMBERED:
        _slow.clear()
    _slow.add(who := _name_of(principal))
    counters().add(CounterKind.SLOW_CALLS, who, WINDOW, int(seconds * 1000))


# --- Failed authentication -----------------------------------------------------------------


def check_failures(address: str, credential: str) -> None:
    """Refuse an address that failed too often, before any other work. Raises throttled.

    A credential that was good lately, or is new, is verified all the same: whoever has the same
    address (an office, a machine on which one tool still uses an old key) cannot shut it out.
    """
    if _has_failed_too_often(CounterKind.FAILURES_OF_ADDRESS, counted_address(address)) and not (
        credential
        and _was_accepted(credential)
        and not _has_failed_too_often(CounterKind.FAILURES_OF_CREDENTIAL, credential)
    ):
        limit = settings.MANAGE_API_FAILURES_PER_MINUTE
        raise _throttled(
            Budget("failure", limit, 0, seconds_left(WINDOW)),
            "Too many requests without a valid key came from your address.",
        )


def count_failure(address: str, credential: str, actor: Callable[[], Actor]) -> None:
    """Note a failed authentication from that address; one too many cuts the address off.

    That is in the audit trail: once a minute, for only one failure is the one that reaches the
    limit, and not before its answer, which is to take as long as that to any other wrong key.
    """
    address = counted_address(address)
    failures = counters().add(CounterKind.FAILURES_OF_ADDRESS, address, WINDOW)
    if failures == settings.MANAGE_API_FAILURES_PER_MINUTE:
        after_answer(partial(record_refusal, actor(), API, "", "throttled"))
    if credential:
        counters().add(CounterKind.FAILURES_OF_CREDENTIAL, credential, WINDOW)


def note_success(credential: str) -> None:
    """Remember that `credential` was good. Counts once a minute in each process at most."""
    _remember(hashlib.sha256(credential.encode()).digest(), int(time.time()) // WINDOW)


@lru_cache(maxsize=4096)
def _remember(digest: bytes, minute: int) -> None:
    counters().add(CounterKind.ACCEPTED_CREDENTIAL, digest.hex(), REMEMBERED)


def _was_accepted(credential: str) -> bool:
    digest = hashlib.sha256(credential.encode()).hexdigest()
    return counters().was_counted(CounterKind.ACCEPTED_CREDENTIAL, digest, REMEMBERED)


def _has_failed_too_often(kind: CounterKind, who: str) -> bool:
    limit = settings.MANAGE_API_FAILURES_PER_MINUTE or NO_LIMIT
    return counters().read(kind, who, WINDOW) >= limit


# --- Budgets -------------------------------------------------------------------------------


def _throttled(spent: Budget, detail: str) -> ApiError:
    headers = {**spent.headers, "Retry-After": str(spent.reset)}
    return ApiError("throttled", detail, headers=headers)


def _policy(writes: bool) -> tuple[str, int]:
    if writes:
        return "write", settings.MANAGE_API_WRITES_PER_MINUTE or NO_LIMIT
    return "read", settings.MANAGE_API_READS_PER_MINUTE or NO_LIMIT


def _counter(principal: Party, name: str) -> tuple[CounterKind, str]:
    kind = CounterKind.WRITES if name == "write" else CounterKind.READS
    return kind, _name_of(principal)


def _name_of(principal: Party) -> str:
    return f"{principal.kind} {principal.id}"


def _budget(name: str, limit: int, used: int) -> Budget:
    return Budget(name, limit, limit - used, seconds_left(WINDOW))
