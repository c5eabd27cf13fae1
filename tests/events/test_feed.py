"""GET /events: what a reader may know, from a place on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Replace
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syteops.core import reading
from syteops.core.actors import SYSTEM
from syteops.core.waiting import wanted_wait
from syteops.crm import services as crm
from syteops.deliveries.models import Delivery
from syteops.events import queries, services
from syteops.events.filters import EventFilter
from syteops.events.models import Event, Stream
from syteops.events.queries import VARIABLES_CHANGED, fits, of_types, removed_variables
from syteops.events.services import prune_events
from tests.events.publish import a_system, publish
from tests.fixtures import Api
from tests.manage_api.cases import a_key
from tests.samples.team import a_member


def read(api: Api, query: str = "") -> dict[str, Any]:
    response = api.get(f"/events?{query}")
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def types(api: Api, query: str = "") -> list[str]:
    found = [one["type"] for one in read(api, query)["events"]]
    return [one for one in found if one != "variables.changed"]


def test_an_event_tells_what_was_changed_and_by_whom(api: Api) -> None:
    path = "/crm-systems"
    number = api.post(path, {"name": "HubSpot"}).json()["crm_num"]
    api.patch(f"{path}/{number}", {"name": "Salesforce"})
    publish()

    created, updated = read(api, "resource=crm")["events"]
    assert created["id"].startswith("evt_")
    assert created["id"] != updated["id"]
    assert updated["type"] == "crm_system.updated"
    assert updated["timestamp"].endswith("Z")
    data = updated["data"]
    assert (data["resource"], data["object"], data["name"]) == ("crm", number, "Salesforce")
    assert data["actor"]["kind"] == "key"
    assert data["changes"] == {"name": {"before": "HubSpot", "after": "Salesforce"}}
    assert "variables" not in data


def test_no_secret_is_told(api: Api) -> None:
    system = a_system()
    crm.set_secrets(SYSTEM, system, api_key="canary-key-1234")
    publish()
    assert "canary" not in str(read(api))
    assert "crm_system.secret_set" in types(api)


def test_a_reader_goes_on_where_it_stopped(api: Api) -> None:
    for _ in range(3):
        a_system()
    publish()
    pages = [read(api, "per_page=2")]
    while pages[-1]["has_more"]:
        pages.append(read(api, f"per_page=2&after={pages[-1]['next']}"))
    assert [len(page["events"]) for page in pages] == [2, 2, 1]
    at_the_end = pages[-1]["next"]
    assert read(api, f"after={at_the_end}") == {"events": [], "next": at_the_end, "has_more": False}

    a_system()
    publish()
    new = read(api, f"after={at_the_end}")
    ids = [one["id"] for page in (*pages, new) for one in page["events"]]
    assert ids == [one.public_id for one in Event.objects.all()]
    # The same place has the same cursor, however often it is read.
    assert read(api, f"after={new['next']}")["next"] == new["next"]


def test_a_filter_does_not_hide_where_to_go_on(api: Api) -> None:
    a_member()
    publish()
    answer = read(api, "resource=crm")
    assert answer["events"] == []
    a_system()
    publish()
    assert types(api, f"resource=crm&after={answer['next']}") == ["crm_system.created"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("type=crm_system.created", ["crm_system.created"]),
        ("type=crm_system.*", ["crm_system.created", "crm_system.deleted"]),
        ("type=crm_system.deleted,team_member.*", ["crm_system.deleted", "team_member.created"]),
        ("type=crm*", []),
        ("object=999", []),
        ("since=2999-01-01T00:00:00Z", []),
    ],
)
def test_filters(api: Api, query: str, wanted: list[str]) -> None:
    crm.delete_crm_system(SYSTEM, a_system())
    a_member()
    publish()
    assert types(api, query) == wanted


def test_a_key_sees_events_of_what_it_may_read(make_key: Callable[..., str]) -> None:
    a_system()
    a_member()
    publish()
    assert types(Api(make_key("events:read", "crm:read"))) == ["crm_system.created"]
    assert types(Api(make_key("events:read", "users:read"))) == ["team_member.created"]
    assert types(Api(make_key("events:read"))) == []
    refused = Api(make_key("crm:read")).get("/events")
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


def test_names_of_variables_need_the_right_to_read_them(make_key: Callable[..., str]) -> None:
    a_member()
    publish()
    [event] = read(Api(make_key("events:read", "variables:read")))["events"]
    assert event["type"] == "variables.changed"
    assert any(name.startswith("syteops_user_") for name in event["data"]["variables"]["changed"])


def test_a_person_sees_events_of_what_that_person_may_view(
    bob: User, as_person: Callable[[User], Api]
) -> None:
    a_system()
    a_member()
    publish()
    assert as_person(bob).get("/events").status_code == 403
    bob.user_permissions.add(Permission.objects.get(codename="view_event"))
    assert types(as_person(User.objects.get(pk=bob.pk))) == ["crm_system.created"]


def test_what_is_erased_is_erased_here_as_well(api: Api) -> None:
    pk = api.post("/team-members", {"first_name": "Zyxwvut"}).json()["id"]
    publish()
    assert "Zyxwvut" in str(read(api))
    erased = api.post("/team-members/erase?confirm=true", {"id": pk})
    assert erased.status_code == 200, erased.content
    publish()
    assert "Zyxwvut" not in str(read(api))


def test_who_read_what_a_restored_backup_took_back_is_told(api: Api) -> None:
    """Ids begin again where the backup ended: soon there are others behind the reader's place."""
    a_system()
    publish()
    in_backup, backed_up = read(api)["next"], Event.objects.count()
    a_system("Taken back")
    publish()
    taken_back = read(api)["next"]
    Event.objects.filter(pk__gt=backed_up).delete()
    Stream.objects.update(last_event=backed_up)

    for others_made in range(3):
        refused = api.get(f"/events?after={taken_back}")
        assert refused.status_code == 400, others_made
        assert [one["code"] for one in refused.json()["errors"]] == ["too_old"]
        a_system(f"New {others_made}")
        publish()
    assert types(api, f"after={in_backup}") == ["crm_system.created"] * 3


def test_a_place_at_the_end_is_good_however_long_nothing_happens(api: Api) -> None:
    a_system()
    publish()
    at_the_end = read(api)["next"]
    Event.objects.all().delete()
    for _ in range(2):
        assert read(api, f"after={at_the_end}")["events"] == []
        at_the_end = read(api, f"after={at_the_end}")["next"]
    a_system("New")
    publish()
    assert types(api, f"after={at_the_end}") == ["crm_system.created"]


def test_old_events_go_in_pieces_of_which_none_takes_long(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour's events of one key and their deliveries kept all who write waiting for a minute."""
    old = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS + 1)
    for day in (old, timezone.now()):
        made = range(Event.objects.count(), Event.objects.count() + 9)
        Event.objects.bulk_create(Event(id=n + 1, at=day, type="crm_system.created") for n in made)
    monkeypatch.setattr(services, "PIECE", 4)
    monkeypatch.setattr(services, "SECONDS", -1)
    with CaptureQueriesContext(connection) as asked:
        assert prune_events() == 9
    removed = [one for one in asked.captured_queries if one["sql"].startswith("DELETE")]
    assert len(removed) == 5  # of four, two and one at a time
    assert Event.objects.count() == 9


def test_a_piece_has_no_more_deliveries_than_events(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred events of a site with 2,000 webhooks kept all who write waiting for 3 seconds."""
    old = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS + 1)
    first = (Event.objects.order_by("-id").values_list("id", flat=True).first() or 0) + 1
    events = Event.objects.bulk_create(
        Event(id=first + n, at=old, type="crm_system.created") for n in range(12)
    )
    Delivery.objects.bulk_create(
        Delivery(integration="webhooks", destination=str(n), event=one)
        for one in events[6:]
        for n in range(5)
    )
    monkeypatch.setattr(services, "PIECE", 6)
    monkeypatch.setattr(services, "SECONDS", 1e9)
    monkeypatch.setattr(services, "_MOST_AT_ONCE", 12)
    left = [Delivery.objects.count()]
    remove = QuerySet.delete

    def counted(found: Any) -> Any:
        gone = remove(found)
        left.append(Delivery.objects.count())
        return gone

    monkeypatch.setattr(QuerySet, "delete", counted)
    prune_events()
    assert left == [30, 30, 20, 10, 0]


def test_old_events_go_and_who_has_missed_some_is_told(api: Api, settings: Any) -> None:
    start = read(api)["next"]
    a_system()
    publish()
    a_system()
    publish()
    old = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS + 1)
    Event.objects.filter(id=1).update(at=old)
    assert prune_events() == 1

    refused = api.get(f"/events?after={start}")
    assert refused.status_code == 400
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
        ("#/after", "too_old")
    ]
    assert read(api)["events"][0]["id"] == Event.objects.get(id=2).public_id


def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    a_system()
    cursor = api.get("/audit?per_page=1").json()["next"]
    assert cursor
    assert api.get(f"/events?after={cursor}").status_code == 400


def test_an_empty_answer_asks_to_be_woken_and_a_full_one_does_not(api: Api) -> None:
    empty = api.get("/events?wait=20")
    wait = wanted_wait(empty.wsgi_request.META)
    assert wait is not None
    assert (wait.seconds, wait.seen) == (20, 0)
    other = wanted_wait(Api(a_key({"events:read"})).get("/events?wait=20").wsgi_request.META)
    assert other is not None
    assert wait.who != other.who
    assert wanted_wait(api.get("/events").wsgi_request.META) is None
    a_system()
    publish()
    assert wanted_wait(api.get("/events?wait=20").wsgi_request.META) is None


ASKED = {
    "type": ("crm_system.*", "team_member.created, role.deleted", "*", "CRM_SYSTEM.*", "zzz", ","),
    "resource": ("crm", "users", "x"),
    "object": ("001", "002"),
    "since": ("2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("who", ["site", "crm:read"])
def test_who_waits_is_told_of_what_the_feed_would_show_and_of_nothing_else(
    api: Api, who: str
) -> None:
    reader = api if who == "site" else Api(a_key({who, "events:read"}))
    start = {"after": read(reader)["next"]}
    assert {*EventFilter.base_filters} == {*ASKED}
    asked = [{}, *({name: one} for name, some in ASKED.items() for one in some)]
    asked += [{"type": "crm_system.*", "object": "001"}]
    paths = [f"/events?{urlencode(start | one)}" for one in asked]
    waits = [wanted_wait(reader.get(f"{one}&wait=20").wsgi_request.META) for one in paths]

    crm.delete_crm_system(SYSTEM, a_system())
    a_system()
    a_member()
    publish()

    for path, wait in zip(paths, waits, strict=True):
        assert wait is not None
        shown = {one["id"] for one in reader.get(path).json()["events"]}
        new = Event.objects.filter(id__gt=wait.seen)
        assert {one.public_id for one in new if wait.wants(one)} == shown, path


def test_dispatch_never_waits(api: Api) -> None:
    answer = api.dispatch("events.list", {"wait": 20})
    assert answer.json()["data"]["events"] == []
    assert wanted_wait(answer.wsgi_request.META) is None


def test_the_feed_costs_a_constant_number_of_queries(
    api: Api, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        a_system()
    publish()
    api.get("/whoami")  # the first time, the trail is asked whether the key has ended
    with django_assert_max_num_queries(7):
        assert len(read(api, "resource=crm")["events"]) == 20


def test_no_more_events_are_read_at_once_than_memory_is_meant_to_hold(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had all variables told again and again filled a process with their names."""
    monkeypatch.setattr(reading, "MOST_READ", 1_500)
    publish()
    [stream] = Stream.objects.all()
    told = {"changed": ["x" * 600], "removed": [], "full": True}
    for _ in range(5):
        stream.last_event += 1
        about: Any = {"type": VARIABLES_CHANGED, "resource": "variables", "data": told}
        Event.objects.create(id=stream.last_event, at=timezone.now(), **about)
    stream.save()

    answer = read(api)
    counts = [len(answer["events"])]
    while answer["has_more"]:
        answer = read(api, f"after={answer['next']}")
        counts.append(len(answer["events"]))
    assert max(counts) == 2
    assert sum(counts) == stream.last_event


def test_events_that_tell_of_no_variable_that_went_are_not_read_for_those() -> None:
    told: list[list[str]] = [["syteops_api_a"], []]
    for number, removed in enumerate(told, 1):
        data = {"removed": removed}
        about: Any = {"type": VARIABLES_CHANGED, "resource": "variables", "data": data}
        Event.objects.create(id=number, at=timezone.now(), **about)
    unreadable = Replace("data", Value("{"), Value("not JSON"))
    Event.objects.filter(pk=2).update(data=unreadable)
    assert removed_variables() == {"syteops_api_a"}


def test_of_very_many_names_that_went_the_latest_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_REMOVED", 2)
    for number, name in enumerate("abc", 1):
        about: Any = {"type": VARIABLES_CHANGED, "resource": "variables"}
        about["data"] = {"removed": [name]}
        Event.objects.create(id=number, at=timezone.now(), **about)
    assert removed_variables() == {"b", "c"}


def test_very_many_patterns_are_found_as_few_are_and_compared_at_once(api: Api) -> None:
    """Each of 166 that no event has was compared with each event: that took SQLite seconds."""
    names = ("crm_system.updated", "crm_system.made.again", "crm_systems.updated", "crm_system", "")
    for number, name in enumerate(names, 1):
        Event.objects.create(id=number, at=timezone.now(), type=name, resource="crm")
    others = [f"other{n}.*" for n in range(100)]
    for patterns in ([], ["crm_system.*"], ["CRM_system.*"], ["crm_systems.updated", "*.*", ".*"]):
        wanted = {one for one in names if fits(one, [*patterns, *others])}
        found = of_types(Event.objects.all(), [*patterns, *others])
        assert set(found.values_list("type", flat=True)) == wanted, patterns
    sql = str(of_types(Event.objects.all(), others).query)
    assert "LIKE" not in sql
