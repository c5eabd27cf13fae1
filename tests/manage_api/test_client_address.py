"""The networks of a key and the trusted proxies, from the socket's address to the answer."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from syteops.audit.models import AuditEntry

pytestmark = pytest.mark.django_db

PROXY, INSIDE, OUTSIDE = "10.0.0.1", "203.0.113.5", "198.51.100.66"


@pytest.fixture
def key(make_key: Callable[..., str]) -> str:
    return make_key("crm:read", networks=["203.0.113.0/24"])


def call(key: str, peer: str, forwarded: str | None = None) -> tuple[int, str]:
    headers = {"X-API-Key": key} | ({} if forwarded is None else {"X-Forwarded-For": forwarded})
    response = Client().get("/api/manage/v1/whoami", REMOTE_ADDR=peer, headers=headers)
    return response.status_code, response.json().get("code", "")


ADMITTED, REFUSED = (200, ""), (403, "network_not_allowed")


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "reason"),
    [
        (0, INSIDE, None, "the peer is the client"),
        (0, INSIDE, OUTSIDE, "nobody is believed, for better or worse"),
        (0, f"::ffff:{INSIDE}", None, "a socket for both families says so"),
        (1, PROXY, INSIDE, "the proxy saw it"),
        (1, PROXY, f"{OUTSIDE}, {INSIDE}", "what stands before it counts for nothing"),
        (1, PROXY, f"::ffff:{INSIDE}", "a mapped address is that address"),
        (1, PROXY, f"{INSIDE}:52341", "some proxies add the port"),
        (1, PROXY, f"[{INSIDE}]", "or brackets"),
        (2, PROXY, f"{INSIDE}, 10.0.0.2", "the outer proxy saw it"),
        (2, PROXY, f"rubbish, {INSIDE},10.0.0.2", "spaces do not matter"),
    ],
)
def test_it_is_let_in(
    key: str, settings: Settings, proxies: int, peer: str, forwarded: str | None, reason: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert call(key, peer, forwarded) == ADMITTED, reason


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "reason"),
    [
        (0, OUTSIDE, INSIDE, "without proxies anybody can write that header"),
        (0, "", None, "a Unix socket has no address"),
        (1, PROXY, f"{INSIDE}, {OUTSIDE}", "the client wrote the first one itself"),
        (1, PROXY, f"{INSIDE}, {INSIDE}, {OUTSIDE}", "or the first two"),
        (1, INSIDE, None, "it went round the proxy"),
        (1, INSIDE, "", "the same, with an empty header"),
        (1, PROXY, f"{INSIDE},", "the proxy's entry is empty"),
        (1, PROXY, f"{INSIDE}, unknown", "the proxy does not tell"),
        (1, PROXY, f"for={INSIDE}", "that is another header's form"),
        (1, PROXY, "203.0.113.05", "octal to some, decimal to others"),
        (1, PROXY, "203.0.113.5/24", "a network is no address"),
        (1, PROXY, "::ffff:203.0.113.5%eth0, ::1", "a zone, and another address"),
        (2, PROXY, INSIDE, "one proxy is missing: it may have been forged"),
        (2, PROXY, f"{INSIDE}, {OUTSIDE}, 10.0.0.2", "the client wrote the first one itself"),
        (2, INSIDE, None, "it went round both"),
    ],
)
def test_it_is_turned_away(
    key: str, settings: Settings, proxies: int, peer: str, forwarded: str | None, reason: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert call(key, peer, forwarded) == REFUSED, reason


def test_an_unknown_address_is_in_no_network_however_wide(
    make_key: Callable[..., str], settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    everywhere = make_key("crm:read", networks=["0.0.0.0/0", "::/0"])
    assert call(everywhere, PROXY) == REFUSED
    assert call(everywhere, PROXY, OUTSIDE) == ADMITTED


def test_a_key_without_networks_works_from_an_unknown_address(
    make_key: Callable[..., str], settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    assert call(make_key("crm:read"), PROXY) == ADMITTED


def test_the_trail_says_which_address_was_turned_away(key: str, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    call(key, PROXY, f"{INSIDE}, {OUTSIDE}")
    assert AuditEntry.objects.get(code="network_not_allowed").address == OUTSIDE
