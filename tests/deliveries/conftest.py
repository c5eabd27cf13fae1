from collections.abc import Iterator

import pytest

from tests.deliveries.sending import Post, post_integration
from tests.events.publish import publish


@pytest.fixture
def post(db: None) -> Iterator[Post]:
    """An enabled integration, and a feed that has begun."""
    with post_integration() as post:
        publish()
        yield post
