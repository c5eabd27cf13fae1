import re
from collections.abc import Callable

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from syteops.core.addresses import (
    UNKNOWN_ADDRESS,
    absolute_address,
    client_address,
    counted_address,
    exact_network,
    in_networks,
    lockout_address,
    normal_address,
    pick_address,
)
from tests.each import each

PEER = "198.51.100.9"


def test_without_proxies_the_header_is_ignored() -> None:
    assert pick_address(PEER, "203.0.113.1", 0) == PEER


def test_one_proxy_counts_from_the_right() -> None:
    assert pick_address(PEER, "10.9.9.9, 203.0.113.1", 1) == "203.0.113.1"


def test_two_proxies_count_from_the_right() -> None:
    assert pick_address(PEER, "10.9.9.9, 203.0.113.1, 192.0.2.2", 2) == "203.0.113.1"


def test_what_the_client_wrote_itself_is_never_looked_at() -> None:
    assert pick_address(PEER, "rubbish,, 203.0.113.1", 1) == "203.0.113.1"


@each(
    ("forwarded", "proxies", "reason"),
    [
        ("", 1, "the request went round the proxy"),
        ("203.0.113.1", 2, "one proxy is missing"),
        ("203.0.113.1,", 1, "the trusted entry is empty"),
        ("203.0.113.1, unknown", 1, "RFC 7239 lets a proxy hide the address"),
        ("203.0.113.1:", 1, "a port that is none"),
        ("203.0.113.1:port", 1, "RFC 7239 lets a proxy hide the port, and nobody writes it here"),
        ("203.0.113.1:8080:8080", 1, "two ports"),
        ("[2001:db8::1", 1, "an open bracket"),
        ("2001:db8::1]:443", 1, "a bracket that was never opened"),
        ("[[2001:db8::1]]", 1, "brackets in brackets"),
        ("[]:443", 1, "nothing in the brackets"),
        ("[203.0.113.1, 10.0.0.1]", 2, "brackets do not reach over a comma"),
        ("203.0.113.01", 1, "leading zeros are octal to some and decimal to others"),
        ("203.0.113.1 ; DROP TABLE", 1, "rubbish"),
    ],
)
def test_what_cannot_be_trusted_is_no_address(forwarded: str, proxies: int, reason: str) -> None:
    assert pick_address(PEER, forwarded, proxies) == "", reason


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.9:52341", "203.0.113.9"),
        (" 203.0.113.9:52341 ", "203.0.113.9"),
        ("[203.0.113.9]:52341", "203.0.113.9"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8::1:443", "2001:db8::1:443"),
    ],
)
def test_a_proxy_may_append_ports_and_brackets(forwarded: str, address: str) -> None:
    assert pick_address(PEER, f"10.9.9.9, {forwarded}", 1) == address
    assert pick_address(forwarded, "", 0) == address


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:0201", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("localhost", ""),
        ("1", ""),
    ],
)
def test_an_address_has_one_spelling(written: str, normal: str) -> None:
    assert normal_address(written) == normal


@each(
    ("address", "networks", "inside"),
    [
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("11.1.2.3", ["10.0.0.0/8"], False),
        ("10.1.2.3", ["192.0.2.0/24", "10.1.2.3"], True),
        ("10.1.2.3", ["10.1.2.9/24"], True),
        ("2001:db8::7", ["2001:db8::/32"], True),
        ("2001:db8::7", ["10.0.0.0/8"], False),
        ("::ffff:10.1.2.3", ["10.0.0.0/8"], True),
        ("10.1.2.3", ["::ffff:10.0.0.0/104"], True),
        ("10.1.2.3", ["::/0"], False),
        ("10.1.2.3", [], False),
        ("", ["0.0.0.0/0", "::/0"], False),
        ("rubbish", ["0.0.0.0/0", "::/0"], False),
        ("10.1.2.3", ["rubbish", ""], False),
        ("10.1.2.3", ["rubbish", "10.0.0.0/8"], True),
    ],
)
def test_membership_of_networks(address: str, networks: list[str], inside: bool) -> None:
    assert in_networks(address, networks) is inside


@pytest.mark.parametrize("find", [client_address, lockout_address])
def test_requests_are_read_with_the_configured_number_of_proxies(
    find: Callable[..., str], settings: Settings, rf: RequestFactory
) -> None:
    request = rf.get("/", REMOTE_ADDR=PEER, headers={"X-Forwarded-For": "10.9.9.9, 203.0.113.1"})
    assert find(request) == PEER
    settings.TRUSTED_PROXIES = 1
    assert find(request) == "203.0.113.1"


def test_an_unknown_client_still_counts_towards_a_lockout(rf: RequestFactory) -> None:
    request = rf.get("/", REMOTE_ADDR="")
    assert client_address(request) == ""
    assert lockout_address(request) == UNKNOWN_ADDRESS


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:7::1", "2001:db8:0:7::"),
        ("2001:db8:0:7:ffff:ffff:ffff:ffff", "2001:db8:0:7::"),
        ("2001:db8:0:8::1", "2001:db8:0:8::"),
        ("", ""),
    ],
)
def test_failures_are_counted_per_customer(address: str, counted: str) -> None:
    assert counted_address(address) == counted


# --- What somebody writes as a network -----------------------------------------------------


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("203.0.113.0/24", "203.0.113.0/24"),
        (" 203.0.113.7 ", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("2001:db8:0:0::7", "2001:db8::7/128"),
    ],
)
def test_a_network_is_kept_in_one_spelling(text: str, network: str) -> None:
    assert exact_network(text) == network


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("", "Write it like"),
        ("everywhere", "Write it like"),
        ("203.0.113.0/33", "Write it like"),
        ("203.0.113.0/255.255.255.0", "Write 203.0.113.0/24 if you mean that one"),
        ("203.0.113.0/0.0.0.255", "Write 203.0.113.0/24 if you mean that one"),
        ("203.0.113.7/24", "Write 203.0.113.0/24 for the whole network, or 203.0.113.7"),
        ("2001:db8::7/64", "Write 2001:db8::/64 for the whole network, or 2001:db8::7"),
        ("fe80::1%eth0", "Write it without %"),
    ],
)
def test_one_that_may_be_meant_otherwise_is_refused_with_what_to_write(
    text: str, cure: str
) -> None:
    """Taken for more than was meant, it would let in who should stay out."""
    with pytest.raises(ValueError, match=re.escape(cure)):
        exact_network(text)


def test_the_public_address_wins_over_the_host_that_a_caller_names(settings: Settings) -> None:
    request = RequestFactory().get("/", headers={"host": "localhost:1234"})

    assert absolute_address(request, "/e/x") == "http://localhost:1234/e/x"
    settings.SITE_URL = "https://ops.example.com"
    assert absolute_address(request, "/e/x") == "https://ops.example.com/e/x"
