import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from syteops.core import counters
from syteops.core.counters import CacheCounters, Counters, FileCounters
from tests.environment import ROOT
from tests.processes import clean_environment
from tests.servers import ServerUnavailable, redis

WINDOW = 60
_ADD = """
import django
django.setup()
from syteops.core.counters import counters
for _ in range(500):
    counters().add("shared", 3600)
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
        backend = "django.core.cache.backends.redis.RedisCache"
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": url}}
        cache.clear()
    settings.CACHE_URL, settings.DATA_DIR = url, tmp_path
    return {"SYTEOPS_DATA_DIR": str(tmp_path), "CACHE_URL": url}


@pytest.fixture
def store(site: dict[str, str]) -> Counters:
    found = counters.counters()
    assert isinstance(found, CacheCounters if site["CACHE_URL"] else FileCounters)
    return found


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the clock."""

    def set_clock(moment: float) -> None:
        monkeypatch.setattr("syteops.core.counters.time.time", lambda: moment)

    return set_clock


def test_names_are_counted_apart(store: Counters) -> None:
    assert [store.add("alice", WINDOW) for _ in range(3)] == [1, 2, 3]
    assert store.add("bob", WINDOW) == 1
    assert store.read("alice", WINDOW) == 3
    assert store.read("nobody", WINDOW) == 0


def test_a_new_window_starts_from_nothing(store: Counters, at: Any) -> None:
    at(1_000_000_019)
    store.add("alice", WINDOW)
    at(1_000_000_020)

    assert store.read("alice", WINDOW) == 0
    assert store.add("alice", WINDOW) == 1


def test_what_was_counted_is_known_for_a_whole_window_after_its_own(
    store: Counters, at: Any
) -> None:
    at(1_000_000_019)
    store.add("alice", WINDOW)

    for moment, known in ((1_000_000_019, True), (1_000_000_079, True), (1_000_000_080, False)):
        at(moment)
        assert store.was_counted("alice", WINDOW) is known
        assert store.was_counted("nobody", WINDOW) is False


def test_processes_share_one_count(store: Counters, site: dict[str, str]) -> None:
    variables = clean_environment(Path(site["SYTEOPS_DATA_DIR"]), CACHE_URL=site["CACHE_URL"])
    add = [sys.executable, "-c", _ADD]
    running = [subprocess.Popen(add, env=variables, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]

    assert store.read("shared", 3600) == 1000


def test_threads_share_one_count(store: Counters) -> None:
    def count() -> None:
        for _ in range(500):
            store.add("shared", 3600)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.read("shared", 3600) == 2000


def test_the_file_stays_small_and_whoever_counts_most_is_not_forgotten(tmp_path: Path) -> None:
    store = FileCounters(tmp_path / "counters")
    for _ in range(50):
        store.add("attacker", 3600)
    for number in range(50_000):
        store.add(f"one of many {number}", 3600)

    assert store.read("attacker", 3600) == 50
    assert (tmp_path / "counters").stat().st_size < 1_000_000
