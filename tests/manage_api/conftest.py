from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 5, 17, 12, 30, tzinfo=UTC)


@pytest.fixture
def generous_budgets(settings) -> None:
    """For tests that are not about budgets and would run into one."""
    settings.MANAGE_API_READS_PER_MINUTE = 100_000
    settings.MANAGE_API_WRITES_PER_MINUTE = 100_000
    settings.MANAGE_API_FAILURES_PER_MINUTE = 100_000
