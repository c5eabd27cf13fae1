"""How many connections a worker keeps open, by how many files this machine lets it open, and how
long one whose client takes nothing of what it is sent."""

import os
import resource
import socket
from contextlib import suppress
from pathlib import Path

CONNECTIONS = 2048
"""How many at most. More wait until one of them ends."""
FILES = 3
"""Of a connection: itself, what is on its way to a client, who may be slow, and what he has asked
for next."""
UNREAD_FOR = 60
"""Seconds for which a client may take nothing of what is on its way to him."""
_OTHER_FILES = 128  # open in a worker beside those


def connections_of_a_worker() -> int:
    """CONNECTIONS, or what this machine lets a process open. Raises that limit if it may.

    Without room for one more file the server would try to accept a connection without end.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES * CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return room_for_connections()


def room_for_connections() -> int:
    """CONNECTIONS, or what this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, _fitting(soft))


def _fitting(files: int) -> int:
    return max((files - _OTHER_FILES) // FILES, 1)


def end_unread_connections() -> bool:
    """Have the kernel end each connection whose client takes nothing for UNREAD_FOR seconds.

    Of answers that are short the server knows only that they wait in the connection, so nobody else
    would. What is set where connections are accepted holds for them; the server opens that itself.
    Whether it has, or there is nothing to set on this machine (Linux has it: tcp(7)).
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is None:
        return True
    found = False
    try:
        files = list(Path("/proc/self/fd").iterdir())
    except OSError:  # no file can be opened at the moment, or there is no /proc
        return False
    for file in files:
        with suppress(OSError):  # no socket of that kind, or closed meanwhile
            if _is_listening(file):
                with socket.socket(fileno=os.dup(int(file.name))) as one:
                    one.setsockopt(socket.IPPROTO_TCP, option, UNREAD_FOR * 1000)
                found = True
    return found


def _is_listening(file: Path) -> bool:
    if not str(file.readlink()).startswith("socket:"):
        return False
    with socket.socket(fileno=os.dup(int(file.name))) as one:
        is_tcp = one.family in (socket.AF_INET, socket.AF_INET6)
        return is_tcp and bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
