import fcntl
import os
import pickle
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings
from redis import ReadOnlyError, Redis, RedisError
from redis.connection import Connection

from syteops.core import counters
from syteops.core.counters import (
    CounterKind,
    Counters,
    FallbackCounters,
    FileCounters,
    ProcessCounters,
)
from syteops.core.redis_cache import RedisCache
from syteops.settings import databases
from tests.environment import ROOT
from tests.processes import clean_environment
from tests.servers import ServerUnavailable, redis
from tests.waiting import PATIENCE

WINDOW = 60
READS = CounterKind.READS
# They count and know no model: `django.setup()` would take ten times as long as they do.
_ADD = """
from syteops.core.counters import CounterKind, counters
for _ in range(500):
    counters().add(CounterKind.READS, "shared", 3600)
"""


@pytest.fixture(scope="session")
def redis_address() -> Iterator[str]:
    try:
        with redis() as address:
            yield address
    except ServerUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["file", "redis"])
def site(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> dict[str, str]:
    """The environment of a site that counts in a file, and of one that counts in Redis."""
    url = ""
    if request.param == "redis":
        url = f"{request.getfixturevalue('redis_address')}/0"
        settings.CACHES = {"default": databases.cache(url, settings.SECRET_KEY)}
        cache.clear()
    settings.CACHE_URL, settings.DATA_DIR = url, tmp_path
    return {
        "SYTEOPS_DATA_DIR": str(tmp_path),
        "CACHE_URL": url,
        "SECRET_KEY": settings.SECRET_KEY,
    }


@pytest.fixture
def store(site: dict[str, str]) -> Counters:
    found = counters.counters()
    assert isinstance(found, FallbackCounters)
    return found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock."""

    def set_clock(moment: float) -> None:
        monkeypatch.setattr("syteops.core.counters.time.time", lambda: moment)

    return set_clock


def test_names_are_counted_apart(store: Counters) -> None:
    assert [store.add(READS, "alice", WINDOW) for _ in range(3)] == [1, 2, 3]
    assert store.add(READS, "bob", WINDOW) == 1
    assert store.read(READS, "alice", WINDOW) == 3
    assert store.read(READS, "nobody", WINDOW) == 0


def test_no_key_of_one_kind_meets_a_key_of_another(store: Counters) -> None:
    # Kinds and keys that read alike when they are written one after the other.
    store.add(CounterKind.READS, "writes key 1", WINDOW)
    store.add(CounterKind.READS, "\0writes\0key 1", WINDOW)

    assert store.read(CounterKind.WRITES, "key 1", WINDOW) == 0
    assert store.read(CounterKind.READS, "key 1", WINDOW) == 0
    assert store.read(CounterKind.WRITES, "writes key 1", WINDOW) == 0


def test_a_new_window_starts_from_nothing(store: Counters, at: Any) -> None:
    at(1_000_000_019)
    store.add(READS, "alice", WINDOW)
    at(1_000_000_020)

    assert store.read(READS, "alice", WINDOW) == 0
    assert store.add(READS, "alice", WINDOW) == 1


def test_what_was_counted_is_known_for_a_whole_window_after_its_own(
    store: Counters, at: Any
) -> None:
    at(1_000_000_019)
    store.add(READS, "alice", WINDOW)

    for moment, known in ((1_000_000_019, True), (1_000_000_079, True), (1_000_000_080, False)):
        at(moment)
        assert store.was_counted(READS, "alice", WINDOW) is known
        assert store.was_counted(READS, "nobody", WINDOW) is False


@pytest.mark.parametrize("site", ["redis"], indirect=True)
def test_redis_is_asked_once_to_count_and_forgets_by_itself(
    store: Counters, site: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    send: Any = Connection.send_packed_command

    def note(self: Connection, command: Any, *args: Any, **kwargs: Any) -> None:
        asked.append(command)
        send(self, command, *args, **kwargs)

    store.add(READS, "alice", WINDOW)  # connects
    monkeypatch.setattr(Connection, "send_packed_command", note)
    assert [store.add(READS, "alice", WINDOW), store.add(READS, "bob", WINDOW)] == [2, 1]
    assert len(asked) == 2
    client: Any = Redis.from_url(site["CACHE_URL"])
    lasting = [client.ttl(name) for name in client.scan_iter()]
    assert len(lasting) == 2
    assert all(WINDOW < seconds <= 2 * WINDOW for seconds in lasting)


@pytest.mark.skipif(not hasattr(fcntl, "F_OFD_SETLK"), reason="of Linux")
@pytest.mark.parametrize("site", ["file"], indirect=True)
def test_a_file_that_somebody_keeps_locked_is_not_waited_for_without_end(
    store: Counters, site: dict[str, str]
) -> None:
    """Every call waited for it, until the watchdog ended the worker."""
    store.add(READS, "alice", WINDOW)
    with Path(site["SYTEOPS_DATA_DIR"], "counters").open("r+b") as file:
        whole = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, whole)
        assert [store.add(READS, "alice", WINDOW) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("site", ["redis"], indirect=True)
def test_two_sites_with_one_redis_count_apart(site: dict[str, str]) -> None:
    """What is due every hour was done for one of them, and who failed to sign in at the one was
    locked out of the other.
    """
    counted = []
    for secret in ("of one", "of another", "of one"):
        made = databases.cache(site["CACHE_URL"], secret)
        counted.append(RedisCache(made.pop("LOCATION"), made).count("due", 1, WINDOW))
    assert counted == [1, 1, 2]


def test_nothing_is_run_that_somebody_puts_into_a_shared_redis(tmp_path: Path) -> None:
    """Django unpickles what is no number: whoever shares a Redis could run programs here."""
    harm = tmp_path / "harm"

    class Harmful:
        def __reduce__(self) -> Any:
            return Path.touch, (harm,)

    client: Any = RedisCache("redis://127.0.0.1:1", {})._cache
    with pytest.raises(RedisError):
        client._serializer.loads(pickle.dumps(Harmful()))
    assert not harm.exists()
    assert client._serializer.loads(b"12") == 12


def test_connections_to_a_redis_that_takes_no_more_counts_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a failover each machine counted alone, and none was ready, until it was restarted."""
    ended: list[bool] = []
    client: Any = RedisCache("redis://127.0.0.1:1", {})._cache
    kept = client.get_client(None, write=True)

    def refuse() -> None:
        raise ReadOnlyError("You can't write against a read only replica.")

    monkeypatch.setattr(kept, "pipeline", refuse)
    monkeypatch.setattr(kept.connection_pool, "disconnect", lambda: ended.append(True))
    with pytest.raises(ReadOnlyError):
        client.count("one", 1, WINDOW)
    assert ended == [True]


def test_processes_share_one_count(store: Counters, site: dict[str, str]) -> None:
    shared = {name: site[name] for name in ("CACHE_URL", "SECRET_KEY")}
    variables = clean_environment(Path(site["SYTEOPS_DATA_DIR"]), **shared)
    add = [sys.executable, "-c", _ADD]
    running = [subprocess.Popen(add, env=variables, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=PATIENCE) for process in running] == [0, 0]

    assert store.read(READS, "shared", 3600) == 1000


def test_threads_share_one_count(store: Counters) -> None:
    def count() -> None:
        for _ in range(500):
            store.add(READS, "shared", 3600)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.read(READS, "shared", 3600) == 2000


def test_the_file_stays_small_and_whoever_counts_most_is_not_forgotten(tmp_path: Path) -> None:
    store = FileCounters(tmp_path / "counters")
    for _ in range(50):
        store.add(READS, "attacker", 3600)
    for number in range(50_000):
        store.add(READS, f"one of many {number}", 3600)

    assert store.read(READS, "attacker", 3600) == 50
    assert (tmp_path / "counters").stat().st_size < 1_000_000


@pytest.mark.parametrize("kind", [FileCounters, ProcessCounters])
def test_strangers_cannot_have_a_count_of_hours_forgotten(kind: Any, tmp_path: Path) -> None:
    """They count much, in minutes, and choose names that are kept beside it."""
    store = FileCounters(tmp_path / "counters") if kind is FileCounters else ProcessCounters()
    for _ in range(3):
        store.add(CounterKind.WRONG_CODES, "1", 3600)
    _, start = counters._place(CounterKind.WRONG_CODES, "1")
    for number in range(200_000):
        if counters._place(READS, str(number))[1] == start:
            for _ in range(5):
                store.add(READS, str(number), 60)
    assert store.read(CounterKind.WRONG_CODES, "1", 3600) == 3


def test_what_is_taken_back_is_not_counted(store: Counters, at: Any) -> None:
    store.take_back(READS, "alice", WINDOW)
    assert store.read(READS, "alice", WINDOW) == 0
    assert [store.add(READS, "alice", WINDOW) for _ in range(2)] == [1, 2]
    store.take_back(READS, "alice", WINDOW)
    assert store.add(READS, "alice", WINDOW) == 2


# --- A file that cannot be written -----------------------------------------------------------

_ON_A_FULL_DISK = """
import resource
from django.conf import settings
from syteops.core.counters import CounterKind, counters
settings.SECRET_KEY  # makes its file, while one can be written
counts = [counters().add(CounterKind.READS, "alice", 3600)] if EARLY else []
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
counts += [counters().add(CounterKind.READS, "alice", 3600) for _ in range(3)]
assert counters().read(CounterKind.READS, "alice", 3600) == counts[-1]
print(counts)
"""


@pytest.mark.parametrize(("early", "counts"), [("True", "[1, 1, 2, 3]"), ("False", "[1, 2, 3]")])
def test_a_full_disk_leaves_every_process_its_own_count_and_says_so_once(
    tmp_path: Path, early: str, counts: str
) -> None:
    code = _ON_A_FULL_DISK.replace("EARLY", early)
    environment = clean_environment(tmp_path)
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (found.returncode, found.stdout.strip()) == (0, counts), found.stderr
    assert found.stderr.count("Limits are counted by each process alone") == 1, found.stderr


@pytest.fixture
def broken(tmp_path: Path) -> FallbackCounters:
    """Counters whose file cannot be: there is a directory of its name."""
    (tmp_path / "counters").mkdir()
    file = FileCounters(tmp_path / "counters")
    return FallbackCounters(file, ProcessCounters(), OSError, "process")


def test_a_file_that_cannot_be_opened_stops_nobody(
    broken: FallbackCounters, caplog: pytest.LogCaptureFixture
) -> None:
    assert [broken.add(READS, "alice", WINDOW) for _ in range(3)] == [1, 2, 3]
    assert broken.read(READS, "alice", WINDOW) == 3
    assert broken.was_counted(READS, "alice", WINDOW)
    assert len(caplog.records) == 1


def test_the_file_counts_again_once_it_can(
    broken: FallbackCounters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken.add(READS, "alice", 3600)
    (tmp_path / "counters").rmdir()
    FileCounters(tmp_path / "counters").add(READS, "bob", 3600)
    assert broken.read(READS, "bob", 3600) == 0

    broken._away_until = 0.0

    assert broken.add(READS, "bob", 3600) == 2
    assert broken.read(READS, "bob", 3600) == 2


class FullStore(ProcessCounters):
    """One that can be read, as a Redis that is full or a replica; to fail takes it that long."""

    def __init__(self, at: list[float], seconds: float) -> None:
        super().__init__()
        self.tries, self._at, self._seconds = 0, at, seconds

    def add(self, *args: Any, **kwargs: Any) -> int:
        self.tries += 1
        self._at[0] += self._seconds
        raise OSError("full")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [1000.0]
    monkeypatch.setattr("syteops.core.counters.time.monotonic", lambda: at[0])
    return at


def test_what_can_only_be_read_is_not_taken_for_whole(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    """Each time that it was, who had used up a limit began anew, and the log said so twice."""
    store = FallbackCounters(FullStore(clock, 0), ProcessCounters(), OSError, "machine")
    for number in range(1, 5):
        assert store.add(READS, "alice", WINDOW) == number
        clock[0] += 6
        assert store.read(READS, "alice", WINDOW) == number
        assert store.was_counted(READS, "alice", WINDOW)
    assert len(caplog.records) == 1


def test_a_store_that_takes_long_to_fail_is_tried_the_less(clock: list[float]) -> None:
    """Where no name was resolved, a process waited for half of the time."""
    full = FullStore(clock, 5)
    store = FallbackCounters(full, ProcessCounters(), OSError, "machine")
    began = clock[0]
    while clock[0] < began + 600:
        store.add(READS, "alice", WINDOW)
        clock[0] += 1
    assert full.tries * 5 <= 60


def test_a_file_of_anything_counts_from_nothing(tmp_path: Path) -> None:
    (tmp_path / "counters").write_bytes(bytes(range(256)) * 64)
    store = FileCounters(tmp_path / "counters")

    assert [store.add(READS, name, WINDOW) for name in ("a", "b", "a")] == [1, 1, 2]


def test_a_file_that_was_cut_short_is_no_end(tmp_path: Path) -> None:
    store = FileCounters(tmp_path / "counters")
    store.add(READS, "alice", WINDOW)
    (tmp_path / "counters").write_bytes(b"")

    assert [store.add(READS, "alice", WINDOW) for _ in range(2)] == [1, 2]


def test_a_counter_stops_at_what_there_is_room_for(tmp_path: Path) -> None:
    for store in (ProcessCounters(), FileCounters(tmp_path / "counters")):
        for _ in range(3):
            count = store.add(READS, "alice", WINDOW, 3_000_000_000)
        assert count == 2**32 - 1
        store.take_back(READS, "alice", WINDOW, 2**32 - 3)
        assert store.read(READS, "alice", WINDOW) == 2
