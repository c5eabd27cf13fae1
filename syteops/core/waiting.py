"""A request that has nothing to tell yet, and may be asked again when there is.

The application works in one thread, so it must not wait there. It says in the request's environment
how long it would wait; the server keeps the connection, and calls it once more when something of
that was published or the time is up. Where no such server is, the first answer stands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

# No header can set these: those begin with HTTP_.
_WANTED = "syteops.wait_wanted"
_LEFT = "syteops.wait_left"

Environ = dict[str, object]


@dataclass(frozen=True)
class Wait:
    """What a request of `who` waits for: an event behind `seen` that it `wants`, so many seconds.

    What it does not want costs nobody an answer: hundreds may wait for what never happens.
    """

    who: str
    seconds: float
    seen: int
    wants: Callable[[Any], bool]


def want_to_wait(
    request: HttpRequest, who: str, seconds: float, seen: int, wants: Callable[[Any], bool]
) -> None:
    """Have this request of `who` asked again when there is an event behind `seen` that it wants."""
    left = request.META.get(_LEFT, seconds)
    if left > 0:
        request.META[_WANTED] = Wait(who, min(left, seconds), seen, wants)


def is_asked_again(request: HttpRequest) -> bool:
    """Whether this request has been answered before, and has paid for it."""
    return _LEFT in request.META


def wanted_wait(environ: Environ) -> Wait | None:
    """What the application wants to wait for, having answered that request."""
    found = environ.get(_WANTED)
    return found if isinstance(found, Wait) else None


def with_time_left(environ: Environ, seconds: float) -> Environ:
    """The environment in which the request is asked again."""
    return {**environ, _LEFT: seconds}
