"""Two server processes at the same record, key or number: one wins, and nothing is lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from tests.concurrency.live import LiveSite

pytestmark = pytest.mark.slow

ROUNDS = 16
Request = Callable[[httpx.Client], httpx.Response]


@pytest.fixture
def clients(site: LiveSite) -> Any:
    """Two clients of each server."""
    made = [server.client() for server in site.servers for _ in range(2)]
    yield made
    for one in made:
        one.close()


def at_once(clients: list[httpx.Client], *requests: Request) -> list[httpx.Response]:
    """Send each request by a client of its own, all at the same moment."""
    start = Barrier(len(requests))

    def send(pair: tuple[httpx.Client, Request]) -> httpx.Response:
        start.wait()
        return pair[1](pair[0])

    with ThreadPoolExecutor(len(requests)) as pool:
        # The servers alternate: neighbours are in different processes.
        ordered = [*clients[0::2], *clients[1::2]]
        return list(pool.map(send, zip(ordered, requests, strict=False)))


def new_system(client: httpx.Client, name: str) -> tuple[str, str]:
    """The path and the ETag of a new CRM system."""
    made = client.post("/crm-systems", json={"name": name})
    assert made.status_code == 201, made.text
    path = f"/crm-systems/{made.json()['crm_num']}"
    return path, client.get(path).headers["ETag"]


def test_of_two_updates_with_the_same_etag_exactly_one_wins(clients: list[httpx.Client]) -> None:
    path, _ = new_system(clients[0], "Contested")

    for number in range(ROUNDS):
        etag = clients[0].get(path).headers["ETag"]
        names = [f"{number} of {who}" for who in range(4)]

        answers = at_once(clients, *(_rename(path, name, etag) for name in names))

        assert sorted(one.status_code for one in answers) == [200, 412, 412, 412]
        winner = next(i for i, one in enumerate(answers) if one.status_code == 200)
        now = clients[0].get(path)
        assert now.json()["name"] == names[winner]
        refused = next(one for one in answers if one.status_code == 412)
        assert refused.json()["current_etag"] == now.headers["ETag"] == refused.headers["ETag"]


def _rename(path: str, name: str, etag: str) -> Request:
    return lambda client: client.patch(path, json={"name": name}, headers={"If-Match": etag})


def test_of_an_update_and_a_deletion_exactly_one_wins(clients: list[httpx.Client]) -> None:
    for number in range(ROUNDS // 2):
        path, etag = new_system(clients[0], f"Doomed {number}")

        update, deletion = at_once(
            clients, _rename(path, f"Saved {number}", etag), _delete(path, etag)
        )

        assert sorted((update.status_code, deletion.status_code)) == [200, 412]
        left = clients[0].get(path).status_code
        assert left == (200 if update.status_code == 200 else 404)


def _delete(path: str, etag: str) -> Request:
    return lambda client: client.delete(f"{path}?confirm=true", headers={"If-Match": etag})


def test_of_those_who_create_what_is_not_there_yet_exactly_one_does(
    clients: list[httpx.Client],
) -> None:
    """Nothing exists then that could be locked."""
    for number in range(ROUNDS):
        key = f"fresh_{number}"
        values = [f"{number} of {who}" for who in range(4)]

        answers = at_once(clients, *(_set(key, one, {"If-None-Match": "*"}) for one in values))

        assert sorted(one.status_code for one in answers) == [200, 412, 412, 412]
        winner = next(i for i, one in enumerate(answers) if one.status_code == 200)
        assert clients[0].get(f"/variables/{key}").json()["value"] == values[winner]


def test_a_write_without_precondition_is_never_overwritten_by_one_that_did_not_see_it(
    clients: list[httpx.Client],
) -> None:
    """Whoever comes first, the plain write is the last word: in a bulk and by the full name too."""
    for number in range(ROUNDS):
        key = f"plain_{number}"
        missing = {"If-None-Match": "*"}
        plain = (_set_in_bulk, _set_by_full_name, _set)[number % 3](key, "plain")
        careful = [_set(key, "careful", missing), _set_by_full_name(key, "careful", missing)]

        answers = at_once(clients, plain, *careful)

        assert answers[0].status_code == 200
        assert {one.status_code for one in answers[1:]} <= {200, 412}
        assert clients[0].get(f"/variables/{key}").json()["value"] == "plain"


def test_of_two_who_change_the_same_variable_with_its_etag_exactly_one_wins(
    clients: list[httpx.Client],
) -> None:
    clients[0].put("/variables/contested", json={"value": "first"})
    for number in range(ROUNDS):
        etag = clients[0].get("/variables/contested").headers["ETag"]
        seen = {"If-Match": etag}

        answers = at_once(clients, *(_set("contested", f"{number} {n}", seen) for n in range(4)))

        assert sorted(one.status_code for one in answers) == [200, 412, 412, 412]


def _set(key: str, value: str, headers: dict[str, str] | None = None) -> Request:
    return lambda client: client.put(f"/variables/{key}", json={"value": value}, headers=headers)


def _set_by_full_name(key: str, value: str, headers: dict[str, str] | None = None) -> Request:
    return _set(f"syteops_api_{key}", value, headers)


def _set_in_bulk(key: str, value: str) -> Request:
    items = [{"action": "set", "params": {"key": key, "value": value}}]
    return lambda client: client.post("/variables/bulk", json={"items": items})


def test_one_idempotency_key_has_exactly_one_effect(clients: list[httpx.Client]) -> None:
    seen = set()
    for number in range(4 * ROUNDS):
        body, headers = {"name": f"Once {number}"}, {"Idempotency-Key": f"once-{number}"}
        request = _create(body, headers)

        answers = at_once(clients, *(request for _ in range(4)))

        first = [one for one in answers if one.status_code == 201 and not _is_replay(one)]
        others = [one for one in answers if one not in first]
        assert len(first) == 1
        for one in others:
            assert _is_replay(one) or one.json()["code"] == "idempotency_in_progress"
            seen.add(one.status_code)
        assert {one.json()["crm_num"] for one in answers if one.status_code == 201} == {
            first[0].json()["crm_num"]
        }
        again = request(clients[1])
        assert (again.status_code, again.content) == (201, first[0].content)
        assert _is_replay(again)
        if number >= ROUNDS - 1 and 409 in seen:  # a second one came while the first was running
            break
    names = [one["name"] for one in clients[0].get("/crm-systems").json()["crms"]]
    assert sorted(n for n in names if n.startswith("Once ")) == sorted(
        f"Once {done}" for done in range(number + 1)
    )
    assert 409 in seen, "no second request came while the first was running"


def _create(body: dict[str, str], headers: dict[str, str]) -> Request:
    return lambda client: client.post("/crm-systems", json=body, headers=headers)


def _is_replay(answer: httpx.Response) -> bool:
    return bool(answer.headers.get("Idempotent-Replayed") == "true")


def test_another_body_under_a_key_in_use_never_gets_through(clients: list[httpx.Client]) -> None:
    for number in range(ROUNDS // 2):
        headers = {"Idempotency-Key": f"mixed-{number}"}
        bodies = [{"name": f"Mixed {number} {who}"} for who in range(4)]

        answers = at_once(clients, *(_create(body, headers) for body in bodies))

        codes = sorted(one.status_code for one in answers)
        assert codes.count(201) == 1
        assert set(codes) <= {201, 409, 422}


def test_creates_at_once_take_the_lowest_free_numbers(clients: list[httpx.Client]) -> None:
    for path in _paths(clients[0]):
        clients[0].delete(f"{path}?confirm=true")

    for number in range(5):
        answers = at_once(clients, *(_create({"name": f"{number}"}, {}) for _ in range(4)))
        assert {one.status_code for one in answers} == {201}
    assert _paths(clients[0]) == [f"/crm-systems/{number:03d}" for number in range(1, 21)]

    for number in (3, 7, 11, 19):
        clients[0].delete(f"/crm-systems/{number:03d}?confirm=true")
    answers = at_once(clients, *(_create({"name": "Again"}, {}) for _ in range(4)))

    assert sorted(one.json()["crm_num"] for one in answers) == ["003", "007", "011", "019"]


def _paths(client: httpx.Client) -> list[str]:
    systems = client.get("/crm-systems").json()["crms"]
    return [f"/crm-systems/{one['crm_num']}" for one in systems]
