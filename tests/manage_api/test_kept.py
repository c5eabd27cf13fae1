"""An answer is given again only while nothing was written, by anybody, for a key that is good."""

import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from manage_api import kept
from manage_api.calls import Result
from manage_api.keys import services
from manage_api.keys.queries import site_key as current_site_key
from manage_api.operations import all_operations
from manage_api.principals import Principal
from manage_api.rendering import dump
from syteops.core.actors import SYSTEM
from syteops.core.written import State, is_unchanged
from syteops.crm.models import CrmSystem
from syteops.dashboard.tasks import prove_write
from syteops.server import health
from syteops.server.encryption_proof import write_proof
from syteops.tasks import presence
from syteops.team.models import TeamMember
from tests.fixtures import Api

pytestmark = pytest.mark.django_db(transaction=True)

ONE_QUERY = 1  # the key's


@pytest.fixture(autouse=True)
def _system() -> None:
    CrmSystem.objects.create(number=1, name="HubSpot")


def name_of(api: Api) -> str:
    return str(api.get("/crm-systems/001").json()["name"])


def queries_of(ask: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        ask()
    return len(queries)


def is_kept(ask: Callable[[], object]) -> bool:
    """Tried often: on PostgreSQL, what the tests of other processes write ends it as well."""
    return any(queries_of(ask) == ONE_QUERY for _ in range(100))


def rename_elsewhere() -> None:
    """A change that this connection has no part in."""

    def rename() -> None:
        CrmSystem.objects.update(name="Zoho")
        connection.close()

    other = threading.Thread(target=rename)
    other.start()
    other.join()


@pytest.mark.parametrize(
    "path", ["/crm-systems/001", "/crm-systems", "/variables/export", "/manifest"]
)
def test_the_same_read_is_answered_from_memory(api: Api, path: str) -> None:
    first = api.get(path)

    assert is_kept(lambda: api.get(path))
    second = api.get(path)
    assert (second.content, second.get("ETag")) == (first.content, first.get("ETag"))


def test_dispatch_answers_the_same_from_memory(api: Api) -> None:
    first = api.dispatch("crm.get", {"crm_num": "001"}).json()
    assert is_kept(lambda: api.dispatch("crm.get", {"crm_num": "001"}))
    assert api.dispatch("crm.get", {"crm_num": "001"}).json()["data"] == first["data"]


def test_a_change_over_the_api_shows_at_once(api: Api) -> None:
    assert name_of(api) == "HubSpot"
    assert api.get("/variables/export").json()["syteops_std_crm_001_name"] == "HubSpot"
    api.patch("/crm-systems/001", {"name": "Zoho"})
    assert name_of(api) == "Zoho"
    assert api.get("/variables/export").json()["syteops_std_crm_001_name"] == "Zoho"


def test_a_change_that_passes_every_service_by_shows_at_once(api: Api) -> None:
    assert name_of(api) == "HubSpot"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_crmsystem SET name = 'Zoho'")
    assert name_of(api) == "Zoho"


def test_a_change_on_another_connection_shows_at_once(api: Api) -> None:
    assert name_of(api) == "HubSpot"
    rename_elsewhere()
    assert name_of(api) == "Zoho"


@pytest.fixture
def beating() -> Iterator[Callable[[], None]]:
    """What beats the heart of a worker once: as in a process of its own, on its own connection."""
    worker, others = presence.Presence(), ThreadPoolExecutor(1)
    others.submit(worker.begin).result()
    yield lambda: others.submit(worker.beat).result()
    others.submit(worker.end).result()
    others.submit(connections.close_all).result()


def test_a_worker_that_waits_ends_nothing(
    api: Api, beating: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stays() -> bool:
        name_of(api)
        beating()
        return queries_of(lambda: name_of(api)) == ONE_QUERY

    # Written each time on PostgreSQL; never on SQLite, however late it is.
    monkeypatch.setattr(presence, "WRITTEN_EVERY", timedelta(0))
    if connection.vendor == "sqlite":
        assert all(stays() for _ in range(10))
    else:  # the tests of other processes write on the same server
        assert any(stays() for _ in range(100))
    rename_elsewhere()
    assert name_of(api) == "Zoho"


def test_a_site_that_is_asked_whether_it_is_ready_keeps_its_answers(
    api: Api, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_proof()
    monkeypatch.setattr(health, "PROVED_FOR", -1)

    def stays() -> bool:
        name_of(api)
        told = client.get("/readyz").json()
        assert told["ready"], told
        return queries_of(lambda: name_of(api)) == ONE_QUERY

    # On PostgreSQL the tests of other processes write on the same server.
    assert any(stays() for _ in range(1 if connection.vendor == "sqlite" else 100))


def test_a_sign_of_life_is_never_part_of_another_change(db: None) -> None:
    """Who wrote the row would have written more, and that would not be noticed."""
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        prove_write()


def snapshot(seen: str) -> State:
    return State("a connection", seen, 0, 1)


@pytest.mark.parametrize(
    ("before", "now", "is_same"),
    [
        ("100:100::7", "101:101::100", True),  # 100 wrote a sign of life
        ("100:100::7", "101:101::7", False),  # 100 wrote something else, or was taken back
        ("100:100::7", "102:102::100", False),  # 101 ended as well
        ("100:100::7", "100:102:100:101", True),  # 100 is still running
        ("100:102:100:101", "102:102::101", False),  # now it has ended
        ("100:102:100:101", "102:102::100,101", True),
        ("4294967297:4294967297::7", "4294967298:4294967298::1,2", True),  # 32 bits of it
        ("100:100::7", "9999:9999::7", False),  # too many to look at
    ],
)
def test_which_transactions_have_ended_decides(before: str, now: str, is_same: bool) -> None:
    assert is_unchanged(snapshot(before), snapshot(now)) is is_same
    assert not is_unchanged(snapshot(before), snapshot(now)._replace(quarter=2))
    assert not is_unchanged(snapshot(before), snapshot(now)._replace(connection="another"))


def test_what_is_rolled_back_is_never_kept(api: Api) -> None:
    assert name_of(api) == "HubSpot"
    with transaction.atomic():
        CrmSystem.objects.update(name="Zoho")
        assert name_of(api) == "Zoho"
        transaction.set_rollback(True)
    assert name_of(api) == "HubSpot"


def test_a_dry_run_leaves_nothing_behind(api: Api) -> None:
    assert name_of(api) == "HubSpot"
    api.patch("/crm-systems/001?dry_run=true", {"name": "Zoho"})
    assert name_of(api) == "HubSpot"


def test_a_key_that_was_replaced_gets_nothing_any_more(api: Api) -> None:
    assert name_of(api) == "HubSpot"
    key = current_site_key()
    assert key is not None
    services.revoke_key(SYSTEM, key)
    assert api.get("/crm-systems/001").status_code == 401


def test_a_key_without_the_right_gets_nothing_of_what_another_read(
    api: Api, make_key: Callable[..., str]
) -> None:
    other = Api(make_key("roles:read"))
    assert name_of(api) == "HubSpot"
    assert other.get("/crm-systems/001").status_code == 403
    assert len(other.get("/manifest").json()["data"]) < len(api.get("/manifest").json()["data"])


def test_every_read_still_costs_its_budget(api: Api) -> None:
    left = [api.get("/crm-systems/001")["RateLimit"].split(";")[1] for _ in range(2)]
    assert int(left[0].removeprefix("r=")) - int(left[1].removeprefix("r=")) == 1


def test_each_form_of_the_manifest_is_kept_apart(api: Api) -> None:
    queries = ("", "?fields=full", "?resource=crm", "?resource=crm,users", "?resource=users")
    first = {query: api.get(f"/manifest{query}").content for query in queries}

    assert len({*first.values()}) == len(queries)
    for query in queries:
        assert is_kept(partial(api.get, f"/manifest{query}"))
        assert api.get(f"/manifest{query}").content == first[query]


def test_an_answer_takes_as_much_memory_as_it_is_long() -> None:
    key = cast(Principal, SimpleNamespace(state=snapshot(""), kind="key", id=1))
    tracemalloc.start()
    try:
        result = kept.kept(key, "call", lambda: Result(None, body=dump(["text"] * 10_000)))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1.1 * len(result.body)


def test_other_parameters_are_another_call(api: Api) -> None:
    TeamMember.objects.bulk_create(TeamMember(number=number) for number in (1, 2))
    pages = [api.get(f"/team-members?per_page=1&page={page}").json() for page in (1, 2)]
    assert [page["users"][0]["user_num"] for page in pages] == ["001", "002"]


def test_absolute_addresses_are_those_of_the_caller(api: Api) -> None:
    TeamMember.objects.create(number=1, profile_picture="mia.png")
    pictures = [
        api.get("/team-members/001", Host=host).json()["profile_picture"]
        for host in ("127.0.0.1:1111", "localhost")
    ]
    assert [one.split("/")[2] for one in pictures] == ["127.0.0.1:1111", "localhost"]


def test_unless_the_site_says_its_own(api: Api, settings: Any) -> None:
    settings.SITE_URL = "https://ops.example.com"
    TeamMember.objects.create(number=1, profile_picture="mia.png")
    shown = [
        api.get("/team-members/001", Host="localhost").json(),
        *api.get("/team-members", Host="localhost").json()["users"],
        api.dispatch("users.get", {"user_num": "001"}).json()["data"],
    ]
    assert {one["profile_picture"] for one in shown} == {"https://ops.example.com/uploads/mia.png"}


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_a_new_day_is_asked_anew(api: Api, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    midnight = datetime(2026, 2, 1, tzinfo=ZoneInfo(zone)).timestamp()
    monkeypatch.setattr(time, "time", lambda: midnight - 1)
    name_of(api)
    assert is_kept(lambda: name_of(api))
    monkeypatch.setattr(time, "time", lambda: midnight)
    assert queries_of(lambda: name_of(api)) > ONE_QUERY


def test_what_changed_since_is_told_with_a_later_time_each_time(api: Api) -> None:
    kept_lists = [
        one.path
        for one in all_operations()
        if one.endpoint == "list" and "list" in one.viewset.keeps
        if one.input and "updated_since" in one.input().fields  # type: ignore[attr-defined]
    ]
    assert "/crm-systems" in kept_lists
    for path in kept_lists:
        address = f"{path}?updated_since=2026-01-01T00:00:00Z"
        times = [datetime.fromisoformat(api.get(address).json()["next_since"]) for _ in range(3)]
        assert times == sorted(set(times)), path


def test_what_is_kept_has_a_bound(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 10)
    name_of(api)
    assert queries_of(lambda: name_of(api)) > ONE_QUERY


@pytest.mark.sqlite_only  # on PostgreSQL tests of other processes write on the same server
def test_what_is_polled_stays_kept_however_much_else_is_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the place of what nobody has asked for for longest."""
    monkeypatch.setattr(kept, "MOST_BYTES", 20_000)
    for page in range(1, 30):
        api.get(f"/team-members?page={page}")
        name_of(api)
    assert queries_of(lambda: name_of(api)) == ONE_QUERY
    assert queries_of(lambda: api.get("/team-members?page=1")) > ONE_QUERY
    assert queries_of(lambda: api.get("/team-members?page=1")) == ONE_QUERY
    assert kept._local.answers.size <= 20_000


def test_for_people_nothing_is_kept(as_person: Callable[[User], Api], alice: User) -> None:
    person = as_person(alice)
    assert queries_of(lambda: name_of(person)) == queries_of(lambda: name_of(person))


def test_only_reads_are_kept() -> None:
    kept_ones = [one for one in all_operations() if one.endpoint in one.viewset.keeps]
    assert {one.name for one in kept_ones} >= {"users.get", "crm.list", "variables.export"}
    assert [one.name for one in kept_ones if one.writes] == []
    for one in all_operations():
        missing = one.viewset.keeps - {*one.viewset.operations}
        assert not missing, f"{one.viewset.__name__} keeps {missing}, which it has not"


def test_what_is_kept_is_bounded_whatever_was_asked(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither long questions nor many of them take more: blanks around a search count as none."""
    monkeypatch.setattr(kept, "MOST_BYTES", 20_000)
    api.get("/crm-systems/001")
    for number in range(30):
        search = "a" + " " * (5_000 + number)
        assert api.dispatch("users.list", {"search": search}).status_code == 200
    answers = kept._local.answers
    assert len(answers.by_call) < 12
    assert answers.size <= 20_000
    assert len(repr(list(answers.by_call))) < 5_000
