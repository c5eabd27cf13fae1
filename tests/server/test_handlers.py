"""Where an address leads to is remembered, and nothing else of it."""

from typing import Any

import pytest
from django.http import Http404
from django.test import RequestFactory

from syteops.server import handlers
from syteops.server.handlers import Utf8Handler
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
