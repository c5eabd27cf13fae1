"""Two machines with one PostgreSQL and one Redis are one site, with and without pgbouncer.

One reaches the database directly, the other by way of pgbouncer. Each test does something on one
machine and looks on the other with the very next request.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any, NamedTuple

import httpx
import pytest

from manage_api.keys import tokens
from tests import web
from tests.concurrency.administrator import Administrator
from tests.concurrency.deliveries import problems, subscribe, told_since
from tests.concurrency.load import Load, Writer
from tests.concurrency.machines import Machine, machines
from tests.concurrency.receiver import receiving
from tests.databases import fresh_database as new_fresh_database
from tests.processes import children_of
from tests.servers import RealServer, ServerUnavailable, pgbouncer_server, redis
from tests.waiting import becomes_true

pytestmark = [pytest.mark.slow, pytest.mark.postgresql_only]

READS, FAILURES, ROUNDS, CHANGES = 100, 30, 2, 24
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tests.concurrency.held_clock",
    "MANAGE_API_READS_PER_MINUTE": str(READS),
    "MANAGE_API_FAILURES_PER_MINUTE": str(FAILURES),
    "ALLOW_PRIVATE_URLS": "true",
    "TRUSTED_PROXIES": "1",  # so that each test can come from an address of its own
}
GUESSER = {"X-Forwarded-For": "203.0.113.66"}


class Pair(NamedTuple):
    """The machines, and the pooler between the other one and the database."""

    one: Machine
    other: Machine
    pooler: RealServer
    carol: Administrator


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as stack:
        database = stack.enter_context(new_fresh_database())
        try:
            cache = stack.enter_context(redis())
            # Fewer sessions than the processes have connections: they do share them.
            few = pgbouncer_server(database["DATABASE_URL"], default_pool_size="3")
            pooler = stack.enter_context(few)
        except ServerUnavailable as reason:
            pytest.skip(str(reason))
        settings = {**SETTINGS, "CACHE_URL": f"{cache}/0"}
        ways = [database["DATABASE_URL"], pooler.address]
        home = tmp_path_factory.mktemp("machines")
        one, other = stack.enter_context(machines(home, database, settings, ways))
        yield Pair(one, other, pooler, Administrator(one.site))


class Clients(NamedTuple):
    one: httpx.Client
    other: httpx.Client


@pytest.fixture
def clients(pair: Pair) -> Iterator[Clients]:
    """With the site key, which may do everything."""
    with pair.one.server.client() as one, pair.other.server.client() as other:
        yield Clients(one, other)


@pytest.fixture
def both_ways(clients: Clients) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Who writes and who reads, in turns."""
    return iter([clients, clients[::-1]] * ROUNDS)


def make_key(pair: Pair, name: str, *scopes: str) -> str:
    created, _ = pair.carol.manage_key("create", "--name", name, "--scopes", ",".join(scopes))
    return str(created["key"])


# --- Keys --------------------------------------------------------------------------------------


def whoami(machine: Machine, key: str) -> int:
    headers = {"X-API-Key": key, "X-Forwarded-For": "203.0.113.1"}
    return web.get(f"{machine.server.address}/whoami", headers=headers).status_code


def id_of(key: str) -> str:
    token = tokens.parse(key)
    assert token is not None
    return token.public_id


def test_a_key_works_everywhere_once_it_is_made_and_nowhere_once_it_is_replaced(
    pair: Pair,
) -> None:
    key = make_key(pair, "Travels", "crm:read")
    for _ in range(3):
        assert [whoami(pair.other, key), whoami(pair.one, key)] == [200, 200]
        old = key
        key, _ = pair.carol.press(id_of(key), "rotate", overlap="0")
        assert [whoami(pair.other, old), whoami(pair.other, key)] == [401, 200]
        assert [whoami(pair.one, old), whoami(pair.one, key)] == [401, 200]

    pair.carol.press(id_of(key), "revoke")
    assert [whoami(pair.other, key), whoami(pair.one, key)] == [401, 401]


# --- Limits ------------------------------------------------------------------------------------


def statuses(pair: Pair, keys: list[str]) -> Counter[int]:
    """What came of one request for each key, sent to the machines in turns."""
    with (
        pair.one.server.client() as one,
        pair.other.server.client() as other,
    ):
        turns = [one, other] * len(keys)
        return Counter(
            client.get("/whoami", headers={"X-API-Key": key, **GUESSER}).status_code
            for client, key in zip(turns, keys, strict=False)
        )


def test_the_reads_of_a_key_are_counted_together(pair: Pair) -> None:
    key = make_key(pair, "Greedy", "crm:read")
    assert statuses(pair, [key] * (READS + 20)) == {200: READS, 429: 20}


def test_a_guesser_of_keys_is_cut_off_everywhere(pair: Pair) -> None:
    guesses = [tokens.new_token().text for _ in range(2 * FAILURES)]
    assert statuses(pair, guesses) == {401: FAILURES, 429: FAILURES}


def test_a_guesser_of_passwords_is_locked_out_everywhere(pair: Pair) -> None:
    right, sign_in = "correct horse battery staple", []
    for machine in (pair.one, pair.other):
        base = f"http://127.0.0.1:{machine.server.port}"
        sign_in.append(_signing_in(web.client(base_url=base, headers=GUESSER)))

    guesses = [sign_in[number % 2](f"guess {number}") for number in range(5)]

    assert guesses == [200, 200, 200, 200, 429]
    assert [sign_in[0](right), sign_in[1](right)] == [429, 429]


def _signing_in(browser: httpx.Client) -> Callable[[str], int]:
    def sign_in(password: str) -> int:
        token = re.search(
            r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/admin/login/").text
        )
        assert token is not None
        fields = {"username": "carol", "password": password, "csrfmiddlewaretoken": token[1]}
        return browser.post("/admin/login/", data=fields).status_code

    return sign_in


def test_who_has_signed_in_on_one_machine_is_signed_in_on_the_other(pair: Pair) -> None:
    cookies = pair.carol._browser.cookies
    pages = [
        web.get(f"http://127.0.0.1:{machine.server.port}/admin/", cookies=cookies)
        for machine in (pair.one, pair.other)
    ]
    assert [page.status_code for page in pages] == [200, 200]
    nobody = web.get(f"http://127.0.0.1:{pair.other.server.port}/admin/")
    assert nobody.status_code == 302


# --- Modules -----------------------------------------------------------------------------------


def test_a_module_is_on_or_off_everywhere_at_once(
    both_ways: Iterator[tuple[httpx.Client, httpx.Client]],
) -> None:
    for writer, reader in both_ways:
        for action, status in (("deactivate?confirm=true", 404), ("activate", 200)):
            reader.get("/notes")  # kept, if it was there
            reader.get("/manifest")
            assert writer.post(f"/modules/notes/{action}").is_success
            assert reader.get("/notes").status_code == status
            assert ('"notes_items"' in reader.get("/manifest").text) == (status == 200)


# --- What is kept ------------------------------------------------------------------------------


def test_what_a_machine_has_kept_is_never_older_than_what_the_other_has_written(
    both_ways: Iterator[tuple[httpx.Client, httpx.Client]],
) -> None:
    for number, (writer, reader) in enumerate(both_ways):
        before = {path: reader.get(path) for path in ("/variables", "/variables/export")}
        tags = {path: {"If-None-Match": one.headers["ETag"]} for path, one in before.items()}
        for path, headers in tags.items():
            assert reader.get(path, headers=headers).status_code == 304
            assert writer.get(path, headers=headers).status_code == 304, "they differ in tags"

        value = f"value {number}"
        assert writer.put("/variables/beat", json={"value": value}).is_success

        for path, headers in tags.items():
            after = reader.get(path, headers=headers)
            assert after.status_code == 200
            assert value in after.text


def test_a_precondition_of_one_machine_holds_on_the_other(clients: Clients) -> None:
    made = clients.one.post("/crm-systems", json={"name": "Contested"})
    path = f"/crm-systems/{made.json()['crm_num']}"
    tag = {"If-Match": clients.other.get(path).headers["ETag"]}

    assert clients.one.patch(path, json={"name": "First"}, headers=tag).status_code == 200
    assert clients.other.patch(path, json={"name": "Second"}, headers=tag).status_code == 412
    assert clients.other.get(path).json()["name"] == "First"


# --- Retries -----------------------------------------------------------------------------------


def named(client: httpx.Client, name: str) -> int:
    """How many systems have that name."""
    return sum(one["name"] == name for one in client.get("/crm-systems").json()["crms"])


def create(client: httpx.Client, name: str) -> httpx.Response:
    return client.post("/crm-systems", json={"name": name}, headers={"Idempotency-Key": name})


def test_a_retry_on_the_other_machine_is_answered_and_not_done_again(clients: Clients) -> None:
    first = create(clients.one, "Retried")
    again = create(clients.other, "Retried")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert named(clients.other, "Retried") == 1


def test_of_two_at_the_same_moment_one_is_done(clients: Clients) -> None:
    for number in range(ROUNDS):
        name = f"Raced-{number}"
        answers = at_once(*(partial(create, client, name) for client in clients))

        assert {one.status_code for one in answers} <= {201, 409}
        done = [one for one in answers if one.status_code == 201]
        assert sum("Idempotent-Replayed" not in one.headers for one in done) == 1
        refused = [one.json()["code"] for one in answers if one.status_code == 409]
        assert refused in ([], ["idempotency_in_progress"])
        assert {create(one, name).content for one in clients} == {done[0].content}
        assert named(clients.one, name) == 1


def at_once(*requests: Callable[[], httpx.Response]) -> list[httpx.Response]:
    ready = Barrier(len(requests))

    def send(request: Callable[[], httpx.Response]) -> httpx.Response:
        ready.wait()
        return request()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


# --- The audit trail ---------------------------------------------------------------------------


def test_what_either_changes_is_delivered_once_though_both_have_workers(
    pair: Pair, clients: Clients, tmp_path: Path
) -> None:
    for machine in (pair.one, pair.other):
        assert (keeper := machine.server.keeper_process())
        assert becomes_true(partial(children_of, keeper)), "it has no worker"
    with receiving(tmp_path / "received") as receiver:
        start = subscribe(clients.one, receiver)
        for number in range(CHANGES):
            body = {"name": str(number)}
            client = clients[number % 2]
            if number % 8 == 0:
                address = f"/crm-systems/{client.post('/crm-systems', json=body).json()['crm_num']}"
            else:
                assert client.patch(address, json=body).is_success
        assert becomes_true(lambda: len(receiver.arrived()) == CHANGES)
        told = list(told_since(clients.other, start))
        assert clients.one.post("/integrations/webhooks/disable?confirm=true").is_success
    assert problems(receiver, told, CHANGES) == []
    assert len(receiver.received) == CHANGES


def test_the_trail_stays_whole_when_both_write(pair: Pair) -> None:
    servers = [pair.one.server, pair.other.server] * 2
    load = Load([Writer(one, f"writer {n}", seed=n) for n, one in enumerate(servers)])

    load.start(writes=25)
    load.join()

    assert load.total("acknowledged") == 4 * 25
    state: dict[str, Any] = pair.one.site.state()
    assert (state["problem"], state["differing"], state["created_twice"]) == ("", [], [])
    assert not load.refused
    for machine in (pair.one, pair.other):
        assert "whole" in machine.manage("verify_audit")


# --- When the pooler is away -------------------------------------------------------------------


def test_a_pooler_that_goes_and_comes_back_costs_no_restart(pair: Pair, clients: Clients) -> None:
    pair.pooler.stop()
    answer = clients.other.post("/crm-systems", json={"name": "Away"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert clients.one.post("/crm-systems", json={"name": "There"}).status_code == 201

    pair.pooler.start()

    web.wait_until_ready(f"http://127.0.0.1:{pair.other.server.port}")
    assert named(clients.other, "Away") == 0
    assert named(clients.other, "There") == 1
