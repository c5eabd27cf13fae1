"""A request that has nothing to tell yet, and may be asked again when there is.

The application works in one thread, so it must not wait there. It says in the request's environment
how long it would wait, or for what; the server keeps the connection, and calls it once more when
something of that was published, the time is up, or what it waits for has come. Where no such server
is, the first answer stands, and what it would wait for is done on the spot.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

# No header can set these: those begin with HTTP_.
_WANTED = "syteops.wait_wanted"
_LEFT = "syteops.wait_left"
_CAN_WORK = "syteops.works_beside"
_WORK = "syteops.work_wanted"
_DONE = "syteops.work_done"

Environ = dict[str, object]
T = TypeVar("T")


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


# --- Work beside the thread of requests ------------------------------------------------------


@dataclass(frozen=True)
class Work:
    """What a request of `who` asks others for over the network, or another program, in a bounded
    time and without this thread's connection of the database. Each `kind` has places of its own:
    whoever waits for one keeps nobody from another.
    """

    kind: str
    who: str
    do: Callable[[], Any]


def works_beside(request: HttpRequest) -> bool:
    """Whether work of this request keeps nobody else waiting, however long it takes."""
    return bool(request.META.get(_CAN_WORK))


def beside(request: HttpRequest, kind: str, who: str, do: Callable[[], T]) -> T | None:
    """What `do` answers or raises, done where nobody else waits for it; None until it is done.

    Until then nobody sees what is answered: see `not_yet`. A request has one such work. It is asked
    again without its body.
    """
    done: Future[T] | None = request.META.get(_DONE)
    if done is not None:
        return done.result()
    if not works_beside(request):
        return do()
    request.META[_WORK] = Work(kind, who, do)
    return None


def not_yet() -> HttpResponse:
    """What is answered where `beside` has none."""
    return HttpResponse(status=202)


def able_to_work_beside(environ: Environ) -> Environ:
    """The environment of a request whose server does work beside it."""
    return {**environ, _CAN_WORK: True}


def wanted_work(environ: Environ) -> Work | None:
    """The work that the application wants to have done, having answered that request."""
    found = environ.get(_WORK)
    return found if isinstance(found, Work) else None


def with_work_done(environ: Environ, done: "Future[Any]") -> Environ:
    """The environment in which the request is asked again."""
    return {**environ, _DONE: done}
