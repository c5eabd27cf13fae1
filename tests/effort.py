"""How much of the processor a piece of work takes.

The garbage collector stays out of it: once in thousands of tests it walks what all of them have
left, for longer than the work itself takes.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def takes_over(seconds: float, work: Callable[..., object], *given: object) -> bool:
    """Whether the work takes more of the processor than that, three times in a row.

    Once is no proof: a busy machine may be in the way.
    """
    return all(_measure(work, *given) > seconds for _ in range(3))


@contextmanager
def at_most(seconds: float, what: object = "") -> Iterator[None]:
    """Fails if what is inside takes more of the processor than that, or far longer by the clock.

    It gets a second at least: what is linear should be given so much that it would take several
    if it were not. The clock alone sees what a database server does for it. It also sees what
    others do on the machine, so it is given much more.
    """
    assert seconds >= 1, "a busy machine may take a second for anything"
    with _no_collector():
        clock, processor = time.monotonic(), time.process_time()
        yield
        took, passed = time.process_time() - processor, time.monotonic() - clock
    assert took < seconds, what
    assert passed < 20 * seconds, what


def _measure(work: Callable[..., object], *given: object) -> float:
    with _no_collector():
        before = time.process_time()
        work(*given)
        return time.process_time() - before


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
