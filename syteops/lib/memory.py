"""Memory that is free in a process, and that the system does not get back by itself."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Have the C library return what it keeps for later; glibc's can be asked, others keep less.

    Answers of some 100 kB are made and thrown away between small things that stay, and of what lies
    in between glibc returns nothing.
    """
    with suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
