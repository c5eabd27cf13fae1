"""Between the server and the WSGI application, so that no slow client takes up its time.

The server speaks ASGI here. On the event loop, where thousands may wait, a body that is too large
is refused before it is read and one that does not come is given up (`bodies`). Only a complete
request gets to the one thread in which the application works. A streamed answer is made piece by
piece there, each when there is room for it.

/healthz and refusals are answered on the loop: they touch nothing that waits, and queue behind
nothing. Why ASGI and one thread, with the figures: docs/performance.md, "Slow clients".
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from io import BytesIO
from queue import SimpleQueue
from time import monotonic
from typing import Any, TypeVar
from wsgiref.util import FileWrapper

from django.conf import settings

from manage_api.errors import ApiError, unavailable
from syteops.core.waiting import (
    Wait,
    Work,
    able_to_work_beside,
    wanted_wait,
    wanted_work,
    with_time_left,
    with_work_done,
)
from syteops.lib.paths import is_api
from syteops.lib.stack import in_one_chunk
from syteops.server.answers import PIECE, Answers, Send
from syteops.server.bodies import Bodies, Receive, payload_too_large
from syteops.server.connections import room_for_connections
from syteops.server.environ import Environ, Scope, environ_of
from syteops.server.middleware import REFUSAL
from syteops.server.news import News

log = logging.getLogger(__name__)

Application = Callable[[Environ, Any], Iterable[bytes]]
T = TypeVar("T")
Run = Callable[[Callable[[], T]], Awaitable[T]]

HELD = 32 * 1024 * 1024
"""Bytes that the bodies of a process hold together, unless the limits allow single larger ones."""

ANSWERS_HELD = 128 * 1024 * 1024
"""Bytes that the large answers of a process hold together, which their clients have not taken."""

LINGER = 2.0
"""Seconds for which a refused body is still thrown away, so that its sender reads why."""

LINGERING_PIECES = 5_000
"""Pieces of it that are, however fast they come."""

WAITS = 30.0
"""Seconds for which a request waits behind others. Each of them may wait as long for a database
that does not answer: whoever has come last would hear of it many minutes later."""

MOST_BESIDE = 16
"""How many pieces of work of a kind that wait for others are done at once, each in a thread."""
MOST_BESIDE_OF_ONE = 4
"""How many of them of one caller."""


class Gateway:
    """The ASGI application that a server process serves."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._thread = RequestThread()
        self._news = News()
        self._beside: list[tuple[str, str]] = []
        # Those whose clients do not read leave half of the connections to others.
        self._answers = Answers(ANSWERS_HELD, room_for_connections() // 2)
        self._bodies = Bodies(max(HELD, 4 * max(limit_for("/"), limit_for("/api/"))))

    def busy_since(self) -> float | None:
        """Since when the thread has been at its present work, on the monotonic clock."""
        return self._thread.busy_since

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        environ = environ_of(scope)
        path = environ["PATH_INFO"].removeprefix(settings.SCRIPT_NAME)
        try:
            await self._serve(environ, path, receive, send)
        except ApiError as refusal:
            # Else it would keep what was read, in a cycle, until the garbage is collected.
            refusal.__traceback__ = refusal.__context__ = None
            await self._refuse(refusal, environ, receive, send)

    async def _serve(self, environ: Environ, path: str, receive: Receive, send: Send) -> None:
        is_chunked = environ.pop("HTTP_TRANSFER_ENCODING", None) is not None
        declared, limit = int(environ.get("CONTENT_LENGTH") or 0), limit_for(path)
        run: Run[Any] = _run_here if path == "/healthz" else self._thread.run
        if declared > limit:
            raise payload_too_large(limit)
        if not declared and not is_chunked:
            environ["wsgi.input"] = BytesIO()
            answer = Answer(self._application, able_to_work_beside(environ))
            whole = await run(answer.begin_in_time())
            if wait := wanted_wait(answer.environ):
                answer, whole = await self._ask_again(environ, answer, whole, wait, receive)
        else:
            async with self._bodies.reading(receive, limit, settings.REQUEST_TIMEOUT) as body:
                environ |= {"wsgi.input": body.file, "CONTENT_LENGTH": str(body.size)}
                answer = Answer(self._application, able_to_work_beside(environ))
                whole = await run(answer.begin_in_time())
                # Whoever does not read the answer keeps no room from the bodies of others.
                body.file.truncate(0)
        if work := wanted_work(answer.environ):
            answer = Answer(self._application, await self._work_done(environ, work))
            whole = await run(answer.begin_in_time())
        await self._send(answer, whole, receive, send, run)

    async def _work_done(self, environ: Environ, work: Work) -> Environ:
        """The environment in which a request is asked again whose work is done.

        Raises ApiError where too much of that is under way.
        """
        mine = work.kind, work.who
        of_kind = sum(kind == work.kind for kind, _ in self._beside)
        if self._beside.count(mine) >= MOST_BESIDE_OF_ONE or of_kind >= MOST_BESIDE:
            raise unavailable()
        done: Future[Any] = Future()
        try:
            threading.Thread(target=_do, args=(work, done), name="beside", daemon=True).start()
        except RuntimeError:  # there is no room for one more on this machine
            raise unavailable() from None
        self._beside.append(mine)

        def end(waited_for: "asyncio.Future[Any]") -> None:
            self._beside.remove(mine)
            waited_for.exception()  # which the request raises; else asyncio would tell of it, too

        waited_for = asyncio.wrap_future(done)
        # Not when nobody waits any more: its thread goes on until then.
        waited_for.add_done_callback(end)
        await asyncio.wait([waited_for])
        return with_work_done(environ | {"wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"}, done)

    async def _ask_again(
        self, environ: Environ, answer: "Answer", whole: Any, wait: Wait | None, receive: Receive
    ) -> "tuple[Answer, Any]":
        """The answer when there is something to tell, or the last one when the time is up."""
        gone = asyncio.ensure_future(_wait_until_gone(receive))
        try:
            while wait:
                left = await self._news.wait(wait, gone)
                if left is None:
                    break
                answer = Answer(self._application, with_time_left(environ, left))
                whole = await self._thread.run(answer.begin_in_time())
                wait = wanted_wait(answer.environ)
        finally:
            gone.cancel()
        return answer, whole

    async def _send(
        self, answer: "Answer", whole: bytes | None, receive: Receive, send: Send, run: "Run[Any]"
    ) -> None:
        if whole is not None:
            await send(answer.head)
            await self._answers.send(send, whole)
            return
        gone = asyncio.ensure_future(_wait_until_gone(receive))
        try:
            async with self._answers.sending(PIECE):
                await send(answer.head)
                while not gone.done() and (piece := await run(answer.next_piece)) is not None:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            await run(answer.close)

    async def _refuse(
        self, refusal: ApiError, environ: Environ, receive: Receive, send: Send
    ) -> None:
        environ |= {REFUSAL: refusal, "wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"}
        answer = Answer(self._application, environ)
        body = answer.begin()
        answer.head["headers"].append((b"connection", b"close"))
        await answer.send(send, body or b"")
        await _linger(receive)


def limit_for(path: str) -> int:
    """How many bytes a body may have there; forms carry a picture beside their texts."""
    if is_api(path):
        return int(settings.MANAGE_API_MAX_BODY)
    return int(settings.MAX_PICTURE_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


class Answer:
    """One call of the application: its methods are called by one thread, one after the other."""

    def __init__(self, application: Application, environ: Environ) -> None:
        self._application = application
        self.environ = environ | {"wsgi.file_wrapper": _Pieces}
        self._made: Iterable[bytes] = ()
        self._pieces: Iterator[bytes] = iter(())
        self.head: dict[str, Any] = {}

    def begin_in_time(self) -> Callable[[], bytes | None]:
        """`begin` that raises ApiError, having done nothing, if its turn comes too late."""
        until = monotonic() + WAITS

        def begin() -> bytes | None:
            if monotonic() > until:
                method, path = self.environ["REQUEST_METHOD"], self.environ["PATH_INFO"]
                log.error("Not available: %s %s (it waited behind others)", method, path)
                raise unavailable()
            return self.begin()

        return begin

    def begin(self) -> bytes | None:
        """Call the application. The body, or None for one that is streamed."""
        self._made = self._application(self.environ, self._start)
        if getattr(self._made, "streaming", not isinstance(self._made, list)):
            is_sent = self.environ["REQUEST_METHOD"] != "HEAD"
            self._pieces = iter(self._made if is_sent else ())
            return None
        try:
            return b"".join(self._made)
        finally:
            self.close()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        self.head = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers],
        }

    async def send(self, send: Send, whole: bytes) -> None:
        """Send all of it."""
        await send(self.head)
        await send({"type": "http.response.body", "body": whole, "more_body": False})

    def next_piece(self) -> bytes | None:
        """What is sent next; None at the end."""
        return next(self._pieces, None)

    def close(self) -> None:
        """Let the application clean up, as PEP 3333 demands in every case."""
        if close := getattr(self._made, "close", None):
            close()


class _Pieces(FileWrapper):
    """A file, in pieces that are worth a way through the thread."""

    streaming = True

    def __init__(self, file: Any, block_size: int = PIECE) -> None:
        super().__init__(file, max(block_size, PIECE))


class RequestThread:
    """The one thread in which the application works, and with it its database connection."""

    def __init__(self) -> None:
        self.busy_since: float | None = None
        self._jobs: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]]] = SimpleQueue()
        work = (self._work_for_ever,)
        threading.Thread(target=in_one_chunk, args=work, name="requests", daemon=True).start()

    def run(self, job: Callable[[], T]) -> "asyncio.Future[T]":
        """Have the thread do `job`, after those that came before; its result, or its error."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((job, future))
        return future

    def _work_for_ever(self) -> None:
        while True:
            job, future = self._jobs.get()
            self.busy_since = monotonic()
            try:
                settle, outcome = future.set_result, job()
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                settle, outcome = future.set_exception, error
            self.busy_since = None
            with suppress(RuntimeError):  # the loop has ended
                future.get_loop().call_soon_threadsafe(_settle, future, settle, outcome)
            del job, future, settle, outcome  # not kept until the next one


def _settle(future: "asyncio.Future[Any]", settle: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        settle(outcome)


def _do(work: Work, done: "Future[Any]") -> None:
    try:
        done.set_result(work.do())
    except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
        done.set_exception(error)


async def _run_here(job: Callable[[], T]) -> T:
    return job()


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _linger(receive: Receive) -> None:
    """Closed with unread input, the connection would lose the answer (RFC 9112, section 9.6)."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            for _ in range(LINGERING_PIECES):
                if not (await receive()).get("more_body"):
                    return
