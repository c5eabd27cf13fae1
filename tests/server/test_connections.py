"""How many connections a worker keeps open."""

import resource

import pytest

from syteops.server.connections import CONNECTIONS, connections_of_a_worker

NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "raised_to", "connections"),
    [
        ((1024, 1024), 1024, (1024 - 128) // 2),
        ((1024, 4096), 4096, (4096 - 128) // 2),
        ((1024, 524_288), 2 * CONNECTIONS + 128, CONNECTIONS),
        ((1024, NONE), 2 * CONNECTIONS + 128, CONNECTIONS),
        ((20_000, 20_000), None, CONNECTIONS),
        ((NONE, NONE), None, CONNECTIONS),
    ],
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
    assert connections_of_a_worker() == connections
    assert found[1:] == ([(raised_to, limits[1])] if raised_to else [])
