import pytest

from tests.events.publish import publish


@pytest.fixture(autouse=True)
def _the_feed_has_begun(db: None) -> None:
    publish()
