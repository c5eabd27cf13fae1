"""The message that shows that an integration works."""

from typing import Any

import orjson
from django.conf import settings
from django.utils import timezone

TEST_EVENT = "integration.test"
TEST_TEXT = "This is a test message from SyteOps."


def test_message(**data: Any) -> bytes:
    """A message of the shape that events have: type, time and data."""
    shown = {"site": settings.SITE_NAME, "message": TEST_TEXT, **data}
    return orjson.dumps(
        {"type": TEST_EVENT, "timestamp": timezone.now().isoformat(), "data": shown}
    )
