"""Where a request comes from, and whether that lies within a set of networks.

What cannot be trusted is not guessed: such an address is "", which lies in no network.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from django.conf import settings
from django.http import HttpRequest

UNKNOWN_ADDRESS = "0.0.0.0"  # noqa: S104 - a name for "nobody knows", nothing listens on it


def client_address(request: HttpRequest) -> str:
    """The client's address in its shortest form; "" when it is unknown or malformed."""
    meta = request.META
    return pick_address(
        meta.get("REMOTE_ADDR", ""),
        meta.get("HTTP_X_FORWARDED_FOR", ""),
        settings.TRUSTED_PROXIES,
    )


def absolute_address(request: HttpRequest, path: str) -> str:
    """The address of a page of this site, for others: at SITE_URL, else as the caller wrote it."""
    return f"{settings.SITE_URL}{path}" if settings.SITE_URL else request.build_absolute_uri(path)


def lockout_address(request: HttpRequest) -> str:
    """The address to which failed sign-ins are counted.

    Clients of unknown address share one count: counted to "", nobody would ever be locked out.
    """
    return counted_address(client_address(request)) or UNKNOWN_ADDRESS


def counted_address(address: str) -> str:
    """The address to which failures from `address` are counted, so that a guesser has one.

    In IPv6 that is its /64: whoever has one address usually has all 2^64 of its network.
    """
    if ":" not in address:
        return address
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False).network_address)
    return address


def pick_address(peer: str, forwarded: str, proxies: int) -> str:
    """The address that the outermost of `proxies` trusted proxies saw; with none, the peer's.

    Each proxy appends the address it saw to X-Forwarded-For, so the trusted part is on the right;
    whatever the client wrote itself is further left and never looked at. Too few entries mean
    that the request did not come through all proxies: then nothing is trusted.
    """
    if proxies <= 0:
        return _read_address(peer)
    seen = forwarded.split(",")
    return _read_address(seen[-proxies]) if len(seen) >= proxies else ""


# A port comes behind an IPv4 address or behind brackets, in which some write IPv4 addresses too.
_WITH_PORT = re.compile(r"\s*(?:\[([^\[\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?\s*")


def _without_port(text: str) -> str:
    """What some proxies append, `203.0.113.9:52341` and `[2001:db8::1]:443`, without the port."""
    match = _WITH_PORT.fullmatch(text)
    return (match[1] or match[2] or "") if match else text


def normal_address(text: str) -> str:
    """One spelling per address: IPv6 compressed, IPv4-mapped IPv6 as IPv4, no zone; "" if none."""
    address = _parse(text.strip())
    return "" if address is None else str(address)


def _read_address(text: str) -> str:
    return (_read if len(text) <= _USUAL_LENGTH else _read.__wrapped__)(text)


_USUAL_LENGTH = 56
"""So much an address with a port takes; a stranger's longer texts are not remembered."""


@lru_cache(maxsize=1024)
def _read(text: str) -> str:
    return normal_address(_without_port(text))


def in_networks(address: str, networks: Iterable[str]) -> bool:
    """Whether `address` lies in one of `networks` ("10.0.0.0/8", "2001:db8::/32", "192.0.2.7").

    False for an address or network that is malformed, and when there is no network at all.
    """
    parsed = _parse(address)
    return parsed is not None and any(_contains(network, parsed) for network in networks)


def exact_network(text: str) -> str:
    """One spelling per network, IPv4-mapped IPv6 as IPv4; a single address is one of its own.

    Raises ValueError, in words for whoever wrote it, also for what may be meant otherwise: a zone,
    a netmask, an address with the length of its network.
    """
    text = text.strip()
    if "%" in text:
        raise ValueError(f"The network {text} names a zone. Write it without % and what follows.")
    network = _parse_network(text)
    if network is None:
        like = "203.0.113.0/24 or 2001:db8::/32"
        raise ValueError(f"{text} is no network. Write it like {like}.")
    address, _, length = text.partition("/")
    if length and not length.isdecimal():
        raise ValueError(f"The network {text} has a netmask. Write {network} if you mean that one.")
    if length and _parse(address) != network.network_address:
        choice = f"Write {network} for the whole network, or {address} for that address alone."
        raise ValueError(f"The network {text} begins at another address. {choice}")
    return str(network)


def is_everywhere(network: str) -> bool:
    """Whether every address of its version lies in `network`, so that it limits nothing."""
    parsed = _parse_network(network)
    return parsed is not None and parsed.prefixlen == 0


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _contains(network: str, address: IPv4Address | IPv6Address) -> bool:
    parsed = _parse_network(network)
    return parsed is not None and parsed.version == address.version and address in parsed


@lru_cache(maxsize=1024)
def _parse_network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    mapped = network.network_address.ipv4_mapped if network.version == 6 else None
    if mapped is not None and network.prefixlen >= 96:
        return IPv4Network((mapped, network.prefixlen - 96))
    return network
