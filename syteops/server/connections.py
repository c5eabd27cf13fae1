"""How many connections a worker keeps open, by how many files this machine lets it open, and how
long one whose client takes nothing of what it is sent."""

import os
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from termios import TIOCOUTQ

CONNECTIONS = 2048
"""How many at most. More wait until one of them ends."""
FILES = 3
"""Of a connection: itself, what is on its way to a client that is slow, and what that one has asked
for next."""
UNREAD_FOR = 60
"""Seconds for which a client may take nothing of what is on its way to it."""
LOOKS_EVERY = 10
"""Seconds between two looks at what was taken."""
_TAKEN = struct.Struct("=120xQ")  # of the kernel's tcp_info (linux/tcp.h): tcpi_bytes_acked
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


class UnreadConnections:
    """Those whose clients take nothing of what is on its way to them.

    Of answers that are short the server knows only that they wait in the connection, so nobody else
    would end them. The kernel's own limit (TCP_USER_TIMEOUT) would end those of slow clients, too:
    it counts from when the client's buffer was full first, however much was taken since.
    """

    def __init__(self) -> None:
        self._ports: set[int] = set()
        self._looked_at = 0.0
        self._seen: dict[str, tuple[int, float]] = {}
        """By connection: how much was taken, and since when it is as much."""

    def end(self) -> None:
        """End each that was like that for UNREAD_FOR seconds, if it is time to look."""
        now = time.monotonic()
        if not hasattr(socket, "TCP_INFO") or now - self._looked_at < LOOKS_EVERY:
            return
        self._looked_at, before, self._seen = now, self._seen, {}
        with suppress(OSError):  # no file can be opened at the moment, or there is no /proc
            for name, one in _sockets():
                with suppress(OSError):  # it has ended
                    self._look_at(name, one, before, now)

    def _look_at(
        self, name: str, one: socket.socket, before: dict[str, tuple[int, float]], now: float
    ) -> None:
        port = one.getsockname()[1]
        if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._ports.add(port)
        elif port in self._ports and (taken := _taken(one)) is not None:
            told = before.get(name)
            self._seen[name] = told if told and told[0] == taken else (taken, now)
            if now - self._seen[name][1] >= UNREAD_FOR:
                one.shutdown(socket.SHUT_RDWR)  # the server finds it ended


def _taken(one: socket.socket) -> int | None:
    """Bytes that the client has taken so far; None where nothing is on its way, or nobody tells."""
    if not struct.unpack("i", ioctl(one, TIOCOUTQ, bytes(4)))[0]:
        return None
    told = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TAKEN.size)
    return _TAKEN.unpack(told)[0] or None if len(told) == _TAKEN.size else None


def _sockets() -> Iterator[tuple[str, socket.socket]]:
    """This process's TCP sockets, each by a name of its own and for a moment."""
    for file in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            name = str(file.readlink())
            if name.startswith("socket:"):
                with socket.socket(fileno=os.dup(int(file.name))) as one:
                    is_of_network = one.family in (socket.AF_INET, socket.AF_INET6)
                    if is_of_network and one.type == socket.SOCK_STREAM:
                        yield name, one
