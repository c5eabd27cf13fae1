"""Faults under a load of writes, the short ones. `make soak` drives all, and more often."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from django.db import connection

from tests.concurrency.faults import FAULTS
from tests.concurrency.soak import drive
from tests.concurrency.stage import Stage, stage
from tests.servers import postgresql_server

pytestmark = pytest.mark.slow

SHORT, PAUSE = 1.0, 0.05  # seconds: without a pause the writers would keep all processors busy


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        is_sqlite = connection.vendor == "sqlite"
        servers = [] if is_sqlite else [stack.enter_context(postgresql_server())]
        yield stack.enter_context(stage(tmp_path_factory.mktemp("stage"), *servers))


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ("kill-server", 1),
        ("kill-worker", 1),
        pytest.param("lock-file", 1, marks=pytest.mark.sqlite_only),
        pytest.param("restart-database", 1, marks=pytest.mark.postgresql_only),
    ],
)
def test_every_acknowledged_write_is_there_once_and_nothing_else(
    on: Stage, fault: str, times: int
) -> None:
    outcome = drive(replace(FAULTS[fault], lasts=min(SHORT, FAULTS[fault].lasts)), on, times, PAUSE)

    assert outcome.problems == []
    assert outcome.acknowledged > 0
