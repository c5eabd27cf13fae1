"""Addresses that this server may send to: public web addresses, and nothing behind the firewall.

Whoever may enter a URL could otherwise make the server speak to itself, to its neighbours or to
the cloud's metadata service. What is written is judged here; what a name resolves to is judged
again when it is used (`is_public`), because that can change at any time.
"""

import re
import socket
import unicodedata
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ValidationError

from syteops.lib.text import is_one_line

MAX_LENGTH = 2000
_LONGEST_NAME = 253

_NOT_A_URL = "This is no web address. Write it like https://example.com/path."
_SCHEME = "Only http:// and https:// addresses can be used."
_USERINFO = "Leave out the user name and password: they would be stored in plain sight."
_PORT = "The port is no number from 1 to 65535."
_LONG = f"A web address has {MAX_LENGTH} characters at most."
_PRIVATE = (
    "This address is private: it leads into this server's own network. "
    "ALLOWED_PRIVATE_ORIGINS can allow it."
)

_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f\\\ud800-\udfff]")
# Parsers differ in what they make of more: behind brackets, some take a port without a colon;
# within them, some take any letter for a zone, and others raise for what is not ASCII.
_HOST_AND_PORT = re.compile(r"(\[[!-Z^-~]*\]|[^\[\]:]*)(:.*)?")
_PRIVATE_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa")
# What looks like an IPv4 address to the system's resolver: 127.1, 0x7f000001, 2130706433, 0177.1.
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}", re.I)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# What Python calls global (in 3.11 at least), and is nowhere, or a cloud's own service.
_NOWHERE: list[Any] = [
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments; Oracle's clouds have metadata there
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv4Network("168.63.129.16/32"),  # what Azure tells its machines about themselves
    IPv6Network("3fff::/20"),  # documentation
]
_ISATAP = (0x00005EFE, 0x02005EFE)


def problem_of(url: str, *, allow_private: bool = False) -> str:
    """What is wrong with `url` as an address to send to, in plain words; "" when it is good."""
    if len(url) > MAX_LENGTH:
        return _LONG
    parts = _split(url)
    if parts is None:
        return _NOT_A_URL
    if parts.scheme not in ("http", "https"):
        return _SCHEME
    return _problem_of_place(parts, allow_private)


def _problem_of_place(parts: SplitResult, allow_private: bool) -> str:
    if "@" in parts.netloc:
        return _USERINFO
    if not _has_good_port(parts):
        return _PORT
    host = _host(parts)
    if not _is_host(host):
        return _NOT_A_URL
    return "" if allow_private or _may_be_public(host) else _PRIVATE


def validate_web_address(url: str) -> None:
    """Raises ValidationError unless a browser opens it as a page of a site, public or not.

    The host is any name that resolvers take: `crm`, `a_b.example.com`, an address in brackets.
    """
    parts = _split(url) if len(url) <= MAX_LENGTH and is_one_line(url) else None
    good = parts is not None and parts.scheme in ("http", "https")
    if parts is None or not good or not _has_good_port(parts) or not _is_host(_host(parts)):
        raise ValidationError("Write a web address such as https://example.com/path.", "invalid")


def _host(parts: SplitResult) -> str:
    return plain_host(parts.hostname or "")


def plain_host(host: str) -> str:
    """`host` as a resolver sees it: compatible characters made plain, no final dot, lower case."""
    plain = unicodedata.normalize("NFKC", host).replace("。", ".").lower()
    return plain[:-1] if plain.endswith(".") else plain


def is_public(address: str) -> bool:
    """Whether an IP address leads out into the internet.

    By property: of IPv6 only global unicast (2000::/3) does, and nothing that wraps IPv4 (mapped,
    translated, NAT64, 6to4, Teredo, ISATAP), whatever is inside: where that ends is for others to
    decide.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and (ip not in _GLOBAL_UNICAST or _wraps_ipv4(ip)):
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in one for one in _NOWHERE)


def _wraps_ipv4(ip: IPv6Address) -> bool:
    return bool(ip.sixtofour or ip.teredo) or (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP


def moved(before: str | None, after: str | None) -> bool:
    """Whether two addresses differ in their origin (RFC 6454)."""
    return origin_of(before or "") != origin_of(after or "")


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; of what is no address, the text itself, which equals only itself."""
    parts = _split(url)
    if parts is None or not _has_good_port(parts):
        return url, "", None
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, plain_host(parts.hostname or ""), port


def _split(url: str) -> SplitResult | None:
    if _UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
        # Brackets or a mapped name that urlsplit finds wrong only when asked.
        has_host = parts.hostname or not parts.netloc
    except ValueError:
        return None
    place = parts.netloc.rpartition("@")[2]
    return parts if has_host and _HOST_AND_PORT.fullmatch(place) else None


def _has_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    if ":" in host:
        return _is_ip(host)
    if len(host) > _LONGEST_NAME:  # to encode it takes quadratic time
        return False
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    return len(name) <= _LONGEST_NAME and bool(re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", name))


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _may_be_public(host: str) -> bool:
    """Whether `host` is a public IP address in any notation, or a name that may lead to one."""
    if _is_ip(host):
        return is_public(host)
    if _NUMERIC.fullmatch(host):
        try:
            return is_public(socket.inet_ntoa(socket.inet_aton(host)))
        except OSError:
            return False
    if "." not in host:
        return False
    return not host.endswith(tuple(f".{name}" for name in _PRIVATE_NAMES))
