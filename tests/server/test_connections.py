"""How many connections a worker keeps open."""

import errno
import resource
import socket
from pathlib import Path

import pytest

from syteops.server.connections import (
    CONNECTIONS,
    FILES,
    UNREAD_FOR,
    connections_of_a_worker,
    end_unread_connections,
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
def test_the_kernel_ends_a_connection_whose_client_takes_nothing(host: str) -> None:
    """460 that sent requests without end and read nothing took all places, for ever."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        assert end_unread_connections()
        with socket.create_connection(server.getsockname()[:2]), server.accept()[0] as accepted:
            kept = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert kept == UNREAD_FOR * 1000


def test_nothing_is_set_on_what_only_sends() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        end_unread_connections()
        assert not one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)


def test_where_files_cannot_be_listed_nobody_is_found_dead_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that had opened all that it may, or had no /proc, ceased to tell that it lives."""

    def no_room(path: Path) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "iterdir", no_room)
    assert not end_unread_connections()
