"""How far the chain reached when this process looked: nobody at the database can change that.

An older end of the chain was signed, too. Whoever does something and then takes the newest entries
away and puts the end of before back leaves a trail that is whole; but not for the processes of the
site, which have seen it reach further.
"""

from math import inf
from time import monotonic

SETTLED = 60.0
"""Seconds. What is younger, a database that fails over to a copy may lose."""


class EndsSeen:
    """The highest number that was the end of the chain when it was looked at so long ago.

    It is noted no oftener than that: what counts is at most twice as old.
    """

    def __init__(self) -> None:
        self._settled = 0
        self._latest, self._seen_at = 0, -inf

    def goes_back(self, number: int) -> bool:
        """Whether the chain, which ends with that number now, once ended with a higher one."""
        now = monotonic()
        if now - self._seen_at >= SETTLED:
            self._settled = max(self._settled, self._latest)
            self._latest, self._seen_at = number, now
        return number < self._settled
