"""Programs that are started and end with who has started them."""

import os
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG, _SIGKILL = 1, 9
_BIND = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {_SIGKILL})
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def ending_with_us(command: Sequence[str]) -> list[str]:
    """The command, by its full path, for `subprocess`: it ends when the thread that starts it does.

    However that ends: a program whose parent was killed would go on by itself. On Linux only.
    """
    if sys.platform != "linux":
        return [*command]
    # In a process between the two: to do it in a fork of this one is not safe beside threads.
    return [sys.executable, "-I", "-S", "-c", _BIND, str(os.getpid()), *command]
