from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from manage_api import docs, throttling, urls
from manage_api.keys import services, tokens
from manage_api.keys.models import ManageKey
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmSystem
from tests.fixtures import Api, remake


@pytest.fixture(autouse=True)
def _steady_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute ends in the middle of a test."""
    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 1_800_000_010.0)


def test_a_spent_write_budget_refuses_writes_and_leaves_reads(api: Api, settings: Any) -> None:
    settings.MANAGE_API_WRITES_PER_MINUTE = 2
    for name in ("One", "Two"):
        assert api.post("/crm-systems", {"name": name}).status_code == 201

    refused = api.post("/crm-systems", {"name": "Three"})

    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused.headers["Retry-After"] == "50"
    assert refused.headers["RateLimit"] == '"write";r=0;t=50'
    assert CrmSystem.objects.count() == 2
    assert api.get("/crm-systems").status_code == 200


def test_answers_say_what_is_left(api: Api) -> None:
    answer = api.get("/crm-systems")

    assert answer.headers["RateLimit-Policy"] == '"read";q=1200;w=60'
    assert answer.headers["RateLimit"] == '"read";r=1199;t=50'
    limits = api.get("/whoami").json()["limits"]
    assert limits["read"] == {"limit": 1200, "remaining": 1198, "reset_seconds": 50}
    assert limits["write"]["remaining"] == 600


def test_dispatch_spends_the_budget_of_what_it_does(api: Api, settings: Any) -> None:
    settings.MANAGE_API_WRITES_PER_MINUTE = 1
    assert api.dispatch("crm.create", {"name": "One"}).json()["ok"] is True

    refused = api.dispatch("crm.create", {"name": "Two"})

    assert refused.json()["code"] == "throttled"
    assert api.dispatch("crm.list").json()["ok"] is True


def test_each_key_has_its_own_budget(make_key: Callable[..., str], settings: Any) -> None:
    settings.MANAGE_API_READS_PER_MINUTE = 1
    one, two = Api(make_key("crm:read")), Api(make_key("crm:read"))
    one.get("/crm-systems")

    assert one.get("/crm-systems").status_code == 429
    assert two.get("/crm-systems").status_code == 200


def test_an_address_that_guesses_keys_is_cut_off_without_a_query(
    db: None, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    guess = Api(tokens.new_token().text)
    for _ in range(3):
        assert guess.get("/whoami").status_code == 401

    with django_assert_num_queries(0):
        refused = guess.get("/whoami")

    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert int(refused.headers["Retry-After"]) == 50


def test_another_address_is_not_affected(api: Api, settings: Any) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    for _ in range(5):
        Api(tokens.new_token().text).get("/whoami")

    assert api.get("/whoami").status_code == 429
    elsewhere = api.client.get("/api/manage/v1/whoami", REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 200


# --- Floods of wrong keys ------------------------------------------------------------------


def flood(count: int, address: str = "127.0.0.1") -> list[int]:
    """The statuses of that many wrong keys, all well-formed and all different."""
    client = Client(raise_request_exception=False, REMOTE_ADDR=address)
    return [
        client.get(
            "/api/manage/v1/whoami", headers={"X-API-Key": tokens.new_token().text}
        ).status_code
        for _ in range(count)
    ]


def test_wrong_keys_beyond_the_limit_reach_no_database(
    site_key: str, settings: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 60
    monkeypatch.setattr("manage_api.throttling.after_answer", lambda job: None)
    with django_assert_num_queries(60):
        assert flood(500) == [401] * 60 + [429] * 440


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8:0:7::9"])
def test_an_address_that_is_cut_off_is_recorded_once_a_minute(
    db: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    assert flood(2, address) == [401, 401]
    assert not AuditEntry.objects.exists()

    assert flood(50, address) == [401] + [429] * 49

    entry = AuditEntry.objects.get()
    assert (entry.event, entry.outcome, entry.code) == ("api.refused", "refused", "throttled")
    assert (entry.actor_kind, entry.actor_id, entry.actor_label) == ("client", "", "")
    assert (entry.door, entry.address) == ("rest", address)
    assert len(entry.request_id) == 32

    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 1_800_000_070.0)
    flood(50, address)
    assert AuditEntry.objects.count() == 2


def test_what_is_recorded_waits_until_after_the_answer(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    left: list[Callable[[], object]] = []
    monkeypatch.setattr("manage_api.throttling.after_answer", left.append)

    assert not AuditEntry.objects.exists()  # SQLite begins the test's transaction with this
    with django_assert_num_queries(3):
        flood(50)

    assert len(left) == 1
    left[0]()
    assert AuditEntry.objects.get().event == "api.refused"


def test_so_do_sessions_that_do_not_exist(
    db: None, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    client = Client()
    for number in range(4):
        client.cookies["sessionid"] = f"{number}" * 32
        client.get("/api/manage/v1/whoami")

    with django_assert_num_queries(0):
        assert client.get("/api/manage/v1/whoami").status_code == 429


def test_a_key_that_was_good_lately_is_not_shut_out_by_its_neighbours(
    api: Api, make_key: Callable[..., str], settings: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    long_unused = make_key("crm:read")
    assert api.get("/whoami").status_code == 200
    flood(10)

    assert api.get("/whoami").status_code == 200
    assert Api(long_unused).get("/whoami").status_code == 429


@pytest.mark.django_db(transaction=True)
def test_a_new_key_is_not_shut_out_by_the_tool_that_still_uses_the_old_one(settings: Any) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    old = services.create_restricted_key(SYSTEM, name="Tool", scopes=["crm:read"])
    new = services.rotate_key(SYSTEM, old.key)
    forgotten = Api(old.text)
    assert [forgotten.get("/whoami").status_code for _ in range(4)] == [401, 401, 401, 429]

    assert Api(new.text).get("/whoami").status_code == 200


def test_a_good_key_is_remembered_for_twelve_hours_whenever_they_begin(
    site_key: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    midnight = 1_800_000_000 // throttling.REMEMBERED * throttling.REMEMBERED

    def status_at(moment: int) -> int:
        monkeypatch.setattr("syteops.core.counters.time.time", lambda: float(moment))
        flood(4)
        return int(Api(site_key).get("/whoami").status_code)

    monkeypatch.setattr("syteops.core.counters.time.time", lambda: float(midnight - 1))
    throttling.note_success(site_key)
    with monkeypatch.context() as unused:
        unused.setattr(throttling, "note_success", lambda credential: None)
        assert status_at(midnight + 1) == 200
        assert status_at(midnight + throttling.REMEMBERED - 1) == 200
        assert status_at(midnight + throttling.REMEMBERED) == 429


def test_a_person_at_work_is_not_shut_out_either(
    as_person: Callable[[User], Api], alice: User, charlie: User, settings: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    at_work, newcomer = as_person(alice), as_person(charlie)
    assert at_work.get("/whoami").status_code == 200
    flood(10)

    assert at_work.get("/whoami").status_code == 200
    assert newcomer.get("/whoami").status_code == 429


def test_a_key_that_was_good_lately_is_cut_off_when_it_fails_itself(
    api: Api, site_key: str, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    assert api.get("/whoami").status_code == 200
    services.revoke_key(SYSTEM, ManageKey.objects.get())
    flood(3)

    assert [api.get("/whoami").status_code for _ in range(4)] == [401, 401, 401, 429]
    with django_assert_num_queries(0):
        assert api.get("/whoami").status_code == 429


def test_all_addresses_of_an_ipv6_network_are_one_guesser(api: Api, settings: Any) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    statuses = [flood(1, f"2001:db8:0:7::{n:x}")[0] for n in range(1, 6)]

    assert statuses == [401, 401, 401, 429, 429]
    assert flood(1, "2001:db8:0:8::1") == [401]


def test_clients_of_unknown_address_are_one_guesser(db: None, settings: Any) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    settings.TRUSTED_PROXIES = 1
    statuses = [flood(1, f"192.0.2.{n}")[0] for n in range(1, 6)]

    assert statuses == [401, 401, 401, 429, 429]


# --- Whatever is asked costs something -------------------------------------------------------


def dispatched(body: Any, **headers: str) -> Callable[[Api], Any]:
    return lambda api: api.post("/dispatch", body, **headers)


ODD_REQUESTS: dict[str, Callable[[Api], Any]] = {
    "a method that is not there": lambda api: api.put("/roles", {}),
    "an address that is not there": lambda api: api.get("/no-such-thing"),
    "a form that is not offered": lambda api: api.get("/whoami", Accept="text/html"),
    "an operation that is not there": dispatched({"resource": "crm", "action": "no_such"}),
    "an operation in no form at all": dispatched(b"{"),
    "one in the query that is not there": lambda api: api.get("/dispatch?resource=x&action=y"),
}


@pytest.mark.parametrize("name", ODD_REQUESTS)
def test_what_leads_nowhere_costs_a_read(api: Api, settings: Any, name: str) -> None:
    settings.MANAGE_API_READS_PER_MINUTE = 2
    first, second, third = (ODD_REQUESTS[name](api) for _ in range(3))

    assert 400 <= first.status_code < 429
    assert first.headers["RateLimit"] == '"read";r=1;t=50'
    assert second.status_code == first.status_code
    assert (third.status_code, third.json()["code"]) == (429, "throttled")


def paused(key: ManageKey) -> None:
    services.pause_key(SYSTEM, key)


def closed(key: ManageKey) -> None:
    services.set_api_enabled(SYSTEM, False)


def elsewhere(key: ManageKey) -> None:
    remake(key, networks=["203.0.113.0/24"])


@pytest.mark.parametrize("refuse", [paused, closed, elsewhere])
def test_a_key_that_is_refused_for_now_pays_from_its_own_budget(
    make_key: Callable[..., str], settings: Any, refuse: Callable[[ManageKey], None]
) -> None:
    settings.MANAGE_API_READS_PER_MINUTE = 3
    settings.MANAGE_API_FAILURES_PER_MINUTE = 1
    tool = Api(make_key("crm:read"))
    refuse(ManageKey.objects.get())

    assert [tool.get("/whoami").status_code for _ in range(4)] == [403, 403, 403, 429]


def test_enabled_again_every_key_works_with_the_next_request(
    make_key: Callable[..., str], settings: Any
) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 2
    services.set_api_enabled(SYSTEM, False)
    tool = Api(make_key("crm:read"))
    assert {tool.get("/whoami").status_code for _ in range(5)} == {403}

    services.set_api_enabled(SYSTEM, True)

    assert tool.get("/whoami").status_code == 200


def test_a_session_without_its_csrf_token_is_cut_off(alice: User, settings: Any) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 3
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    statuses = [client.post("/api/manage/v1/crm-systems").status_code for _ in range(5)]

    assert statuses == [403, 403, 403, 429, 429]
    assert CrmSystem.objects.count() == 0


def test_who_is_cut_off_is_told_which_limit_it_was(db: None, settings: Any) -> None:
    settings.MANAGE_API_FAILURES_PER_MINUTE = 1
    guess = Api(tokens.new_token().text)
    guess.get("/whoami")

    refused = guess.get("/whoami").headers

    assert refused["RateLimit-Policy"] == '"failure";q=1;w=60'
    assert refused["RateLimit"] == '"failure";r=0;t=50'
    assert refused["Retry-After"] == "50"


def test_what_is_open_to_everybody_is_so_as_often_as_one_caller_may_read(
    db: None, settings: Any
) -> None:
    """By ever other ports in its Host, one took the thread of all others 11 ms each time."""
    settings.MANAGE_API_READS_PER_MINUTE, settings.ALLOWED_HOSTS = 2, ["*"]
    routes: list[Any] = urls.urlpatterns
    views = docs.OpenView.__subclasses__()
    found = [one for one in routes if getattr(one.callback, "cls", None) in views]
    assert len(found) == len(views)
    for place, view in enumerate(found):
        client = Client(REMOTE_ADDR=f"203.0.113.{place}")
        told = [
            client.get(f"/{view.pattern}", headers={"Host": f"a:{port}", "X-API-Key": "som_wrong"})
            for port in (1, 2, 3)
        ]
        assert [one.status_code for one in told] == [200, 200, 429], view
        assert told[-1].json()["code"] == "throttled"


@pytest.mark.django_db
def test_zero_is_no_limit(api: Any, settings: Any) -> None:
    settings.MANAGE_API_READS_PER_MINUTE = settings.MANAGE_API_WRITES_PER_MINUTE = 0
    settings.MANAGE_API_FAILURES_PER_MINUTE = 0
    for number in range(3):
        assert api.get("/crm-systems").status_code == 200
        assert api.post("/crm-systems", {"name": f"System {number}"}).status_code == 201
        assert Api("som_wrong").get("/crm-systems").status_code == 401
