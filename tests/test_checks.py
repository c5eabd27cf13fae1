"""Settings that can be read but would not work are refused by a check that names them."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

from syteops import checks
from syteops.checks import check_settings

GOOD_SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz"


def findings() -> dict[str, CheckMessage]:
    return {str(message.id): message for message in check_settings()}


def test_the_defaults_are_in_order() -> None:
    assert findings() == {}


@pytest.mark.django_db
def test_the_checks_run_with_django_s() -> None:
    assert not [one for one in run_checks() if str(one.id).startswith("syteops.")]


@pytest.mark.parametrize(
    ("values", "number", "named"),
    [
        ({"SECRET_KEY": "short"}, "E002", "SECRET_KEY"),
        ({"SECRET_KEY": "a" * 64}, "E002", "SECRET_KEY"),
        ({"SECRET_KEY_FALLBACKS": ["short"]}, "E002", "SECRET_KEY_FALLBACKS"),
        ({"AUDIT_KEY": "short"}, "E002", "AUDIT_KEY"),
        ({"PORT": 0}, "E004", "PORT"),
        ({"PORT": 65_536}, "E004", "PORT"),
        ({"WORKERS": 0}, "E005", "WORKERS"),
        ({"TRUSTED_PROXIES": -1}, "E006", "TRUSTED_PROXIES"),
        ({"MANAGE_API_PAGE_SIZE": 0}, "E007", "MANAGE_API_PAGE_SIZE"),
        ({"MANAGE_API_PAGE_SIZE": 201}, "E008", "MANAGE_API_PAGE_SIZE"),
        ({"MANAGE_API_MAX_BODY": 0}, "E009", "MANAGE_API_MAX_BODY"),
        ({"MANAGE_API_READS_PER_MINUTE": -1}, "E009", "MANAGE_API_READS_PER_MINUTE"),
        ({"AUDIT_RETENTION_DAYS": -1}, "E009", "AUDIT_RETENTION_DAYS"),
        ({"AXES_FAILURE_LIMIT": 0}, "E009", "LOGIN_FAILURE_LIMIT"),
        ({"CSRF_TRUSTED_ORIGINS": ["https://a.example/"]}, "E010", "CSRF_TRUSTED_ORIGINS"),
        ({"CACHE_URL": "memcached://h"}, "E011", "CACHE_URL"),
        ({"CACHE_URL": "redis://h:abc/0"}, "E011", "CACHE_URL"),
        ({"CACHE_URL": "redis://:pass#word@h/0"}, "E011", "CACHE_URL"),
        ({"CACHE_URL": "redis://h:99999/0"}, "E011", "CACHE_URL"),
        ({"CACHE_URL": "redis://[::1/0"}, "E011", "CACHE_URL"),
        ({"CACHE_URL": "redis://h/0?timeout=3"}, "E011", "CACHE_URL"),
        ({"CACHE_URL": "redis://h/0?socket_timeout=x"}, "E011", "CACHE_URL"),
        ({"CACHE_URL": "rediss://h/0?ssl_cert_reqs=x"}, "E011", "CACHE_URL"),
        ({"WORKER_TIMEOUT": 20}, "E015", "WORKER_TIMEOUT"),
        ({"DATABASE_TIMEOUT": 120}, "E015", "WORKER_TIMEOUT"),
        ({"ALLOWED_HOSTS": ["*"]}, "W001", "ALLOWED_HOSTS"),
        ({"DEBUG": True, "HOST": "0.0.0.0"}, "W003", "DEBUG"),
        ({"HTTPS": True, "TRUSTED_PROXIES": 0}, "W004", "HTTPS"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_with_its_cure(
    settings: Settings, values: dict[str, Any], number: str, named: str
) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
    found = findings()
    assert list(found) == [f"syteops.{number}"]
    message = found[f"syteops.{number}"]
    assert message.msg.startswith(f"{named} ")
    assert message.hint


@pytest.mark.django_db
def test_an_origin_without_scheme_is_refused_by_django(settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["ops.example.com"]
    assert "CSRF_TRUSTED_ORIGINS" in "".join(one.msg for one in run_checks())


@pytest.mark.parametrize(
    "values",
    [
        {"ALLOWED_HOSTS": ["*"], "DEBUG": True},
        {"HTTPS": True, "TRUSTED_PROXIES": 1},
        {"WORKER_TIMEOUT": 21},
        {"CACHE_URL": "rediss://cache.example.com:6379/0"},
        {"CACHE_URL": "redis://:p%23@[2001:db8::1]/1?socket_timeout=2"},
        {"CACHE_URL": "unix:///run/redis.sock?db=1"},
        {"CSRF_TRUSTED_ORIGINS": ["https://ops.example.com:8443", "https://*.example.com"]},
        {"FIELD_ENCRYPTION_KEYS": [GOOD_SECRET], "FIELD_ENCRYPTION_KEY_FILE": None},
    ],
)
def test_sensible_values_pass(settings: Settings, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(settings, name, value)
    assert findings() == {}


def test_a_data_directory_that_cannot_be_made_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(checks, "DATA_DIR", tmp_path / "file" / "data")
    assert "SYTEOPS_DATA_DIR" in findings()["syteops.E001"].msg


def test_files_in_it_that_this_user_cannot_write_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As root left them: each write with an Idempotency-Key failed, and no start said so."""
    for name in ("locks", "serve-8000.lock", "note of somebody"):
        (tmp_path / name).touch()
    monkeypatch.setattr(checks, "DATA_DIR", tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) == tmp_path)
    message = findings()["syteops.E001"]
    assert message.msg.endswith(f": {tmp_path / 'locks'}, {tmp_path / 'serve-8000.lock'}.")
    assert "chown" in str(message.hint)


def test_what_is_no_file_in_it_or_no_directory_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whoever opened the locks got a traceback, and nothing said what to do."""
    monkeypatch.setattr(checks, "DATA_DIR", tmp_path)
    (tmp_path / "uploads").symlink_to(tmp_path)
    for name in ("locks", "serve.lock", "counters", "audit_head", "audit_head.new", "restored"):
        os.mkfifo(tmp_path / name)
        assert f" {tmp_path / name} is a named pipe." in findings()["syteops.E001"].msg
        (tmp_path / name).unlink()
    for name in ("cache", "metrics", "uploads", "static"):
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).touch()
        assert f" {tmp_path / name} is a plain file." in findings()["syteops.E001"].msg
        for place in ("away", name):
            (tmp_path / name).unlink()
            (tmp_path / name).symlink_to(place)
            found = findings()["syteops.E001"].msg
            assert f" {tmp_path / name} is a link that leads nowhere" in found
        (tmp_path / name).unlink()
    assert "syteops.E001" not in findings()


def test_a_data_directory_that_others_can_open_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(checks, "DATA_DIR", tmp_path)
    message = findings()["syteops.W005"]
    assert str(tmp_path) in message.msg
    assert "manage.py setup" in str(message.hint)


# --- Encryption keys -----------------------------------------------------------------------


def test_weak_encryption_keys_are_refused_and_not_shown(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE = None
    settings.FIELD_ENCRYPTION_KEYS = [GOOD_SECRET, "weak-key"]
    message = findings()["syteops.E003"]
    assert "FIELD_ENCRYPTION_KEYS" in message.msg
    assert "weak-key" not in str(message)


@pytest.mark.parametrize("content", ["", "short\n", f"{GOOD_SECRET}\nshort\n", "é" * 40])
def test_a_key_file_without_proper_keys_is_refused(
    settings: Settings, tmp_path: Path, content: str
) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE = _key_file(tmp_path, content, 0o600)
    assert "encryption_keys" in findings()["syteops.E003"].msg


def test_a_key_file_that_others_can_read_is_reported(settings: Settings, tmp_path: Path) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE = _key_file(tmp_path, GOOD_SECRET, 0o644)
    assert str(findings()["syteops.W002"].hint).startswith("chmod 600 ")


def test_a_key_file_of_its_owner_alone_passes(settings: Settings, tmp_path: Path) -> None:
    settings.FIELD_ENCRYPTION_KEY_FILE = _key_file(tmp_path, f"{GOOD_SECRET}\n", 0o600)
    assert findings() == {}


def _key_file(directory: Path, content: str, mode: int) -> Path:
    file = directory / "encryption_keys"
    file.write_text(content, encoding="utf-8")
    file.chmod(mode)
    return file
