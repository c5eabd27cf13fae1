"""How much of the processor a piece of work takes."""

import time
from collections.abc import Callable


def takes_over(seconds: float, work: Callable[..., object], *given: object) -> bool:
    """Whether the work takes more of the processor than that, three times in a row.

    Once is no proof: a busy machine or the collector may be in the way.
    """
    return all(_measure(work, *given) > seconds for _ in range(3))


def _measure(work: Callable[..., object], *given: object) -> float:
    before = time.process_time()
    work(*given)
    return time.process_time() - before
