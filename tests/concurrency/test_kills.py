"""`kill -9` of the server under load. `make soak` does the same fifty times."""

from pathlib import Path

import pytest

from tests.concurrency.soak import soak

pytestmark = pytest.mark.slow


def test_after_each_kill_every_acknowledged_write_is_there_once(
    tmp_path: Path, fresh_database: dict[str, str]
) -> None:
    outcome = soak(tmp_path / "data", fresh_database, kills=3)

    assert outcome.problems == []
    assert outcome.acknowledged > 0
