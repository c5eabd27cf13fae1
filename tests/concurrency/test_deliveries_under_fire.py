"""Workers and a receiver are killed while much is changed: each change arrives once, in order.

`make soak` does it with thousands of changes.
"""

from pathlib import Path

import pytest

from tests.concurrency.deliveries import drive
from tests.concurrency.live import live_site
from tests.databases import fresh_database as new_fresh_database

pytestmark = pytest.mark.slow


def test_each_change_arrives_whoever_is_killed_meanwhile(tmp_path: Path) -> None:
    with new_fresh_database() as environment:
        settings = {**environment, "ALLOW_PRIVATE_URLS": "true"}
        with live_site(tmp_path / "data", settings, workers=1) as site:
            outcome = drive(site.servers[0], tmp_path, kills=3, changes=60)

    assert outcome.problems == []
    assert outcome.requests >= outcome.arrived == outcome.changes == 60
