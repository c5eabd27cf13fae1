"""How many connections a worker keeps open, by how many files this machine lets it open."""

import resource

CONNECTIONS = 2048
"""How many at most. More wait until one of them ends."""
FILES = 2
"""Of a connection: itself, and what is on its way to a client, who may be slow."""
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
