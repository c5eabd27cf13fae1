"""When, from where and how often keys are used: shown on their pages, and no read writes it."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from manage_api.keys import queries, usage
from manage_api.keys.models import KeyCalls, ManageKey
from syteops.core import background
from tests.fixtures import Api, signed_in

pytestmark = pytest.mark.django_db


def key_of(text: str) -> ManageKey:
    return ManageKey.objects.get(public_id=text[4:16])


def call(text: str, times: int = 1) -> None:
    for _ in range(times):
        Api(text).get("/whoami")


# --- Last use --------------------------------------------------------------------------------


def test_the_last_use_is_kept_with_its_address_and_a_read_writes_nothing(site_key: str) -> None:
    with CaptureQueriesContext(connection) as queries_made:
        call(site_key)
    assert all(one["sql"].lstrip("(").startswith("SELECT") for one in queries_made)
    assert key_of(site_key).last_used_at is None
    usage.flush()
    assert key_of(site_key).last_used_address == "127.0.0.1"
    assert key_of(site_key).last_used_at is not None


def test_it_is_written_once_a_minute_at_most(site_key: str) -> None:
    call(site_key)
    usage.flush()
    first = key_of(site_key).last_used_at
    call(site_key)
    usage.flush()
    assert key_of(site_key).last_used_at == first


def test_a_refused_use_is_no_use(revoked_key: str) -> None:
    call(revoked_key)
    usage.flush()
    assert key_of(revoked_key).last_used_at is None
    assert KeyCalls.objects.count() == 0


# --- Calls -----------------------------------------------------------------------------------


def test_every_call_counts_whatever_its_answer_and_each_key_for_itself(
    site_key: str, make_key: Callable[..., str]
) -> None:
    other_key = make_key("crm:read")
    call(site_key, 3)
    Api(site_key).get("/crm-systems/404")
    call(other_key, 2)
    usage.flush()
    call(site_key)
    usage.flush()
    assert queries.calls_in(key_of(site_key), hours=24) == 5
    assert queries.calls_in(key_of(other_key), hours=24) == 2


def test_nothing_to_write_costs_no_query(site_key: str) -> None:
    call(site_key)
    usage.flush()
    with CaptureQueriesContext(connection) as queries_made:
        usage.flush()
    assert len(queries_made) == 0


def test_what_could_not_be_written_counts_the_next_time(
    site_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(site_key, 2)

    def fail(*args: Any) -> None:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(usage, "_write", fail)
        with pytest.raises(DatabaseError):
            usage.flush()
    call(site_key)
    usage.flush()
    assert queries.calls_in(key_of(site_key), hours=24) == 3


def test_only_the_hours_asked_for_are_counted(site_key: str) -> None:
    key, now = key_of(site_key), usage.hour_of(timezone.now())
    for hours, calls in ((0, 1), (23, 10), (24, 100), (24 * 30 - 1, 1000), (24 * 30, 10_000)):
        KeyCalls.objects.create(key=key, hour=now - timedelta(hours=hours), calls=calls)
    assert queries.calls_in(key, hours=24) == 11
    assert queries.calls_in(key, hours=24 * 30) == 1111


def test_days_are_those_of_the_sites_time_zone(
    site_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(site_key)
    KeyCalls.objects.create(key=key, hour=datetime(2026, 3, 1, 22, tzinfo=UTC), calls=3)
    KeyCalls.objects.create(key=key, hour=datetime(2026, 3, 1, 23, tzinfo=UTC), calls=4)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 3, 2, 12, tzinfo=UTC))
    with timezone.override("Europe/Berlin"):
        per_day = queries.calls_per_day(key, 3)
    assert [(day.isoformat(), calls) for day, calls in per_day] == [
        ("2026-02-28", 0),
        ("2026-03-01", 3),
        ("2026-03-02", 4),
    ]


def test_old_counts_are_forgotten(site_key: str) -> None:
    key, now = key_of(site_key), usage.hour_of(timezone.now())
    KeyCalls.objects.create(key=key, hour=now - timedelta(days=32), calls=1)
    kept = KeyCalls.objects.create(key=key, hour=now - timedelta(days=30), calls=1)
    usage.forget_old_calls()
    assert list(KeyCalls.objects.all()) == [kept]


@pytest.mark.django_db(transaction=True)
def test_processes_that_write_at_once_lose_no_call(site_key: str) -> None:
    key, hour = key_of(site_key), usage.hour_of(timezone.now())
    use = usage.Use(timezone.now(), "127.0.0.1")

    def write() -> None:
        for _ in range(10):
            usage._write({key.pk: use}, Counter({(key.pk, hour): 1}))
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert KeyCalls.objects.get().calls == 40


# --- In a server -----------------------------------------------------------------------------


def test_a_server_writes_the_first_call_at_once_and_the_others_with_the_minute(
    site_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[background.Job] = []
    monkeypatch.setattr(usage, "is_running", lambda: True)
    monkeypatch.setattr(usage, "after_answer", left.append)
    monkeypatch.setattr(usage, "_pause_until", 0.0)
    call(site_key, 3)
    assert left == [usage.flush]


# --- On the pages ----------------------------------------------------------------------------


def test_the_pages_show_them(alice: User, site_key: str) -> None:
    key, now = key_of(site_key), usage.hour_of(timezone.now())
    KeyCalls.objects.create(key=key, hour=now, calls=7)
    KeyCalls.objects.create(key=key, hour=now - timedelta(days=3), calls=1230)
    page = signed_in(alice)
    card = page.get("/admin/keys/managekey/").content.decode()
    own = page.get(f"/admin/keys/managekey/{key.public_id}/").content.decode()
    for shown in (card, own):
        assert "7 in 24 hours" in shown
        assert "1237 in 30 days" in shown
    assert ": 1230 calls</span>" in own
    assert own.count("0 calls</span>") == 28 + 1
