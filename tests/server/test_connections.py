"""How many connections a worker keeps open."""

import errno
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from syteops.server.connections import (
    CONNECTIONS,
    FILES,
    LOOKS_EVERY,
    UNREAD_FOR,
    UnreadConnections,
    connections_of_a_worker,
)

NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "raised_to", "connections"),
    [
        ((1024, 1024), 1024, (1024 - 128) // FILES),
        ((1024, 4096), 4096, (4096 - 128) // FILES),
        ((1024, 524_288), FILES * CONNECTIONS + 128, CONNECTIONS),
        ((1024, NONE), FILES * CONNECTIONS + 128, CONNECTIONS),
        ((20_000, 20_000), None, CONNECTIONS),
        ((NONE, NONE), None, CONNECTIONS),
    ],
    ids=["few", "some", "many", "any number", "enough", "no limit"],
)
def test_each_connection_has_room_for_the_file_that_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    raised_to: int | None,
    connections: int,
) -> None:
    """500 strangers who did not read a file of 3 MB took a process that may open 1,024 all of them.

    It accepted nobody any more, and could not open its own files.
    """
    found = [limits]
    monkeypatch.setattr(resource, "getrlimit", lambda kind: found[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda kind, both: found.append(both))
    assert FILES > 2
    assert connections_of_a_worker() == connections
    assert found[1:] == ([(raised_to, limits[1])] if raised_to else [])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_connection_ends_whose_client_takes_nothing_and_no_other(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """460 that sent requests without end and read nothing took all places, for ever."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    unread = UnreadConnections()
    with (
        serving(host) as server,
        a_pair(server) as (silent, one),
        a_pair(server) as (slow, two),
        a_pair(server) as (_, idle),
    ):
        for accepted in (one, two):
            fill(accepted)
        # On a busy machine the first looks find bytes under way, which is as if they were taken.
        for _ in range(UNREAD_FOR // LOOKS_EVERY + 5):
            unread.end()
            clock[0] += LOOKS_EVERY
            slow.recv(200_000)
            fill(two)
        assert [is_ended(accepted) for accepted in (one, two, idle)] == [True, False, False]
        assert silent.recv(1)


def test_what_is_sent_to_others_is_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syteops.server.connections.UNREAD_FOR", 0)
    with serving("127.0.0.1") as elsewhere, a_pair(elsewhere) as (mine, _):
        port = elsewhere.getsockname()[1]
        elsewhere.close()  # of another process
        mine.setblocking(False)
        fill(mine)
        unread = UnreadConnections()
        unread.end()
        assert port not in unread._ports
        assert not is_ended(mine)


def test_where_files_cannot_be_listed_nobody_is_found_dead_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that had opened all that it may, or had no /proc, ceased to tell that it lives."""

    def no_room(path: Path) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "iterdir", no_room)
    UnreadConnections().end()


# --- Connections of this process -------------------------------------------------------------

Pair = tuple[socket.socket, socket.socket]


def serving(host: str) -> socket.socket:
    return socket.create_server(
        (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
    )


@contextmanager
def a_pair(server: socket.socket) -> Iterator[Pair]:
    """A client's end and the server's."""
    with socket.create_connection(server.getsockname()[:2]) as client, server.accept()[0] as one:
        one.setblocking(False)
        yield client, one


def fill(one: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            one.send(b"x" * 100_000)


def is_ended(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
