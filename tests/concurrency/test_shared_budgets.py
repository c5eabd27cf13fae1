"""Budgets hold for all processes together, counted in a file or in Redis, never per process."""

from collections import Counter
from collections.abc import Iterator

import pytest

from manage_api.keys import tokens
from tests import web
from tests.concurrency.live import LiveSite, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.servers import ServerUnavailable, redis

pytestmark = pytest.mark.slow

READS, FAILURES = 20, 15
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.concurrency.held_clock",
    "MANAGE_API_READS_PER_MINUTE": str(READS),
    "MANAGE_API_FAILURES_PER_MINUTE": str(FAILURES),
}


@pytest.fixture(scope="module", params=["file", "redis"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveSite]:
    data_dir = tmp_path_factory.mktemp("site") / "data"
    with new_fresh_database() as database:
        if request.param == "file":
            with live_site(data_dir, {**database, **SETTINGS}, workers=4) as site:
                yield site
            return
        try:
            with redis() as address:
                settings = {**database, **SETTINGS, "CACHE_URL": f"{address}/0"}
                with live_site(data_dir, settings, workers=4) as site:
                    yield site
        except ServerUnavailable as reason:
            pytest.skip(str(reason))


def statuses(site: LiveSite, keys: list[str]) -> Counter[int]:
    """One connection for each request, so that every process gets some."""
    with web.client(base_url=site.servers[0].address, headers={"Connection": "close"}) as client:
        answers = [client.get("/whoami", headers={"X-API-Key": key}) for key in keys]
    return Counter(one.status_code for one in answers)


def test_four_processes_share_the_budget_of_a_key(site: LiveSite) -> None:
    assert statuses(site, [site.key] * 3 * READS) == {200: READS, 429: 2 * READS}


def test_and_cut_a_guesser_off_together(site: LiveSite) -> None:
    guesses = [tokens.new_token().text for _ in range(3 * FAILURES)]
    assert statuses(site, guesses) == {401: FAILURES, 429: 2 * FAILURES}
