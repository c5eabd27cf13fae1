"""Who receives what estimates are mailed with."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integrations.mailing import site_with_mail
from tests.integrations.smtp_sink import SmtpSink


@pytest.fixture
def sink(settings: Any) -> Iterator[SmtpSink]:
    with site_with_mail(settings) as started:
        yield started
