"""What the server process does before it starts its workers."""

import gc
import os
import re
import runpy
import sys
from importlib.util import find_spec
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import Settings

from manage_api.openapi.compact import compact_entry
from manage_api.operations import all_operations
from syteops.audit.models import AuditEntry
from syteops.core.locks import Busy, exclusive
from syteops.server import serving
from syteops.server.backup import site
from syteops.server.launcher import load_what_workers_share, make_server
from syteops.server.management.commands import serve
from tests.environment import ROOT
from tests.servers import free_port


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


def test_of_two_sites_that_begin_at_one_address_one_serves(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both found it free, and shared it: each answered some of the requests."""
    settings.PORT = free_port()
    held: list[int] = []
    for name in ("one", "another"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(serving, "DATA_DIR", tmp_path / "one")
    held += serving.hold_locks()
    monkeypatch.setattr(serving, "DATA_DIR", tmp_path / "another")
    with pytest.raises(CommandError, match=f"port {settings.PORT}: Address already in use"):
        serving.hold_locks()
    for file in held:
        os.close(file)
    for file in serving.hold_locks():
        os.close(file)


@pytest.mark.parametrize(("host", "family"), [("localhost", "any"), ("127.1", 4), ("::1", 6)])
def test_host_may_be_a_name(settings: Settings, host: str, family: object) -> None:
    """The server takes none, and ended with a traceback at `HOST=localhost`."""
    settings.HOST, settings.PORT = host, free_port()
    address = ip_address(make_server().bind_addr)
    assert address.is_loopback
    assert family in ("any", address.version)


def test_a_site_answers_to_the_address_that_it_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser writes one of IPv6 in brackets."""
    monkeypatch.setenv("HOST", "2001:db8::1")
    read = runpy.run_path(str(ROOT / "syteops" / "settings" / "__init__.py"))
    assert "[2001:db8::1]" in read["ALLOWED_HOSTS"]


def test_a_database_that_has_not_all_letters_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site was set up in it, and no key could be made."""
    told = {"server_encoding": "LATIN1"}
    own = SimpleNamespace(info=SimpleNamespace(parameter_status=told.get))
    there = SimpleNamespace(vendor="postgresql", ensure_connection=int, connection=own)
    monkeypatch.setattr(serving, "connection", there)
    with pytest.raises(CommandError, match=r"texts in LATIN1 .* ENCODING 'UTF8'"):
        serving.require_database()
    told["server_encoding"] = "UTF8"
    serving.require_database()


def test_a_package_that_is_loaded_late_is_missed_before_anybody_needs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serving.require_packages()
    for missing in serving.LOADED_LATE:
        monkeypatch.setattr(serving, "find_spec", lambda name, gone=missing: name != gone or None)
        with pytest.raises(ModuleNotFoundError) as failure:
            serving.require_packages()
        assert failure.value.name == missing


def test_of_every_package_is_known_whether_it_is_loaded_at_the_start() -> None:
    own = ("syteops", "manage_api", "notes", "estimates")
    code = [
        path.read_text(encoding="utf-8") for name in own for path in (ROOT / name).rglob("*.py")
    ]
    named = set(re.findall(r"^[ ]*(?:from|import) (\w+)", "\n".join(code), re.MULTILINE))
    others = named - sys.stdlib_module_names - set(own) - set(serving.LOADED_LATE) - _OPTIONAL
    assert {name for name in others if find_spec(name)} <= _LOADED_AT_THE_START


_OPTIONAL = {"prometheus_client", "sentry_sdk"}
_LOADED_AT_THE_START = {
    *("PIL", "allauth", "anyascii", "axes", "babel", "cryptography", "django", "drf_spectacular"),
    *("django_cryptography", "django_filters", "django_tasks", "django_tasks_db", "environ"),
    *("granian", "httpcore", "jsonschema", "markdown_it", "orjson", "psycopg", "redis", "regex"),
    *("rest_framework", "standardwebhooks", "unfold", "whitenoise"),
}
"""Redis where CACHE_URL is set."""


@pytest.mark.django_db
def test_whoever_restores_is_alone(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    """Of two at once, the one that failed took away the keys that the other had put there."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(serving, "DATA_DIR", tmp_path)
    with serving.alone():
        with pytest.raises(CommandError, match="being restored"):
            serving.keep_restores_away()
        with pytest.raises(CommandError), serving.alone():
            pass
        with pytest.raises(Busy), exclusive(serving.SETUP_LOCK):
            pass
    refused = pytest.raises(CommandError, match="set up or restored")
    with exclusive(serving.SETUP_LOCK), refused, serving.alone():
        pass


@pytest.mark.django_db
def test_sessions_of_a_backup_end_also_where_setup_was_not_run(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    """Of a site that was restored in its own place the rest is set up."""
    settings.DATA_DIR = tmp_path
    news = tmp_path / "restored"
    news.write_text("2026-11-30T18:00:00+00:00")
    monkeypatch.setattr(site, "_NEWS", news)
    for name in (*(one for one in vars(serve) if one.startswith("require_")), "hold_locks"):
        monkeypatch.setattr(serve, name, lambda: None)
    monkeypatch.setattr(serve, "connections", SimpleNamespace(close_all=int))
    monkeypatch.setattr(serve, "serve", lambda **how: None)
    Session.objects.create(session_key="of before", expire_date=timezone.now())
    call_command("serve", stdout=StringIO())
    assert not Session.objects.exists()
    assert not news.exists()
    assert AuditEntry.objects.filter(event="audit.restored").exists()
