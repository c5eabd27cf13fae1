"""Work that waits for others outside is done beside the one thread that answers requests."""

import asyncio
import gc
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from syteops.core.waiting import beside, not_yet
from syteops.server import gateway as gateway_module
from syteops.server.gateway import Gateway
from syteops.server.middleware import REFUSAL
from tests.server.gateway import OK, Client, scope
from tests.waiting import PATIENCE


class Slow:
    """An application that asks somebody who answers when `may_answer` is set, or at / nobody."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked = 0

    def ask(self) -> str:
        self.asked += 1
        assert self.may_answer.wait(PATIENCE)
        return threading.current_thread().name

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        if refusal := environ.get(REFUSAL):
            start(f"{refusal.status} Not now", [])
            return [b"refused"]
        if environ["PATH_INFO"] == "/":
            start(OK, [])
            return [b"at once"]
        request: Any = SimpleNamespace(META=environ)
        told = beside(request, environ["PATH_INFO"], environ["HTTP_X_API_KEY"], self.ask)
        start(f"{not_yet().status_code} Not yet" if told is None else OK, [])
        return [f"{told} {environ['wsgi.input'].read()!r}".encode()]


def asks(
    gateway: Gateway, who: bytes, *body: bytes, path: bytes = b"/asks"
) -> "tuple[Client, asyncio.Task[None]]":
    client, length = Client(*body), str(len(b"".join(body))).encode()
    headers = [(b"x-api-key", who), *([(b"content-length", length)] if body else [])]
    asked = gateway(scope(*headers, raw_path=path), client.receive, client.send)
    return client, asyncio.create_task(asked)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("body", [(), (b"some", b"thing")], ids=["without a body", "with a body"])
def test_nobody_waits_for_who_asks_others(body: tuple[bytes, ...]) -> None:
    """Strangers who had a silent provider asked kept each process for ten seconds, each time."""

    async def main() -> None:
        slow, other = Slow(), Client()
        gateway = Gateway(slow)
        client, waiting = asks(gateway, b"one", *body)
        await until(lambda: slow.asked == 1)
        await asyncio.wait_for(gateway(scope(), other.receive, other.send), PATIENCE)
        assert other.sent[-1]["body"] == b"at once"
        assert client.sent == []
        slow.may_answer.set()
        await asyncio.wait_for(waiting, PATIENCE)
        assert (client.sent[0]["status"], client.sent[1]["body"]) == (200, b"beside b''")
        assert slow.asked == 1

    asyncio.run(main())


def test_not_too_many_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "LINGER", 0.01)

    async def main() -> None:
        slow = Slow()
        gateway = Gateway(slow)

        async def may_ask(who: bytes) -> "asyncio.Task[None] | None":
            asked = slow.asked
            client, waiting = asks(gateway, who)
            await until(lambda: slow.asked > asked or bool(client.sent))
            if not client.sent:
                return waiting
            await waiting
            assert client.sent[0]["status"] == 503
            return None

        mine = [await may_ask(b"me") for _ in range(5)]
        assert [one is not None for one in mine] == [True] * 4 + [False]
        others = [await may_ask(str(n).encode()) for n in range(13)]
        assert [one is not None for one in others] == [True] * 12 + [False]
        # Who leaves makes no room before what was asked for him has ended.
        waiting = [one for one in (*mine, *others) if one]
        waiting[0].cancel()
        await asyncio.wait([waiting[0]])
        assert await may_ask(b"another") is None
        slow.may_answer.set()
        await asyncio.wait_for(asyncio.gather(*waiting[1:]), PATIENCE)
        await until(lambda: not gateway._beside)

    asyncio.run(main())


def test_each_kind_has_places_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen who signed in by way of a provider that was silent kept everybody from PDFs."""
    monkeypatch.setattr(gateway_module, "LINGER", 0.01)

    async def main() -> None:
        slow = Slow()
        gateway = Gateway(slow)
        waiting = [asks(gateway, str(n).encode())[1] for n in range(16)]
        await until(lambda: slow.asked == 16)
        other, mine = asks(gateway, b"1", path=b"/makes")
        await until(lambda: slow.asked == 17 or bool(other.sent))
        assert not other.sent
        client, refused = asks(gateway, b"another")
        await asyncio.wait_for(refused, PATIENCE)
        assert client.sent[0]["status"] == 503
        slow.may_answer.set()
        await asyncio.wait_for(asyncio.gather(*waiting, mine), PATIENCE)

    asyncio.run(main())


def test_what_fails_there_fails_here(caplog: pytest.LogCaptureFixture) -> None:
    """And nowhere else: each provider that was silent left a traceback in the log."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        request: Any = SimpleNamespace(META=environ)
        try:
            beside(request, "asks", "me", lambda: 1 // 0)
        except ZeroDivisionError:
            start(OK, [])
            return [b"failed"]
        start("202 Not yet", [])
        return [b""]

    client = Client()
    asyncio.run(Gateway(application)(scope(), client.receive, client.send))
    gc.collect()
    assert (client.sent[0]["status"], client.sent[1]["body"]) == (200, b"failed")
    assert not caplog.records


def test_what_cannot_begin_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked while a machine had no thread left was shut out for ever."""
    monkeypatch.setattr(gateway_module, "LINGER", 0.01)

    async def main() -> None:
        slow = Slow()
        slow.may_answer.set()
        gateway = Gateway(slow)
        start = threading.Thread.start
        monkeypatch.setattr(threading.Thread, "start", no_room)
        for _ in range(5):
            client, asked = asks(gateway, b"me")
            await asyncio.wait_for(asked, PATIENCE)
            assert client.sent[0]["status"] == 503
        monkeypatch.setattr(threading.Thread, "start", start)
        client, asked = asks(gateway, b"me")
        await asyncio.wait_for(asked, PATIENCE)
        assert client.sent[0]["status"] == 200

    def no_room(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    asyncio.run(main())
