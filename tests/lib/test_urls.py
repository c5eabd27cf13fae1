"""Where the server may send to: every known way to write an address of one's own network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syteops.lib.urls import is_public, problem_of
from tests.each import each

PRIVATE = {
    "http://127.0.0.1/": "loopback",
    "http://127.1/": "short form",
    "http://2130706433/": "decimal",
    "http://0x7f000001/": "hexadecimal",
    "http://0X7F.0.0.1/": "hexadecimal in parts",
    "http://0177.0.0.1/": "octal",
    "http://017700000001/": "octal in one",
    "http://127.0.0.1./": "final dot",
    "http://0/": "zero",
    "http://0.0.0.0:8000/": "unspecified",
    "http://10.0.0.7/": "private",
    "http://172.16.0.1/": "private",
    "http://192.168.1.1/": "private",
    "http://100.64.0.1/": "carrier-grade NAT",
    "http://169.254.169.254/latest/meta-data": "metadata service",
    "http://2852039166/": "metadata service, decimal",
    "http://224.0.0.1/": "multicast",
    "http://255.255.255.255/": "broadcast",
    "http://192.0.2.1/": "documentation",
    "http://[::1]/": "loopback",
    "http://[::]/": "unspecified",
    "http://[::ffff:127.0.0.1]/": "mapped",
    "http://[::ffff:7f00:1]/": "mapped, hexadecimal",
    "http://[::127.0.0.1]/": "compatible",
    "http://[64:ff9b::7f00:1]/": "NAT64",
    "http://[64:ff9b::5db8:d822]/": "NAT64 of a public address",
    "http://[64:ff9b:1::a00:1]/": "local NAT64",
    "http://[::ffff:0:10.0.0.1]/": "translated (SIIT)",
    "http://[::ffff:0:5db8:d822]/": "translated (SIIT) of a public address",
    "http://[fec0::1]/": "site-local",
    "http://[100::1]/": "discard-only",
    "http://[4000::1]/": "no unicast that is assigned",
    "http://[ff0e::1]/": "multicast",
    "http://[2001:db8::1]/": "documentation",
    "http://[2002:5db8:d822::]/": "6to4 of a public address",
    "http://240.0.0.1/": "reserved",
    "http://198.18.0.1/": "benchmarks",
    "http://[2002:7f00:1::]/": "6to4",
    "http://[2001:0:0:0:0:0:80ff:fffe]/": "Teredo",
    "http://[fe80::1]/": "link-local",
    "http://[fe80::1%25eth0]/": "link-local with a zone",
    "http://[fd00::1]/": "unique local",
    "http://localhost/": "name",
    "http://LOCALHOST./": "name in another form",
    "http://api.localhost/": "name below it",
    "http://printer.local/": "multicast DNS",
    "http://db.internal/": "name inside",
    "http://metadata.google.internal/": "metadata service by name",
    "http://router.lan/": "name inside",
    "http://postgres:5432/": "name of a neighbour",
    "http://１２７.0.0.1/": "full-width digits",
    "http://①②⑦.0.0.1/": "circled digits",
    "http://127。0。0。1/": "ideographic full stops",
    "http://192.0.0.192/": "metadata of Oracle's clouds",
    "http://168.63.129.16/": "Azure's own services",
    "http://192.88.99.1/": "relay of 6to4",
    "http://[3fff::1]/": "documentation",
    "http://[2606:2800::5efe:7f00:1]/": "ISATAP",
    "http://[2606:2800::200:5efe:7f00:1]/": "ISATAP",
}
WRONG = {
    "": "nothing",
    "example.com": "no scheme",
    "//example.com/": "no scheme",
    "ftp://example.com/": "another scheme",
    "file:///etc/passwd": "another scheme",
    "gopher://example.com/": "another scheme",
    "javascript:alert(1)": "another scheme",
    "http:example.com": "no host",
    "http://": "no host",
    "http:///path": "no host",
    "http://.": "no host",
    "http://exa mple.com/": "blank",
    " http://example.com/": "blank",
    "http://example.com/\n": "line end",
    "http://example.com\\@127.0.0.1/": "backslash",
    "http://user@example.com/": "user name",
    "http://user:secret@example.com/": "password",
    "http://@example.com/": "empty user name",
    "http://example.com:0/": "port",
    "http://example.com:65536/": "port",
    "http://example.com:http/": "port",
    "http://[::1/": "bracket",
    "http://[zz]/": "no address",
    "http://[::1]6379/": "port without a colon, of which others than urlsplit take",
    "http://[::1]\u0663/": "and in the digits of any script",
    "http://a[::1]:80/": "host before brackets",
    "http://[2606:2800::1%\u00e9]/": "zone that cannot be sent, of which urlsplit takes any",
    "http://[2606:2800::1%\u00b9]/": "and one that compatibility makes a digit",
    "http://exa$mple.com/": "no name",
    "http://a..b.com/": "empty label",
    f"https://example.com/{'a' * 2000}": "too long",
    "https://example.com/\ud800": "half of a surrogate pair",
}
GOOD = [
    "https://example.com",
    "https://example.com/hooks/1?a=b#c",
    "http://example.com:8080/",
    "HTTPS://EXAMPLE.COM/",
    "https://bücher.example.com/",
    "https://xn--bcher-kva.example.com/",
    "https://hooks.slack.com/services/T0/B0/x",
    "http://93.184.216.34/",
    "http://[2606:2800:220:1:248:1893:25c8:1946]/",
    "https://my_host.example.com/",
]


@each("url", PRIVATE)
def test_an_address_of_our_own_network_is_refused(url: str) -> None:
    assert "private" in problem_of(url)


@each("url", PRIVATE)
def test_unless_the_site_allows_it(url: str) -> None:
    assert problem_of(url, allow_private=True) == ""


@each("allow_private", [False, True])
@each("url", WRONG)
def test_what_is_no_web_address_is_refused_in_any_case(url: str, allow_private: bool) -> None:
    assert problem_of(url, allow_private=allow_private)


@pytest.mark.parametrize("url", GOOD)
def test_a_public_web_address_is_good(url: str) -> None:
    assert problem_of(url) == ""


def test_no_message_repeats_the_address() -> None:
    for url in [*PRIVATE, *WRONG]:
        assert not url.strip() or url.strip() not in problem_of(url)


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert isinstance(problem_of(f"https://{text}"), str)
    assert isinstance(is_public(text), bool)


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_an_ipv4_address_is_judged_alike_in_every_notation(ip: object) -> None:
    number = int(ip)  # type: ignore[call-overload]
    for host in (str(ip), str(number), hex(number), f"[::ffff:{ip}]"):
        assert problem_of(f"http://{host}/")
