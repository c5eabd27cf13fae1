"""/healthz and /readyz: what they notice, and what they keep to themselves."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import TimeoutError as RedisTimeout

from syteops.audit import chain
from syteops.core import encryption
from syteops.core.counters import RedisCounters
from syteops.core.outages import is_outage
from syteops.dashboard import tasks
from syteops.dashboard.tasks import note_failure, note_success
from syteops.server import encryption_proof, health
from syteops.server.encryption_proof import Proof, read_proof, write_proof
from syteops.server.models import EncryptionProof
from syteops.tasks.models import TaskWorker
from tests.events.publish import a_system
from tests.tasks.samples import stumble

pytestmark = pytest.mark.combination

OTHER_KEY = "0123456789-abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrations_seen", False)
    monkeypatch.setattr(health, "_proved_at", None)
    monkeypatch.setattr(health, "_away_until", {})


@pytest.fixture
def proof(db: None) -> None:
    write_proof()


def not_ready(client: Client) -> dict[str, str]:
    """What each check of a site says that is not ready; it says nothing else."""
    response = client.get("/readyz")
    assert response.status_code == 503
    body = response.json()
    assert body == {"ready": False, "checks": body["checks"]}
    checks: dict[str, str] = body["checks"]
    return checks


def test_alive_needs_no_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"alive": True})


def test_answers_are_not_cached(client: Client) -> None:
    assert "no-store" in client.get("/healthz")["Cache-Control"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_only_reading_is_allowed(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.usefixtures("proof")
def test_ready_when_everything_is_in_order(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "checks": {
            "database": "ok",
            "cache": "ok",
            "migrations": "ok",
            "encryption": "ok",
            "audit": "ok",
            "storage": "ok",
            "background": "ok",
        },
    }


@pytest.mark.usefixtures("proof")
def test_applied_migrations_are_looked_for_once_per_process(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/readyz")
    with django_assert_num_queries(6):  # the last three: what fails, waits and is told
        client.get("/readyz")


def test_a_database_that_is_gone_is_named_without_its_password(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise OperationalError("connection to db.internal failed: password=very-secret")

    monkeypatch.setitem(health._STEPS, "database", fail)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "checks": {
            "database": "unreachable",
            "cache": "not checked",
            "migrations": "not checked",
            "encryption": "not checked",
            "audit": "not checked",
            "storage": "not checked",
            "background": "not checked",
        },
    }
    assert b"secret" not in response.content
    assert b"internal" not in response.content


@pytest.mark.django_db
def test_a_cache_that_is_gone_is_named(client: Client, settings: Settings) -> None:
    """Limits are counted there, and nobody is let in uncounted."""
    settings.CACHES = {
        "default": {
            "BACKEND": "syteops.core.redis_cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    assert not_ready(client)["cache"] == "unreachable"


def test_a_redis_that_does_not_answer_is_not_waited_for_each_time(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Whoever asked often enough took up all the time of the processes, which go on without it."""
    settings.CACHE_URL = "redis://cache.example.com"
    asked: list[object] = []

    def count(*how: object) -> int:
        asked.append(how)
        raise RedisTimeout

    monkeypatch.setattr(RedisCounters, "add", count)
    assert [health._cache() for _ in range(5)] == ["unreachable"] * 5
    assert len(asked) == 1


@pytest.mark.usefixtures("proof")
def test_a_pending_migration_is_named_and_looked_for_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "pending_migrations", lambda: ["crm.0007_more"])
    assert not_ready(client)["migrations"] == "pending: run manage.py setup"
    monkeypatch.setattr(health, "pending_migrations", list)
    assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("proof")
def test_lost_encryption_keys_are_named(client: Client, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE = None
    settings.FIELD_ENCRYPTION_KEYS = [OTHER_KEY]
    checks = not_ready(client)
    assert checks["encryption"] == "the keys do not open what is stored"
    assert OTHER_KEY not in str(checks)


@pytest.mark.usefixtures("proof")
def test_keys_whose_file_is_gone_are_not_made_anew(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    """They would open nothing, and what is stored meanwhile would be lost with them."""
    settings.FIELD_ENCRYPTION_KEY_FILE = tmp_path / "encryption_keys"
    assert not_ready(client)["encryption"] == "the keys do not open what is stored"
    with pytest.raises(encryption.KeysAway, match="missing") as away:
        encryption.ring()
    assert is_outage(away.value)
    assert not settings.FIELD_ENCRYPTION_KEY_FILE.exists()


@pytest.mark.usefixtures("proof")
def test_a_site_that_can_record_nothing_is_not_ready(client: Client, settings: Settings) -> None:
    settings.AUDIT_KEY = "another one, since the file of the former was lost"
    assert "AUDIT_KEY is another" in not_ready(client)["audit"]


@pytest.mark.django_db
def test_a_site_without_proof_is_not_ready(client: Client) -> None:
    assert not_ready(client)["encryption"] == "no proof: run manage.py setup"


# --- Writing -------------------------------------------------------------------------------


@pytest.mark.usefixtures("proof")
def test_a_database_that_takes_no_writes_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(execute: Any, sql: str, *args: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "PRAGMA user_version")):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, *args)

    with connection.execute_wrapper(refuse):
        assert not_ready(client)["storage"] == "unreachable"
    assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("proof")
def test_a_data_directory_that_takes_no_writes_is_not_ready(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path / "gone"
    assert not_ready(client)["storage"] == "unreachable"


@pytest.mark.usefixtures("proof")
def test_a_write_is_proved_every_few_seconds_only(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    monkeypatch.setattr(health, "prove_writable", lambda: writes.append(1))
    for now, written in ((1000.0, 1), (1001.0, 1), (1004.0, 1), (1006.0, 2)):
        monkeypatch.setattr(health, "monotonic", partial(float, now))
        assert client.get("/readyz").status_code == 200
        assert len(writes) == written


@pytest.mark.usefixtures("proof")
@pytest.mark.postgresql_only
def test_room_is_proved_beside_a_write(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("could not write to file: No space left on device")

    monkeypatch.setattr(tasks, "prove_room", fail)
    assert not_ready(client)["storage"] == "unreachable"


@pytest.mark.usefixtures("proof")
@pytest.mark.sqlite_only
def test_the_disk_of_a_database_elsewhere_is_proved_too(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.SQLITE_FILE = tmp_path / "gone" / "db.sqlite3"
    assert not_ready(client)["storage"] == "unreachable"


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_read_only_file_is_noticed_though_nothing_is_written(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_STEPS", {"storage": health._storage})
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            assert not_ready(client)["storage"] == "unreachable"
        finally:
            cursor.execute("PRAGMA query_only = OFF")
    assert client.get("/readyz").status_code == 200


@pytest.mark.usefixtures("proof")
def test_background_work_that_fails_is_named_and_takes_no_server_away(client: Client) -> None:
    note_failure("seal_audit")
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"]["background"] == "failing: seal_audit"
    note_success("seal_audit")
    assert client.get("/readyz").json()["checks"]["background"] == "ok"


@pytest.mark.usefixtures("proof")
def test_tasks_that_wait_for_a_worker_that_is_not_there_are_told(client: Client) -> None:
    stumble.enqueue()
    note_failure("seal_audit")
    response = client.get("/readyz")
    assert response.status_code == 200
    told = "tasks wait and no worker runs; failing: seal_audit"
    assert response.json()["checks"]["background"] == told
    TaskWorker.objects.create(id="w", started_at=timezone.now(), seen_at=timezone.now())
    assert client.get("/readyz").json()["checks"]["background"] == "failing: seal_audit"


@pytest.mark.usefixtures("proof")
def test_changes_that_nobody_tells_are_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No task waits where the worker, which would begin them, is stopped."""
    a_system()
    chain.seal_pending()
    assert client.get("/readyz").json()["checks"]["background"] == "ok"
    later = timezone.now() + timedelta(minutes=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"]["background"] == "changes wait to be told"


# --- The proof -----------------------------------------------------------------------------


@pytest.mark.usefixtures("proof")
def test_the_proof_is_written_once() -> None:
    before = EncryptionProof.objects.get().sealed
    write_proof()
    assert EncryptionProof.objects.get().sealed == before
    assert read_proof() is Proof.OPENS


@pytest.mark.usefixtures("proof")
def test_a_key_put_in_front_keeps_the_proof_open(settings: Settings) -> None:
    old = settings.FIELD_ENCRYPTION_KEY_FILE.read_text().split()
    settings.FIELD_ENCRYPTION_KEY_FILE = None
    settings.FIELD_ENCRYPTION_KEYS = [OTHER_KEY, *old]
    assert read_proof() is Proof.OPENS


@pytest.mark.usefixtures("proof")
def test_another_text_under_the_right_keys_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption_proof, "_TEXT", "something else")
    assert read_proof() is Proof.CLOSED


def test_what_was_waited_for_in_vain_is_not_waited_for_again_at_once(
    client: Client, proof: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers kept the thread of all requests waiting for a lock, and nobody could read."""
    clock, asked = [0.0], []

    def wait() -> str:
        asked.append(clock[0])
        clock[0] += 15
        raise OperationalError

    monkeypatch.setattr(health, "monotonic", lambda: clock[0])
    monkeypatch.setitem(health._STEPS, "storage", wait)
    for _ in range(10):
        assert not_ready(client)["storage"] == "unreachable"
        clock[0] += 5
    assert asked == [0, 60]
    monkeypatch.setitem(health._STEPS, "storage", lambda: "ok")
    clock[0] += 60
    assert client.get("/readyz").status_code == 200
