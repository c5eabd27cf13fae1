"""Clients that send a part of a body, far too much of it, or all of it slowly, at a real server."""

import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests import web
from tests.concurrency.live import API, LiveSite, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

DEADLINE = 10.0  # seconds: a loaded machine does in them what is done before they are over
CRM = f"{API}/crm-systems"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        settings = {**environment, "REQUEST_TIMEOUT": f"{DEADLINE:g}"}
        data_dir = tmp_path_factory.mktemp("site") / "data"
        with live_site(data_dir, settings, workers=1) as site:
            yield site


@pytest.fixture
def client(site: LiveSite) -> Iterator[httpx.Client]:
    with site.servers[0].client() as client:
        yield client


def begin(site: LiveSite, path: str, *headers: str, body: bytes = b"") -> socket.socket:
    """A connection that has sent the head of a POST and this much of its body."""
    connection = socket.create_connection(("127.0.0.1", site.servers[0].port), timeout=PATIENCE)
    head = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
    return connection


def answer_on(connection: socket.socket) -> tuple[int, str, str]:
    """Status, head and body of the answer, until the server closes the connection."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    head, _, body = received.decode().partition("\r\n\r\n")
    return int(head.split()[1]), head.lower(), body


def test_half_a_body_is_given_up_in_time_and_holds_nobody_up(
    site: LiveSite, client: httpx.Client
) -> None:
    """More of them than the server has threads, without a key and with a wrong one."""
    began = time.monotonic()
    headers = ["Content-Length: 100", "X-API-Key: som_wrong"]
    half = [begin(site, CRM, *headers, body=b'{"name": "') for _ in range(20)]
    half += [begin(site, "/admin/login/", "Content-Length: 100", body=b"a") for _ in range(5)]
    half += [begin(site, CRM, "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n") for _ in range(5)]
    assert client.get("/crm-systems").status_code == 200
    assert client.post("/crm-systems", json={"name": "Meanwhile"}).status_code == 201
    assert select.select(half, [], [], 0)[0] == [], "some were given up before"
    answers = [answer_on(one) for one in half]
    assert time.monotonic() - began < DEADLINE + PATIENCE
    assert {status for status, _, _ in answers} == {408}
    head, body = answers[0][1:]
    assert "content-type: application/problem+json" in head
    assert "connection: close" in head
    number = re.search(r"x-request-id: (\w+)", head)
    assert number
    assert '"code":"request_timeout"' in body
    assert number[1] in body
    assert "text/html" in answers[20][1]
    assert "<h1>" in answers[20][2]


@pytest.mark.parametrize("path", [CRM, "/wp-json/syteops/v1/manage/dispatch", "/admin/login/"])
def test_a_body_over_the_limit_is_refused_from_its_length(site: LiveSite, path: str) -> None:
    with closing(begin(site, path, "Content-Length: 9000000")) as connection:
        status = connection.recv(65_536).split()[1]
    assert status == b"413"


@pytest.mark.parametrize("kind", ["with a length", "in chunks"])
def test_whoever_sends_far_too_much_reads_why(client: httpx.Client, kind: str) -> None:
    """Closed at once, the connection would often be reset before the answer is read."""
    content: Any = b"x" * 5_000_000
    if kind == "in chunks":
        content = (b"x" * 100_000 for _ in range(50))
    answer = client.post("/crm-systems", content=content)
    assert answer.status_code == 413
    assert answer.json()["code"] == "payload_too_large"


def test_a_body_that_comes_in_drips_but_in_time_is_stored(
    site: LiveSite, client: httpx.Client
) -> None:
    body = b'{"name": "By drips"}'
    headers = [f"Content-Length: {len(body)}", f"X-API-Key: {site.key}", "Connection: close"]
    with closing(begin(site, CRM, *headers)) as connection:
        for byte in body:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
        status, _, stored = answer_on(connection)
    assert status == 201
    assert '"name":"By drips"' in stored
    assert "By drips" in client.get("/crm-systems").text


def test_a_body_in_chunks_is_read_like_any_other(client: httpx.Client) -> None:
    """Taken for no body at all, a PATCH would say 200 and store nothing."""
    kind = {"Content-Type": "application/json"}

    def send(method: str, path: str, *parts: bytes) -> httpx.Response:
        return client.request(method, path, content=iter(parts), headers=kind)

    made = send("POST", "/crm-systems", b'{"na', b'me": "One"}')
    assert made.status_code == 201
    path = f"/crm-systems/{made.json()['crm_num']}"
    assert send("PATCH", path, b'{"name": "Uno"}').json()["name"] == "Uno"
    assert send("PATCH", path, b"{").json()["code"] == "parse_error"
    call = b'{"resource": "crm", "action": "create", "params": {"name": "Two"}}'
    assert send("POST", "/dispatch", call).json()["ok"] is True


def test_a_body_that_is_no_body_is_refused_in_words(site: LiveSite) -> None:
    with closing(begin(site, CRM, "Transfer-Encoding: chunked", body=b"zz\r\n")) as connection:
        status, _, body = answer_on(connection)
    assert (status, '"code":"parse_error"' in body) == (400, True)


def test_a_form_may_be_larger_than_what_the_api_takes(site: LiveSite) -> None:
    url = f"http://127.0.0.1:{site.servers[0].port}/admin/login/"
    answer = web.post(url, files={"picture": b"x" * 4_000_000})
    assert answer.status_code == 403  # for want of a token, after all of it was read


def test_whoever_does_not_read_holds_nobody_up(site: LiveSite, client: httpx.Client) -> None:
    """A file that is larger than what the sockets of both sides hold."""
    page = client.get("/docs").text
    script = re.search(r'src="(/static/[^"]*scalar[^"]*)"', page)
    assert script
    port = site.servers[0].port
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader.connect(("127.0.0.1", port))
        reader.sendall(f"GET {script[1]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert reader.recv(15) == b"HTTP/1.1 200 OK"
        assert client.get("/crm-systems").status_code == 200
    whole = web.get(f"http://127.0.0.1:{port}{script[1]}", headers={"Accept-Encoding": ""})
    assert len(whole.content) == int(whole.headers["Content-Length"]) > 1_000_000
    seen = {"If-None-Match": whole.headers["ETag"]}
    unchanged = web.get(str(whole.url), headers={**seen, "Accept-Encoding": ""})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
