"""A site for processes that work on tasks."""

from collections.abc import Iterator

import pytest

from tests.concurrency.live import LiveSite, live_site
from tests.databases import fresh_database as new_fresh_database


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        data_dir = tmp_path_factory.mktemp("site") / "data"
        with live_site(data_dir, environment, servers=0) as site:
            yield site
