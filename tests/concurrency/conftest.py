from collections.abc import Iterator

import pytest

from tests.concurrency.live import LiveSite, live_site
from tests.databases import fresh_database


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """A site with two servers of two workers each: requests to both run in different processes."""
    with (
        fresh_database() as settings,
        live_site(tmp_path_factory.mktemp("site") / "data", settings, servers=2) as site,
    ):
        yield site
