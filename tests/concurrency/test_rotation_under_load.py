"""Keys are replaced and revoked while four processes answer 50 requests a second.

From the moment that `rotate` or `revoke` has answered, in another process or in an admin's browser,
no process accepts the old key any more; with an overlap nobody notices anything but two headers.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import pytest

from manage_api.keys import tokens
from tests.concurrency.administrator import Administrator
from tests.concurrency.live import API, live_site
from tests.databases import fresh_database as new_fresh_database
from tests.waiting import PATIENCE, becomes_true

pytestmark = pytest.mark.slow

WORKERS, CLIENTS, PER_SECOND = 4, 5, 50
OVERLAP = 20  # seconds; whoever switches has done so by then, on a loaded machine as well
SCOPES = "crm:read,variables:read,variables:write"
NO_LIMITS = {"MANAGE_API_FAILURES_PER_MINUTE": "1000000"}


class Answer(NamedTuple):
    """One request: when it was sent, with which key, and what came back."""

    sent_at: float
    key: str
    status: int
    headers: Message
    body: dict[str, Any]


class Load:
    """Clients that read and write all the time, each at its pace, with the key they have now.

    Every other request of a client goes over a connection that it keeps, so that each process
    meets both new and old connections.
    """

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key
        self.answers: list[Answer] = []
        self._answered = threading.Condition()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def since(self, moment: float, key: str) -> list[Answer]:
        """What came of the requests that were sent with `key` after `moment`."""
        return [one for one in self.answers if one.key == key and one.sent_at >= moment]

    def wait_for(self, count: int) -> None:
        """Until so many of the requests that are sent from now on have been answered."""
        now = time.monotonic()
        with self._answered:
            enough = self._answered.wait_for(
                lambda: sum(one.sent_at >= now for one in self.answers) >= count, PATIENCE
            )
        assert enough

    def _run(self, number: int) -> None:
        kept, count = connect(self.port), 0
        began = time.monotonic() + number / PER_SECOND
        while not self._over.wait(max(0, began + count * CLIENTS / PER_SECOND - time.monotonic())):
            connection = kept if count % 2 else connect(self.port)
            answer = call(connection, self.key, *_request(number, count))
            with self._answered:
                self.answers.append(answer)
                self._answered.notify_all()
            # A server closes the connection after a refusal whose body it has not read.
            if connection is not kept or answer.status != 200:
                connection.close()
            count += 1
        kept.close()


def _request(number: int, count: int) -> tuple[str, str, str | None]:
    if number == 0:
        return "PUT", "/variables/beat", json.dumps({"value": f"beat {count}"})
    return "GET", ("/whoami", "/crm-systems", "/variables")[count % 3], None


def connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)


def call(
    connection: http.client.HTTPConnection, key: str, method: str, path: str, body: str | None
) -> Answer:
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    sent_at = time.monotonic()
    connection.request(method, API + path, body, headers)
    response = connection.getresponse()
    content = json.loads(response.read())
    return Answer(sent_at, key, response.status, response.headers, content)


@pytest.fixture(scope="module")
def carol(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Administrator]:
    with (
        new_fresh_database() as database,
        live_site(
            tmp_path_factory.mktemp("site") / "data", {**database, **NO_LIMITS}, workers=WORKERS
        ) as site,
    ):
        yield Administrator(site)


@pytest.fixture
def port(carol: Administrator) -> int:
    return carol.site.servers[0].port


@pytest.fixture
def key(carol: Administrator) -> str:
    created, _ = carol.manage_key("create", "--name", "Under load", "--scopes", SCOPES)
    return str(created["key"])


@contextmanager
def loaded(port: int, key: str) -> Iterator[Load]:
    """A load that has run for a while, and that goes on for a while."""
    with Load(port, key) as load:
        load.wait_for(25)
        yield load
        load.wait_for(50)


def get(port: int, key: str, path: str) -> Answer:
    connection = connect(port)
    answer = call(connection, key, "GET", path, None)
    connection.close()
    return answer


def works_everywhere(port: int, key: str) -> bool:
    """Asked often enough to meet each process."""
    statuses = {get(port, key, "/whoami").status for _ in range(6 * WORKERS)}
    assert len(statuses) == 1
    return statuses == {200}


def id_of(key: str) -> str:
    token = tokens.parse(key)
    assert token is not None
    return token.public_id


# --- At once -----------------------------------------------------------------------------------


def by_command(carol: Administrator, key: str, action: str) -> tuple[str, float]:
    shown, answered_at = carol.manage_key(action, id_of(key))
    return shown.get("key", ""), answered_at


def on_the_page(carol: Administrator, key: str, action: str) -> tuple[str, float]:
    return carol.press(id_of(key), action, **({"overlap": "0"} if action == "rotate" else {}))


End = Callable[[Administrator, str, str], tuple[str, float]]


@pytest.mark.parametrize("end", [by_command, on_the_page])
@pytest.mark.parametrize("action", ["rotate", "revoke"])
def test_from_the_answer_on_the_old_key_opens_nothing(
    carol: Administrator, port: int, key: str, action: str, end: End
) -> None:
    with loaded(port, key) as load:
        asked_at = time.monotonic()
        new_key, answered_at = end(carol, key, action)

    before = [one for one in load.answers if one.sent_at < asked_at]
    after = load.since(answered_at, key)
    assert len(before) > 10
    assert {one.status for one in before[:10]} == {200}
    assert len(after) > 20
    assert {(one.status, one.body["code"]) for one in after} == {(401, "not_authenticated")}
    assert_no_refused_write_was_stored(carol, port, load)
    assert bool(new_key) == (action == "rotate")
    if new_key:
        assert works_everywhere(port, new_key)


def assert_no_refused_write_was_stored(carol: Administrator, port: int, load: Load) -> None:
    accepted = [one for one in load.answers if one.status == 200 and "value" in one.body]
    reader, _ = carol.manage_key("create", "--name", "Reader", "--scopes", "variables:read")
    stored = get(port, reader["key"], "/variables/beat").body
    assert stored["value"] == accepted[-1].body["value"]


def test_the_site_key_is_no_exception(carol: Administrator, port: int) -> None:
    key = carol.site.key
    with loaded(port, key) as load:
        carol.site.key, answered_at = on_the_page(carol, key, "rotate")

    assert {one.status for one in load.since(answered_at, key)} == {401}
    assert works_everywhere(port, carol.site.key)


def test_uses_after_the_end_are_in_the_trail_soon_but_once(
    carol: Administrator, port: int, key: str
) -> None:
    carol.manage_key("revoke", id_of(key))
    assert {get(port, key, "/whoami").status for _ in range(6 * WORKERS)} == {401}

    refused: list[dict[str, Any]] = []

    def are_told() -> bool:
        entries = get(port, carol.site.key, f"/audit?object={id_of(key)}").body["entries"]
        refused[:] = [one for one in entries if one["event"] == "keys.refused"]
        return bool(refused)

    assert becomes_true(are_told)
    assert {(one["code"], one["address"]) for one in refused} == {
        ("not_authenticated", "127.0.0.1")
    }
    assert len(refused) <= 2  # one a minute, of all processes together


# --- With an overlap -----------------------------------------------------------------------------


def test_who_switches_within_the_overlap_sees_no_failure(
    carol: Administrator, port: int, key: str
) -> None:
    with loaded(port, key) as load:
        new_key, answered_at = carol.press(id_of(key), "rotate", overlap="900")
        load.wait_for(25)
        load.key = new_key

    assert {one.status for one in load.answers} == {200}
    old, new = load.since(answered_at, key), load.since(answered_at, new_key)
    assert len(old) > 10
    assert len(new) > 20
    assert all("Sunset" in one.headers and "Deprecation" in one.headers for one in old)
    assert not any("Sunset" in one.headers or "Deprecation" in one.headers for one in new)


def test_old_answers_say_since_when_and_until_when_and_so_it_is(
    carol: Administrator, port: int, key: str
) -> None:
    with loaded(port, key) as load:
        asked_at = time.time()
        rotated, answered_at = carol.manage_key("rotate", id_of(key), "--overlap", f"{OVERLAP}s")
        old = get(port, key, "/whoami").headers
        load.key = rotated["key"]
    ends_at = parsedate_to_datetime(old["Sunset"]).timestamp()  # RFC 8594
    time.sleep(max(0, ends_at + 1.1 - time.time()))
    late = get(port, key, "/whoami")

    assert {one.status for one in load.answers} == {200}
    deprecated_at = int(old["Deprecation"].removeprefix("@"))  # RFC 9745
    assert ends_at - deprecated_at == OVERLAP
    assert int(asked_at) <= deprecated_at <= time.time()
    assert (late.status, late.body["code"]) == (401, "key_expired")
    assert works_everywhere(port, rotated["key"])
    assert load.since(answered_at, rotated["key"])
