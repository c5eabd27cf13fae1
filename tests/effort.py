"""How much of the processor a piece of work takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def takes_over(seconds: float, work: Callable[..., object], *given: object) -> bool:
    """Whether the work takes more of the processor than that, three times in a row.

    Once is no proof: a busy machine or the collector may be in the way.
    """
    return all(_measure(work, *given) > seconds for _ in range(3))


@contextmanager
def at_most(seconds: float, what: object = "") -> Iterator[None]:
    """Fails if what is inside takes more of the processor than that, or far longer by the clock.

    The clock alone sees what a database server does for it. It also sees what others do on the
    machine, so it is given much more.
    """
    clock, processor = time.monotonic(), time.process_time()
    yield
    assert time.process_time() - processor < seconds, what
    assert time.monotonic() - clock < 20 * seconds, what


def _measure(work: Callable[..., object], *given: object) -> float:
    before = time.process_time()
    work(*given)
    return time.process_time() - before
