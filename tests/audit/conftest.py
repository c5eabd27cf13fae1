from collections.abc import Callable
from time import monotonic

import pytest

from syteops.audit import chain, ends_seen
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services


@pytest.fixture
def entries(db: None) -> list[AuditEntry]:
    """Ten sealed entries."""
    for number in range(10):
        services.create_crm_system(SYSTEM, name=f"CRM {number}")
    assert chain.seal_pending() == 10
    return list(AuditEntry.objects.order_by("sequence"))


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets it be so many seconds later than it is."""
    start = monotonic()
    return lambda seconds: monkeypatch.setattr(ends_seen, "monotonic", lambda: start + seconds)
