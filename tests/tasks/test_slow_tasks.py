"""What takes long takes its own threads of the worker alone: ten slow AI calls, on a real site."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests import web
from tests.ai.conftest import openai_answer
from tests.concurrency.live import LiveSite, Server, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.integrations.receivers import Receiver, listening
from tests.integrations.smtp_sink import SmtpSink, receiving_mail
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.slow

CALLS = 10

_SET_UP = """
from django.contrib.auth.models import User
from notes import services as notes
from syteops.ai import services as ai
from syteops.ai.models import AiProvider
from syteops.core.actors import SYSTEM
User.objects.create_superuser("alice", password="correct horse battery")
provider = AiProvider.objects.get(slug="openai")
ai.update_ai_provider(SYSTEM, provider, base_url="{url}/v1", default_model="slow")
ai.set_secrets(SYSTEM, provider, api_key="sk-1234567890")
for number in range({calls}):
    notes.create_note(SYSTEM, title=f"Note {{number}}", content="Something to sum up.")
"""


class SlowProvider(ThreadingHTTPServer):
    """Answers no call before it `may_answer`."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Slowly)
        self.asked, self.at_once, self.most_at_once = 0, 0, 0
        self.guard, self.may_answer = threading.Lock(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Slowly(BaseHTTPRequestHandler):
    server: SlowProvider

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.guard:
            self.server.asked += 1
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        self.server.may_answer.wait(PATIENCE)
        with self.server.guard:
            self.server.at_once -= 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(openai_answer('[{"summary": "A summary."}]', 5, 5))

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def provider() -> Iterator[SlowProvider]:
    with SlowProvider() as provider:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        yield provider
        provider.may_answer.set()
        provider.shutdown()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with receiving_mail() as sink:
        yield sink


@pytest.fixture
def site(
    provider: SlowProvider, receiver: Receiver, sink: SmtpSink, tmp_path: Path
) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        settings = {
            **environment,
            "ALLOWED_PRIVATE_ORIGINS": f"{provider.url},{receiver.url}",
            "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
            "SITE_URL": "https://ops.example.com",
            "TASK_THREADS": "10",
        }
        with live_site(tmp_path / "data", settings, workers=1) as site:
            code = _SET_UP.format(url=provider.url, calls=CALLS)
            site.manage("shell", "-v", "0", "-c", code)
            yield site


@contextmanager
def signed_in(server: Server) -> Iterator[httpx.Client]:
    with web.client(base_url=f"http://127.0.0.1:{server.port}") as browser:
        browser.get("/admin/login/")
        form = {"username": "alice", "password": "correct horse battery"}
        assert post(browser, "/admin/login/", **form).status_code == 302
        yield browser


def post(browser: httpx.Client, path: str, **form: str) -> httpx.Response:
    token = browser.cookies["csrftoken"]
    return browser.post(path, data={"csrfmiddlewaretoken": token, **form})


def test_ten_slow_ai_calls_leave_the_site_as_fast_as_it_was(
    site: LiveSite, provider: SlowProvider
) -> None:
    (server,) = site.servers
    with signed_in(server) as browser, server.client() as api:
        notes = [one["id"] for one in api.get("/notes").json()["items"]]
        pages = ask(browser, notes)
        assert becomes_true(lambda: provider.at_once == CALLS)

        for turn in range(10):  # as many as there are calls
            assert browser.get("/healthz").is_success
            assert api.get(f"/notes/{notes[0]}").is_success
            assert api.patch(f"/notes/{notes[0]}", json={"tags": [str(turn)]}).is_success
        assert_nothing_waited(provider, pages, browser, api)
    assert (provider.asked, provider.most_at_once) == (CALLS, CALLS)


def test_ten_slow_ai_calls_delay_no_delivery_and_no_mail(
    site: LiveSite, provider: SlowProvider, receiver: Receiver, sink: SmtpSink
) -> None:
    """They are more than there are threads for anything else."""
    (server,) = site.servers
    with signed_in(server) as browser, server.client() as api:
        hook = {"name": "Fast", "url": receiver.url, "types": ["crm_system.*"]}
        assert api.post("/webhooks", json=hook).is_success
        assert api.post("/integrations/webhooks/enable").is_success
        draft = {"title": "Website", "client_name": "Ada", "client_email": "ada@example.com"}
        lines = [{"description": "Design", "quantity": "1", "unit_price": "100"}]
        estimate = api.post("/estimates", json={**draft, "line_items": lines}).json()

        pages = ask(browser, [one["id"] for one in api.get("/notes").json()["items"]])
        assert becomes_true(lambda: provider.at_once == CALLS)
        assert api.post("/crm-systems", json={"name": "HubSpot"}).is_success
        assert becomes_true(lambda: receiver.received)
        assert api.post(f"/estimates/{estimate['id']}/send").is_success
        assert becomes_true(lambda: sink.mails)
        assert_nothing_waited(provider, pages, browser, api)


def ask(browser: httpx.Client, notes: list[str]) -> list[str]:
    """Have the AI asked about each note; the pages that tell how far it is."""
    pages = []
    for note in notes:
        answer = post(browser, f"/admin/notes/note/{note}/suggest/summary/")
        pages.append(answer.headers["Location"])
    assert len(pages) == CALLS
    return pages


def assert_nothing_waited(
    provider: SlowProvider, pages: list[str], browser: httpx.Client, api: httpx.Client
) -> None:
    """Whatever was done until now, was done before any call was answered, or given up."""
    assert provider.at_once == CALLS
    provider.may_answer.set()
    assert becomes_true(lambda: all(is_over(browser, page) for page in pages))
    for note in api.get("/notes").json()["items"]:
        (made,) = api.get(f"/notes/{note['id']}/suggestions").json()["items"]
        assert [one["text"] for one in made["items"]] == ["A summary."]


def is_over(browser: httpx.Client, page: str) -> bool:
    return bool(browser.get(f"{page}?state").json()["over"])
