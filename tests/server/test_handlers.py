"""Where an address leads to is remembered, and nothing else of it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.exceptions import DisallowedHost
from django.core.signals import request_finished, request_started
from django.db import connection
from django.http import Http404
from django.test import RequestFactory

from syteops.core.redis_cache import RedisCache
from syteops.server import handlers
from syteops.server.handlers import Utf8Handler, Utf8Request, shorten_signals
from tests.effort import at_most
from tests.fixtures import API


@pytest.fixture
def handler() -> Utf8Handler:
    handlers._resolve.cache_clear()
    return Utf8Handler()


def resolved(handler: Utf8Handler, path: str) -> Any:
    request = RequestFactory().get(path)
    found = handler.resolve_request(request)
    assert request.resolver_match is found
    return found


def test_an_address_of_the_api_is_looked_for_once(handler: Utf8Handler) -> None:
    first, other = (resolved(handler, f"{API}/crm-systems/{slot}") for slot in ("001", "002"))
    assert resolved(handler, f"{API}/crm-systems/001") is first
    assert (first.kwargs, other.kwargs) == ({"crm_num": "001"}, {"crm_num": "002"})


def test_what_is_no_address_is_remembered_by_none(handler: Utf8Handler) -> None:
    for _ in range(2):
        with pytest.raises(Http404):
            resolved(handler, "/no/such/address")
    long = "9" * handlers._LONGEST
    assert resolved(handler, f"{API}/notes/{long}").kwargs == {"id": long}
    resolved(handler, "/admin/")
    assert handlers._resolve.cache_info().currsize == 0


def test_other_addresses_are_found_when_the_routes_are_others(
    handler: Utf8Handler, settings: Any
) -> None:
    resolved(handler, f"{API}/crm-systems/001")
    settings.ROOT_URLCONF = "django.contrib.auth.urls"
    with pytest.raises(Http404):
        resolved(handler, f"{API}/crm-systems/001")


@pytest.fixture
def serving(handler: Utf8Handler, monkeypatch: pytest.MonkeyPatch) -> Iterator[Utf8Handler]:
    """As a process that serves has it."""
    found = request_started, request_finished
    receivers = [list(one.receivers) for one in found]
    monkeypatch.setattr(Utf8Handler, "looks_after_connection", False)
    shorten_signals()
    assert [one.receivers for one in found] == [[], []]
    yield handler
    for one, before in zip(found, receivers, strict=True):
        one.receivers = before


def test_a_connection_that_is_not_usable_is_closed_when_a_request_begins(
    serving: Utf8Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    for name in ("close", "is_usable"):
        monkeypatch.setattr(connection, name, partial(closed.append, name))
    monkeypatch.setattr(connection, "connection", object())
    monkeypatch.setattr(connection, "get_autocommit", lambda: True)
    monkeypatch.setattr(connection, "errors_occurred", True)
    serving.get_response(RequestFactory().get("/healthz"))
    assert closed == ["is_usable", "close"]


def test_what_is_left_out_has_nothing_to_do() -> None:
    for kind in (FileBasedCache, RedisCache):
        assert kind.close is BaseCache.close
    assert [*settings.CACHES, *settings.DATABASES] == ["default"] * 2


def host_of(name: str) -> str:
    request: Any = handlers.Utf8Request({**RequestFactory().get("/").META, "HTTP_HOST": name})
    return str(request.get_host())


def test_a_host_that_is_not_allowed_is_refused_however_often_it_asks(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["one.example", ".two.example"]
    for _ in range(2):
        assert host_of("one.example:8000") == "one.example:8000"
        assert host_of("any.two.example") == "any.two.example"
        for name in ("three.example", "one.example.evil", "one.example:x", "one.example/"):
            with pytest.raises(DisallowedHost):
                host_of(name)


def test_a_host_is_no_longer_allowed_when_the_settings_are_others(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["one.example"]
    assert host_of("one.example") == "one.example"
    settings.ALLOWED_HOSTS = ["two.example"]
    with pytest.raises(DisallowedHost):
        host_of("one.example")


def test_where_all_hosts_are_allowed_none_is_of_which_no_address_can_be_made(settings: Any) -> None:
    """What led to the sign-in was an unforeseen error, of 27 lines of the log."""
    settings.ALLOWED_HOSTS = ["*"]
    assert host_of("[2001:db8::1]:8000") == "[2001:db8::1]:8000"
    for name in ("[:::]", "[::1::]", f"[{':' * 9_000}]"):
        with pytest.raises(DisallowedHost):
            host_of(name)


def test_however_many_hosts_there_are_only_some_are_remembered(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for number in range(handlers._MOST_HOSTS + 5):
        host_of(f"{number}.example")
    assert 0 < len(handlers._allowed) <= handlers._MOST_HOSTS


def test_cookies_of_backslashes_take_no_time() -> None:
    """A header of 60 kB had Python 3.11.7 at it for twenty seconds, before any sign-in."""
    escaped = '\\"' * 30_000
    environ = RequestFactory().get("/", headers={"Cookie": f'one=1; x="{escaped}"'}).environ
    with at_most(1.0):
        cookies = Utf8Request(environ).COOKIES
    assert cookies == {"one": "1", "x": '"' * 30_000}
