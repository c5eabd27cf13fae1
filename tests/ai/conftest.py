"""An area, and a provider that really listens: an HTTP server in a thread."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from syteops.ai import areas, queries, services
from syteops.ai.areas import Area, all_areas
from syteops.ai.models import AiAreaSettings, AiProvider
from syteops.core.actors import SYSTEM
from tests.ai.suggesting import answer_of
from tests.samples.ai import a_provider
from tests.samples.suggestions import ITEMS

AREA = "tests.summary"
KEY = "canary-key-7f3a9c"


class FakeProvider(ThreadingHTTPServer):
    """Answers like a provider would, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.answer: Callable[[], bytes] = lambda: openai_answer("Fine.", 11, 7)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news here."""


class _Handler(BaseHTTPRequestHandler):
    server: FakeProvider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(json.loads(body))

    def do_GET(self) -> None:
        self._answer(None)

    def _answer(self, body: Any) -> None:
        asked = {"path": self.path, "headers": dict(self.headers), "body": body}
        self.server.asked.append(asked)
        answer = self.server.answer()
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print nothing."""


def openai_answer(text: str | None, read: int | None = None, written: int | None = None) -> bytes:
    usage = {"prompt_tokens": read, "completion_tokens": written}
    return json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}).encode()


def anthropic_answer(text: str, read: int, written: int) -> bytes:
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": text}]
    usage = {"input_tokens": read, "output_tokens": written, "cache_read_input_tokens": 2}
    return json.dumps({"content": content, "usage": usage}).encode()


@pytest.fixture
def server(settings: Any) -> Iterator[FakeProvider]:
    with FakeProvider() as made:
        settings.ALLOWED_PRIVATE_ORIGINS = [made.url]
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def area(monkeypatch: pytest.MonkeyPatch) -> str:
    """The slug of an area that belongs to no module."""
    known = Area(AREA, "Test summaries", "Sums up a test.")
    monkeypatch.setitem(areas._areas, AREA, known)
    return AREA


@pytest.fixture
def provider(server: FakeProvider, request: pytest.FixtureRequest) -> AiProvider:
    """The default provider: our server, speaking OpenAI's protocol, with a key."""
    wanted = "transactional_db" if "transactional_db" in request.fixturenames else "db"
    request.getfixturevalue(wanted)
    made = a_provider("local", base_url=f"{server.url}/v1", default_model="tiny")
    return services.set_secrets(SYSTEM, made, api_key=KEY)


@pytest.fixture
def set_area(area: str) -> Callable[..., AiAreaSettings]:
    """Changes the settings of the area."""

    def change(**values: Any) -> AiAreaSettings:
        return services.update_ai_area(SYSTEM, queries.get_area_state(area).settings, **values)

    return change


@pytest.fixture
def obliging(server: FakeProvider, provider: AiProvider) -> FakeProvider:
    """A provider that answers each area with one good item, in either protocol."""

    def answer() -> bytes:
        asked = server.asked[-1]
        fields = json.dumps(asked["body"])
        area = next(one for one in ITEMS if all(name in fields for name in _fields(one)))
        if asked["path"] == "/v1/messages":
            part = {"type": "tool_use", "name": "answer", "input": answer_of(area)}
            usage = {"input_tokens": 11, "output_tokens": 7}
            return json.dumps({"content": [part], "usage": usage}).encode()
        return openai_answer(json.dumps(answer_of(area)), 11, 7)

    server.answer = answer
    return server


def _fields(area: str) -> Any:
    return all_areas()[area].get_suggests().properties
