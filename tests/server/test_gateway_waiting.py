"""Requests that wait for events hold no thread, and are asked again only for what they want."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from syteops.core.waiting import Wait
from syteops.server import news
from syteops.server.environ import environ_of
from syteops.server.gateway import Gateway
from syteops.server.news import News
from tests.server.gateway import OK, Client, scope
from tests.waiting import PATIENCE


class Feed:
    """An application that has nothing to tell until `newest` is beyond what it has told."""

    def __init__(self) -> None:
        self.newest = self.calls = 0
        self.callers = iter(range(1000))
        self.events: list[Any] = []

    def wants(self, event: Any) -> bool:
        return bool(event.id == 7)

    def behind(self, place: int) -> list[Any]:
        return [one for one in self.events if one.id > place]

    def happens(self, *ids: int) -> None:
        self.events += [SimpleNamespace(id=one) for one in ids]
        self.newest = 7 if 7 in ids else 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        self.calls += 1
        start(OK, [])
        if not self.newest:
            left = environ.get("syteops.wait_left", 10.0)
            who = environ.get("HTTP_X_API_KEY", str(next(self.callers)))
            environ["syteops.wait_wanted"] = Wait(who, left, 0, self.wants)
        return [str(self.newest).encode()]


def gateway_of(feed: Feed) -> Gateway:
    gateway = Gateway(feed)
    gateway._news = News(feed.behind)
    return gateway


def body_of(client: Client) -> bytes:
    return b"".join(message.get("body", b"") for message in client.sent)


@pytest.mark.django_db(transaction=True)
def test_who_waits_holds_no_thread_and_is_told_at_once() -> None:
    async def main() -> None:
        feed, clients = Feed(), [Client() for _ in range(50)]
        gateway = gateway_of(feed)
        waiting = [asyncio.create_task(gateway(scope(), one.receive, one.send)) for one in clients]
        while feed.calls < 50:
            await asyncio.sleep(0.01)
        assert not any(one.done() for one in waiting)

        feed.happens(6, 7, 8)
        await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE)
        assert {body_of(one) for one in clients} == {b"7"}
        assert feed.calls == 100

    asyncio.run(main())


@pytest.mark.django_db(transaction=True)
def test_one_caller_leaves_room_for_others() -> None:
    """3,000 requests of one key kept all that a process lets wait, and each event asked for all."""

    async def main() -> None:
        feed = Feed()
        gateway = gateway_of(feed)

        def asks(key: bytes) -> "asyncio.Task[None]":
            client = Client()
            call = gateway(scope((b"x-api-key", key)), client.receive, client.send)
            return asyncio.create_task(call)

        many, other = [asks(b"one") for _ in range(30)], asks(b"other")
        while feed.calls < 31:
            await asyncio.sleep(0.01)
        await asyncio.wait_for(asyncio.gather(*many[25:]), PATIENCE)
        assert not any(one.done() for one in (*many[:25], other))
        many[0].cancel()
        await asyncio.wait([many[0]])
        again = asks(b"one")
        while feed.calls < 32:
            await asyncio.sleep(0.01)
        assert not again.done()

        feed.happens(7)
        await asyncio.wait_for(asyncio.gather(*many[1:], other, again), PATIENCE)
        assert feed.calls == 32 + 26

    asyncio.run(main())


@pytest.mark.django_db(transaction=True)
def test_who_waits_in_vain_gets_the_first_answer() -> None:
    async def main() -> None:
        feed, client = Feed(), Client()
        gateway = gateway_of(feed)
        gateway._news = Impatient(feed.behind)
        await gateway(scope(), client.receive, client.send)
        assert (body_of(client), feed.calls) == (b"0", 1)

    asyncio.run(main())


class Impatient(News):
    """Waits a hundredth of the time."""

    async def wait(self, wanted: Wait, gone: "asyncio.Future[None]") -> float | None:
        return await super().wait(replace(wanted, seconds=wanted.seconds / 100), gone)


@pytest.mark.django_db(transaction=True)
def test_nobody_is_asked_for_over_what_he_does_not_want(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever keeps hundreds of requests open makes each change cost hundreds of answers."""
    monkeypatch.setattr(news, "ASKED_EVERY", 0.01)

    async def main() -> None:
        feed, early, late = Feed(), Client(), Client()
        gateway = gateway_of(feed)
        first = asyncio.create_task(gateway(scope(), early.receive, early.send))
        for one in range(1, 7):
            feed.happens(one)
            await asyncio.sleep(0.05)
        # Whoever has seen less than others is told of what came before, too.
        second = asyncio.create_task(gateway(scope(), late.receive, late.send))
        while feed.calls < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert (feed.calls, first.done(), second.done()) == (2, False, False)

        feed.happens(7)
        await asyncio.wait_for(asyncio.gather(first, second), PATIENCE)
        assert (body_of(early), body_of(late), feed.calls) == (b"7", b"7", 4)

    asyncio.run(main())


@pytest.mark.django_db(transaction=True)
def test_nobody_asks_again_for_who_has_gone() -> None:
    async def main() -> None:
        feed, client = Feed(), Gone()
        await asyncio.wait_for(gateway_of(feed)(scope(), client.receive, client.send), PATIENCE)
        assert feed.calls == 1

    asyncio.run(main())


class Gone(Client):
    """One that has closed its connection."""

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.disconnect"}


def test_a_header_cannot_pretend_to_have_waited() -> None:
    sent = [(b"syteops.wait_left", b"5"), (b"syteops.wait-left", b"5")]
    assert not any(name.startswith("syteops") for name in environ_of(scope(*sent)))
