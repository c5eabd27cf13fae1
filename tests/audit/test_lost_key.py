"""The key that signs the trail is made before the first entry, and never again."""

from collections.abc import Iterator
from typing import Any

import pytest

from syteops.audit import chain, verification
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services
from syteops.env import secret_path

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _lost(settings: Any) -> Iterator[None]:
    """The file is gone, and this process has begun without it."""
    settings.AUDIT_KEY = ""
    file = secret_path("audit_key")
    kept = file.read_text()
    file.unlink()
    chain._first_key.cache_clear()
    yield
    file.write_text(kept)
    chain._first_key.cache_clear()


def test_a_lost_key_is_not_made_anew() -> None:
    assert not chain.is_intact()
    with pytest.raises(chain.TrailBroken):
        services.create_crm_system(SYSTEM, name="New")
    assert "AUDIT_KEY is missing" in verification.verify().problem
    assert not secret_path("audit_key").exists()


def test_it_is_noticed_when_it_is_back() -> None:
    assert not chain.is_intact()
    secret_path("audit_key").write_text("another one, as long as a key has to be")
    assert chain.audit_key().startswith("another one")


def test_a_trail_without_an_entry_begins_with_a_new_one() -> None:
    AuditEntry.objects.all().delete()
    AuditChain.objects.all().delete()
    chain.begin()
    services.create_crm_system(SYSTEM, name="New")
    assert chain.seal_pending() == 1
    assert secret_path("audit_key").exists()
    assert verification.verify().problem == ""
