"""Memory that is free in a process, and that the system does not get back by itself; and memory
that is in use, which the garbage collector need not walk.
"""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def give_back() -> None:
    """Have the C library return what it keeps for later; glibc's can be asked, others keep less.

    Answers of some 100 kB are made and thrown away between small things that stay, and of what lies
    in between glibc returns nothing.
    """
    with suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def without_collector() -> Iterator[None]:
    """Leave Python's garbage collector out while hundreds of thousands of things are made that all
    stay: it would walk them again and again, a third of the time, to find that.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
