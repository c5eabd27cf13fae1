"""How far this process has seen the chain reach, and when: nobody at the database can change that.

An older end of the chain was signed, too. Whoever does something and then takes the newest entries
away and puts the end of before back leaves a trail that is whole; but not for the processes of the
site, which have seen it reach further. Nor does whoever keeps entries from being sealed, to delete
one of them, stay unnoticed: entries wait, and the end of the chain does not move.
"""

from collections import deque
from threading import Lock
from time import monotonic

SETTLED = 60.0
"""Seconds. What is younger, a database that fails over to a copy may lose."""
PATIENCE = 60.0
"""Seconds without a seal while an entry waits for one. It comes within two."""
_APART = 1.0
"""Seconds: what is seen within so few is kept as one."""


class EndsSeen:
    """The highest number that the chain is known to have reached so long ago."""

    def __init__(self) -> None:
        self._settled = 0
        self._younger: deque[tuple[float, int]] = deque()
        self._stands: tuple[int, float] | None = None
        self._lock = Lock()

    def note(self, number: int) -> None:
        """The chain ends with that number now."""
        now = monotonic()
        with self._lock:
            if self._younger and now - self._younger[-1][0] < _APART:
                at, before = self._younger.pop()
                self._younger.append((at, max(before, number)))
            else:
                self._younger.append((now, number))
            while self._younger[0][0] <= now - SETTLED:
                self._settled = max(self._settled, self._younger.popleft()[1])

    def goes_back(self, number: int) -> bool:
        """Whether the chain, which ends with that number now, once ended with a higher one."""
        self.note(number)
        return number < self._settled

    def stands_still(self, number: int, is_one_waiting: bool) -> bool:
        """Whether the chain has ended with that number for too long, an entry waiting each time."""
        with self._lock:
            if not is_one_waiting:
                self._stands = None
                return False
            if self._stands is None or self._stands[0] != number:
                self._stands = number, monotonic()
            return monotonic() - self._stands[1] > PATIENCE
