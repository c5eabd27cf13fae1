"""The one client for all that leaves: what it bounds, and what it does not tell."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from syteops.core import outbound
from syteops.core.outbound import OutboundFailed, exchange, post
from tests.waiting import PATIENCE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


@contextmanager
def answering(answer: Callable[[socket.socket], Any]) -> Iterator[str]:
    """A server that lets `answer` deal with the one connection it takes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                try:
                    answer(connection)
                except OSError:
                    """The other side hung up."""

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(PATIENCE)


@pytest.fixture(autouse=True)
def private_allowed(settings: Any) -> None:
    settings.ALLOW_PRIVATE_URLS = True


FAR_LESS = 30.0
"""Seconds than whoever does not answer takes."""


def drip(connection: socket.socket, start: bytes = b"") -> None:
    """One byte now and then, until the other side hangs up."""
    connection.sendall(start)
    for _ in range(3000):
        connection.sendall(b"x")
        time.sleep(0.02)


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX-Header: ", b"HTTP/1.1 200 OK\r\n\r\n"]
)
def test_whoever_drips_is_given_up_at_the_deadline(start: bytes) -> None:
    with answering(lambda connection: drip(connection, start)) as url:
        before = time.monotonic()
        with pytest.raises(OutboundFailed, match="in time") as failure:
            post(url, b"{}", seconds=1.0, most_bytes=10_000)
        assert time.monotonic() - before < FAR_LESS
        assert failure.value.sent


def test_a_look_up_that_hangs_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: hanging.wait(PATIENCE) or [])
    before = time.monotonic()
    with pytest.raises(OutboundFailed) as failure:
        post("https://slow.example.com", b"{}", seconds=0.1)
    hanging.set()
    assert time.monotonic() - before < FAR_LESS
    assert not failure.value.sent


@pytest.mark.parametrize(
    "url",
    ["https://intranet", "https://printer.internal", "https://me:word@example.com", "ftp://a.com"],
)
def test_what_would_not_be_stored_is_not_even_looked_up(
    url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been stored when the rules, or the site's settings, were others."""
    settings.ALLOW_PRIVATE_URLS = False
    looked_up: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *args, **kw: looked_up.append(host))

    with pytest.raises(OutboundFailed):
        post(url, b"{}")

    assert not looked_up


@pytest.mark.parametrize("odd", ["schlüssel", "\u2019", "\ud800", "two\r\nlines", "\0", " "])
@pytest.mark.parametrize("where", ["name", "value"])
def test_no_header_makes_it_fail_in_another_way(where: str, odd: str) -> None:
    """A key that was pasted with one typographic quotation mark was a bare 500."""
    headers = {odd: "x"} if where == "name" else {"Authorization": f"Bearer {odd}"}
    url = "http://127.0.0.1:9"  # nobody answers there
    with pytest.raises(OutboundFailed) as failure:
        post(url, b"{}", headers, seconds=2.0)
    assert failure.value.__cause__ is None
    assert "schl" not in failure.value.detail


def told(url: str) -> str:
    with pytest.raises(OutboundFailed) as failure:
        post(f"{url}/canary", b"{}", {"X-Token": "canary"}, seconds=0.5)
    assert failure.value.__cause__ is None
    return failure.value.detail


def test_open_closed_and_silent_ports_are_told_apart_by_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        silent = told(f"http://127.0.0.1:{server.getsockname()[1]}")
        port = server.getsockname()[1]
    closed = told(f"http://127.0.0.1:{port}")
    with answering(lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")) as url:
        another = told(url)
    with answering(lambda connection: None) as url:
        reset = told(url)
    with answering(lambda connection: connection.sendall(OK)) as url:
        no_tls = told(url.replace("http:", "https:"))
    assert {silent, closed, another, reset, no_tls} == {outbound._NO_ANSWER}


HELLO_REQUEST = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"


def test_a_handshake_that_never_ends_is_ended_at_the_deadline() -> None:
    """OpenSSL reads on for as long as something comes: a worker's thread never came back."""

    def go_on(connection: socket.socket) -> None:
        while True:
            connection.sendall(HELLO_REQUEST * 100)

    outbound._silent.clear()
    began = time.monotonic()
    with answering(go_on) as url, pytest.raises(OutboundFailed, match="in time"):
        post(url.replace("http:", "https:"), b"{}", seconds=0.3)
    assert time.monotonic() - began < FAR_LESS
    assert len(outbound._silent) == 1
    outbound._silent.clear()


def test_an_answer_is_read_as_far_as_it_is_wanted() -> None:
    for most, body in ((4, b"fine"), (0, b"")):
        with answering(lambda connection: connection.sendall(OK)) as url:
            answer = post(url, b"{}", most_bytes=most)
            assert (answer.status, answer.body) == (200, body)
    with (
        answering(lambda connection: connection.sendall(OK)) as url,
        pytest.raises(OutboundFailed, match="More was answered"),
    ):
        post(url, b"{}", most_bytes=3)


def test_an_answer_in_crumbs_is_not_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight megabytes of single bytes kept a processor busy for ten seconds."""
    monkeypatch.setattr(outbound, "MOST_PIECES", 100)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for count, is_read in ((100, True), (101, False)):
        crumbs = chunked + b"1\r\na\r\n" * count + b"0\r\n\r\n"
        with answering(lambda connection, sent=crumbs: connection.sendall(sent)) as url:  # type: ignore[misc]
            if is_read:
                assert len(exchange("GET", url, b"", most_bytes=1000).body) == count
                continue
            with pytest.raises(OutboundFailed, match="More was answered"):
                exchange("GET", url, b"", most_bytes=1000)


def test_heads_without_an_end_are_read_no_longer_than_it_takes_to_see_that() -> None:
    """They kept a processor busy until the deadline."""

    def go_on(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)

    outbound._silent.clear()
    with answering(go_on) as url, pytest.raises(OutboundFailed) as failure:
        post(url, b"{}", seconds=FAR_LESS)
    assert failure.value.sent
    assert not outbound._silent, "it was not read until the deadline"


def test_of_heads_no_more_is_read_where_a_long_answer_is_wanted() -> None:
    """Nothing is sent that the server would not have read when it hangs up."""
    body = b"x" * 500_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + body
    with answering(lambda connection: connection.sendall(answer)) as url:
        assert exchange("GET", url, b"", most_bytes=1_000_000).body == body
    heads = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000
    with answering(lambda one: one.sendall(heads + answer)) as url, pytest.raises(OutboundFailed):
        exchange("GET", url, b"", most_bytes=1_000_000)


@pytest.mark.parametrize("header", ["Transfer-Encoding", "Content-Length"])
def test_a_header_that_breaks_the_protocol_is_an_error_of_ours(header: str) -> None:
    with (
        answering(lambda connection: connection.sendall(OK)) as url,
        pytest.raises(OutboundFailed, match="cannot be reached"),
    ):
        post(url, b"{}", {header: "Bearer 1"})


def test_a_listed_origin_is_allowed_and_its_neighbour_is_not(settings: Any) -> None:
    settings.ALLOW_PRIVATE_URLS = False
    with answering(lambda connection: connection.sendall(OK)) as url:
        settings.ALLOWED_PRIVATE_ORIGINS = [url]
        assert outbound.url_problem(f"{url}1/x")
        assert outbound.url_problem(url.replace("http:", "https:"))
        with pytest.raises(OutboundFailed, match="private"):
            post("http://127.0.0.1:1/", b"{}")
        assert post(f"{url}/path", b"{}").status == 200


@pytest.mark.parametrize(
    "address",
    ["64:ff9b::5db8:d822", "64:ff9b:1::1", "::ffff:0:93.184.216.34", "fec0::1", "2002:5db8:d822::"],
)
def test_a_name_that_leads_to_a_translated_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: Any, address: str
) -> None:
    settings.ALLOW_PRIVATE_URLS = False
    found = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, 443, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)
    with pytest.raises(OutboundFailed, match="private"):
        post("https://example.com/", b"{}")
