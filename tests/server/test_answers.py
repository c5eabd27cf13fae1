"""Large answers, and clients that take none of them, or take them slowly."""

import asyncio
from typing import Any

from syteops.server.answers import PIECE, Answers
from syteops.server.gateway import ANSWERS_HELD, Gateway
from tests.server.gateway import Client, scope
from tests.server.test_gateway import Stream, answering
from tests.waiting import PATIENCE

LARGE = bytes(range(256)) * 1000
"""Four pieces."""


class NotReading(Client):
    """One that takes what is sent only once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = asyncio.Event()

    async def send(self, message: dict[str, Any]) -> None:
        await super().send(message)
        await self.may_go_on.wait()


def body_of(client: Client) -> bytes:
    return b"".join(one.get("body", b"") for one in client.sent)


def is_complete(client: Client) -> bool:
    return not client.sent[-1]["more_body"]


def test_what_is_taken_is_sent_whole() -> None:
    async def main() -> None:
        answers = Answers(10, 10)
        for whole, messages in ((b"", 1), (b"x" * PIECE, 1), (LARGE, 4)):
            client = Client()
            await answers.send(client.send, whole)
            assert body_of(client) == whole
            assert len(client.sent) == messages
            assert is_complete(client)
        assert answers.held == 0

    asyncio.run(main())


def test_those_that_began_first_are_given_up_when_all_together_hold_too_much() -> None:
    """200 connections that asked for 7 MB each and read nothing took a process to 1.5 GB."""

    async def main() -> None:
        answers = Answers(2 * len(LARGE), 10)
        clients = [NotReading() for _ in range(5)]
        calls = [asyncio.create_task(answers.send(one.send, LARGE)) for one in clients]
        await asyncio.wait(calls[:3], timeout=PATIENCE)
        await asyncio.sleep(0)
        assert [one.done() for one in calls] == [True, True, True, False, False]
        assert answers.held == 2 * len(LARGE)
        for client in clients:
            client.may_go_on.set()
        await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)
        assert [is_complete(one) for one in clients] == [False, False, False, True, True]
        assert [body_of(one) for one in clients[3:]] == [LARGE, LARGE]
        assert answers.held == 0

    asyncio.run(main())


def test_those_who_read_nothing_leave_connections_to_others() -> None:
    """A file of 3 MB that nobody reads kept a connection for ever, and 2,048 of them all."""

    async def main() -> None:
        streams = [Stream(5) for _ in range(3)]
        gateway = Gateway(answering(iter(streams).__next__))
        gateway._answers.most_at_once = 2
        clients = [NotReading() for _ in streams]
        calls = [asyncio.create_task(gateway(scope(), one.receive, one.send)) for one in clients]
        done, _ = await asyncio.wait(calls, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        assert done == {calls[0]}
        assert [one.is_closed for one in streams] == [True, False, False]
        for client in clients:
            client.may_go_on.set()
        await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)
        assert [body_of(one) for one in clients] == [b"", b"xxxxx", b"xxxxx"]

    asyncio.run(main())


def test_one_alone_is_sent_however_large_it_is() -> None:
    async def main() -> None:
        answers, client = Answers(10, 10), NotReading()
        call = asyncio.create_task(answers.send(client.send, LARGE))
        await asyncio.sleep(0)
        client.may_go_on.set()
        await asyncio.wait_for(call, PATIENCE)
        assert body_of(client) == LARGE

    asyncio.run(main())


def test_the_gateway_counts_what_it_sends() -> None:
    client = Client()
    gateway = Gateway(answering([LARGE]))
    asyncio.run(gateway(scope(), client.receive, client.send))
    assert client.sent[0]["status"] == 200
    assert [len(one["body"]) for one in client.sent[1:]] == [PIECE] * 3 + [len(LARGE) - 3 * PIECE]
    assert gateway._answers.most == ANSWERS_HELD
