"""What the server process loads before it starts its workers, so that they share it."""

import gc

import pytest

from manage_api.openapi.compact import compact_entry
from manage_api.operations import all_operations
from syteops.server.launcher import load_what_workers_share


# Without a database: a connection that was open at the fork would be that of several processes.
def test_what_manifests_show_is_made_before_there_are_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for costly in ("collect", "freeze"):
        monkeypatch.setattr(gc, costly, lambda: 0)
    compact_entry.cache_clear()
    load_what_workers_share()
    before = compact_entry.cache_info()
    assert all(compact_entry(one) for one in all_operations())
    assert compact_entry.cache_info().misses == before.misses
