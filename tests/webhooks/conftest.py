from collections.abc import Iterator
from typing import Any

import pytest

from tests.events.publish import publish
from tests.integrations.receivers import Receiver, listening
from tests.samples.webhooks import enable_webhooks


@pytest.fixture
def receiver(db: None, settings: Any) -> Iterator[Receiver]:
    """A receiver that this site may reach, the integration enabled, and a feed that has begun."""
    settings.ALLOW_PRIVATE_URLS = True
    with listening() as started:
        enable_webhooks()
        publish()
        yield started
