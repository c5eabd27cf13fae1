"""How much of what may be long is read at once, so that nobody fills the memory of a process."""

from collections.abc import Iterable
from itertools import accumulate

MOST_READ = 8_000_000
"""Characters together. One call can write two millions of them."""


def how_many_fit(sizes: Iterable[int], most: int | None = None) -> int:
    """How many of the first have no more than `most` together; unless given, MOST_READ.

    The first one counts, whatever it has.
    """
    bound = MOST_READ if most is None else most
    return max(sum(so_far <= bound for so_far in accumulate(sizes)), 1)
