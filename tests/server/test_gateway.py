"""Between the server and the application: what it is told, what is read for it, what is sent."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from pytest_django import Settings

from manage_api.errors import ApiError
from syteops.server import bodies as bodies_module
from syteops.server import gateway as gateway_module
from syteops.server.bodies import Bodies
from syteops.server.environ import environ_of
from syteops.server.gateway import Gateway, limit_for
from syteops.server.middleware import REFUSAL
from tests.server.gateway import OK, Client, scope
from tests.waiting import PATIENCE

CHUNKED = [(b"host", b"example.com"), (b"transfer-encoding", b"chunked")]


# --- What the application is told ------------------------------------------------------------


def test_the_environment_has_the_bytes_that_were_sent() -> None:
    environ = environ_of(scope(raw_path=b"/%C3%A4%FF/%2e", query_string=b"q=\xc3\xa4&b=%20"))
    assert environ["PATH_INFO"].encode("latin-1") == b"/\xc3\xa4\xff/."
    assert environ["QUERY_STRING"].encode("latin-1") == b"q=\xc3\xa4&b=%20"
    assert (environ["REMOTE_ADDR"], environ["SERVER_PORT"]) == ("192.0.2.1", "8000")
    assert environ["SCRIPT_NAME"] == ""


def test_headers_that_come_twice_are_joined() -> None:
    twice = [(b"accept", b"a/b"), (b"cookie", b"a=1"), (b"accept", b"c/d"), (b"cookie", b"b=2")]
    environ = environ_of(scope(*twice, (b"content-type", b"text/plain")))
    assert environ["HTTP_ACCEPT"] == "a/b,c/d"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_CONTENT_TYPE" not in environ


def test_no_header_passes_for_one_that_a_proxy_has_checked() -> None:
    """`X_Forwarded_For` would arrive under the same name as `X-Forwarded-For`."""
    sent = [(b"x-forwarded-for", b"192.0.2.9"), (b"x_forwarded_for", b"198.51.100.1")]
    assert environ_of(scope(*sent))["HTTP_X_FORWARDED_FOR"] == "192.0.2.9"


@pytest.mark.parametrize(
    ("proxies", "sent", "found"),
    [
        (1, ["https"], "https"),
        (1, ["https", "http"], "http"),
        (1, ["https, http"], "http"),
        (2, ["https", "https", "http"], "https"),
        (2, ["https", "http", "http"], "http"),
        (2, ["https"], "https"),
    ],
)
def test_no_client_says_https_where_a_proxy_appends_the_scheme(
    settings: Settings, proxies: int, sent: list[str], found: str
) -> None:
    """A key that came in the clear was taken, and nobody noticed."""
    settings.TRUSTED_PROXIES = proxies
    headers = [(b"x-forwarded-proto", one.encode()) for one in sent]
    assert environ_of(scope(*headers))["HTTP_X_FORWARDED_PROTO"].strip() == found


def test_http_1_0_has_its_name_and_need_not_name_a_host() -> None:
    environ = environ_of(scope(http_version="1", headers=[(b"host", b"")]))
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.0"
    assert "HTTP_HOST" not in environ


# --- What is read for it ---------------------------------------------------------------------


async def code_of_reading(bodies: Bodies, client: Client, seconds: float = PATIENCE) -> str:
    try:
        async with bodies.reading(client.receive, 1_000, seconds) as body:
            return body.file.read().decode()
    except ApiError as refusal:
        return refusal.code


def test_a_body_has_a_limit_and_a_deadline() -> None:
    async def main() -> list[str]:
        bodies = Bodies(10_000)
        late = code_of_reading(bodies, Client(b"a", is_complete=False), 0.05)
        found = [
            await code_of_reading(bodies, Client(b"a" * 500, b"b" * 500)),
            await code_of_reading(bodies, Client(b"a" * 500, b"b" * 501)),
            await asyncio.wait_for(late, PATIENCE / 10),
        ]
        assert bodies.held == 0
        return found

    assert asyncio.run(main()) == ["a" * 500 + "b" * 500, "payload_too_large", "request_timeout"]


def test_a_body_comes_in_pieces_that_are_worth_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """200,000 chunks of a byte, 1.2 MB on the wire, kept the event loop busy for eleven seconds."""

    async def main() -> list[str]:
        found = []
        for pieces in (16, 17):
            bodies = Bodies(10_000)
            found.append(await code_of_reading(bodies, Client(*[b"a"] * pieces)))
            assert bodies.held == 0
        return found

    monkeypatch.setattr(bodies_module, "MOST_PIECES", 6)
    monkeypatch.setattr(bodies_module, "BYTES_OF_A_PIECE", 100)
    assert asyncio.run(main()) == ["a" * 16, "parse_error"]


def test_the_oldest_are_given_up_when_all_together_hold_too_much() -> None:
    async def main() -> list[str]:
        bodies = Bodies(2_500)
        slow = [Client(b"x" * 900, is_complete=False) for _ in range(5)]
        waiting = [asyncio.create_task(code_of_reading(bodies, one, 1.0)) for one in slow]
        await asyncio.sleep(0.05)
        assert bodies.held <= 2_500
        fast = await code_of_reading(bodies, Client(b"y" * 900, b"y"))
        return [fast, *await asyncio.gather(*waiting)]

    assert asyncio.run(main()) == ["y" * 901, *["unavailable"] * 4, "request_timeout"]


def test_complete_ones_are_never_given_up() -> None:
    async def main() -> str:
        bodies = Bodies(1_500)
        async with bodies.reading(Client(b"x" * 1_000).receive, 1_000, 1.0) as body:
            refused = await code_of_reading(bodies, Client(b"y" * 600, b"y"))
            assert body.file.read() == b"x" * 1_000
        assert bodies.held == 0
        return refused

    assert asyncio.run(main()) == "unavailable"


def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    class Leaving(Client):
        async def receive(self) -> dict[str, Any]:
            return await super().receive() if self._parts else {"type": "http.disconnect"}

    found = asyncio.run(code_of_reading(Bodies(10_000), Leaving(b"{}", is_complete=False)))
    assert found == "parse_error"


def test_pictures_may_be_larger_than_what_the_api_takes(settings: Any) -> None:
    assert limit_for("/api/manage/v1/notes") == settings.MANAGE_API_MAX_BODY
    assert limit_for("/wp-json/syteops/v1/manage/dispatch") == settings.MANAGE_API_MAX_BODY
    assert limit_for("/admin/team/teammember/1/change/") > settings.MAX_PICTURE_BYTES


# --- What is sent ----------------------------------------------------------------------------


class Stream:
    """A streamed answer that counts what was made of it."""

    def __init__(self, pieces: int) -> None:
        self.made = 0
        self.is_closed = False
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self._pieces):
            self.made += 1
            yield b"x"

    def close(self) -> None:
        self.is_closed = True


def answering(made: Any) -> Callable[..., Any]:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(OK, [("Content-Type", "text/plain")])
        return made() if callable(made) else made

    return application


def test_a_slow_reader_holds_no_thread_and_no_more_than_it_takes() -> None:
    """The application makes a piece when there is room for it, and works for others meanwhile."""

    class SlowReader(Client):
        async def send(self, message: dict[str, Any]) -> None:
            await super().send(message)
            await asyncio.sleep(0 if len(self.sent) < 3 else PATIENCE)

    async def main() -> None:
        stream = Stream(1_000)
        made = iter([stream, [b"other"]])
        gateway = Gateway(answering(lambda: next(made)))
        reader, other = SlowReader(), Client()
        reading = asyncio.create_task(gateway(scope(), reader.receive, reader.send))
        await asyncio.sleep(0.1)
        await asyncio.wait_for(gateway(scope(), other.receive, other.send), PATIENCE)
        assert other.sent[-1]["body"] == b"other"
        assert stream.made <= 3
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert stream.is_closed

    asyncio.run(main())


def test_a_client_that_does_not_read_its_answer_keeps_no_room_from_bodies_of_others() -> None:
    class Never(Client):
        async def send(self, message: dict[str, Any]) -> None:
            await super().send(message)
            await asyncio.sleep(PATIENCE)

    async def main() -> int:
        gateway = Gateway(answering(Stream(1_000)))
        client = Never(b"x" * 900)
        asking = asyncio.create_task(gateway(scope(headers=CHUNKED), client.receive, client.send))
        while not client.sent:
            await asyncio.sleep(0.001)
        held = gateway._bodies.held
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return held

    assert asyncio.run(main()) == 0


def test_a_client_that_leaves_is_sent_no_more() -> None:
    class Leaving(Client):
        async def receive(self) -> dict[str, Any]:
            while len(self.sent) < 5:
                await asyncio.sleep(0)
            return {"type": "http.disconnect"}

        async def send(self, message: dict[str, Any]) -> None:
            await super().send(message)
            await asyncio.sleep(0.001)

    stream, client = Stream(3_000), Leaving()
    asyncio.run(Gateway(answering(stream))(scope(), client.receive, client.send))
    assert stream.made < 1_000
    assert stream.is_closed


def test_a_head_request_makes_nothing_of_a_stream() -> None:
    stream, client = Stream(10), Client()
    asyncio.run(Gateway(answering(stream))(scope(method="HEAD"), client.receive, client.send))
    assert [one.get("body") for one in client.sent] == [None, b""]
    assert (stream.made, stream.is_closed) == (0, True)


def test_what_fails_while_it_is_made_is_closed_too() -> None:
    class Failing(Stream):
        streaming = False

        def __iter__(self) -> Iterator[bytes]:
            raise ZeroDivisionError

    answer, client = Failing(1), Client()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Gateway(answering(answer))(scope(), client.receive, client.send))
    assert answer.is_closed
    assert client.sent == []


def test_a_file_is_sent_in_large_pieces_and_closed() -> None:
    file, client = BytesIO(b"x" * 150_000), Client()

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(OK, [])
        return environ["wsgi.file_wrapper"](file, 4_096)

    asyncio.run(Gateway(application)(scope(), client.receive, client.send))
    assert [len(one["body"]) for one in client.sent[1:]] == [65_536, 65_536, 18_928, 0]
    assert file.closed


def test_healthz_queues_behind_nothing() -> None:
    entered, may_go_on = threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/healthz":
            entered.set()
            assert may_go_on.wait(PATIENCE)
        start_response(OK, [])
        return [threading.current_thread().name.encode()]

    async def main() -> None:
        gateway = Gateway(application)
        busy = Client()
        waiting = asyncio.create_task(gateway(scope(), busy.receive, busy.send))
        await asyncio.to_thread(entered.wait, PATIENCE)
        assert gateway.busy_since() is not None
        for asking, headers in ((Client(), ()), (Client(b"x"), ((b"content-length", b"1"),))):
            alive = gateway(scope(*headers, raw_path=b"/healthz"), asking.receive, asking.send)
            await asyncio.wait_for(alive, PATIENCE)
        assert busy.sent == []
        may_go_on.set()
        await waiting
        assert busy.sent[-1]["body"] == b"requests"
        assert gateway.busy_since() is None

    asyncio.run(main())


def test_whoever_has_waited_too_long_is_told_and_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of those before may wait for a frozen database: the hundredth would for many minutes."""
    monkeypatch.setattr(gateway_module, "LINGER", 0.01)
    entered, may_go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        refusal = environ.get(REFUSAL)
        if refusal is None:
            done.append(environ["PATH_INFO"])
            entered.set()
            assert may_go_on.wait(PATIENCE)
        start_response(f"{refusal.status} Not now" if refusal else OK, [])
        return [b""]

    async def main() -> list[int]:
        gateway = Gateway(application)
        clients = [Client(), Client(), Client(b"{}")]
        asked = [scope(raw_path=b"/busy"), scope(), scope(headers=CHUNKED)]
        calls = []
        for client, one in zip(clients, asked, strict=True):
            calls.append(asyncio.create_task(gateway(one, client.receive, client.send)))
            await asyncio.to_thread(entered.wait, PATIENCE)
            monkeypatch.setattr(gateway_module, "WAITS", 0.0)
        may_go_on.set()
        await asyncio.gather(*calls)
        return [client.sent[0]["status"] for client in clients]

    assert asyncio.run(main()) == [200, 503, 503]
    assert done == ["/busy"]


def test_of_a_refused_body_no_more_pieces_are_thrown_away_than_are_worth_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_module, "LINGERING_PIECES", 10)
    client = Client(*[b"a"] * 100)
    with_length = scope((b"content-length", b"99999999"), method="POST")
    asyncio.run(Gateway(answering([b""]))(with_length, client.receive, client.send))
    assert len(client._parts) == 90
