import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from manage_api.operations import all_operations
from syteops.audit.models import AuditEntry
from syteops.automation import services
from syteops.automation.models import Variable
from syteops.automation.names import RESERVED_KEYS
from syteops.core.actors import SYSTEM
from syteops.core.errors import Invalid, LimitReached
from tests.fixtures import Api
from tests.preconditions import done_during_check
from tests.waiting import PATIENCE

HOSTILE_KEYS = (
    "Upper",
    "1st",
    "_under",
    "with-dash",
    "with space",
    "k" * 65,
    "syteops_api_1st",
    "syteops_api_",
    "ключ",
    "line%0A",  # a line break at the end, which a pattern ending in $ lets pass
)


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_key_of_the_wrong_form_is_refused_and_nothing_is_stored(api: Api, key: str) -> None:
    refused = api.put(f"/variables/{key}", {"value": "x"})

    assert refused.status_code == 404
    assert "key has the form" in refused.json()["detail"]
    assert not Variable.objects.exists()


@pytest.mark.parametrize("key", ["Upper", "k" * 65, "line\n", "syteops_api_1st", ""])
def test_the_service_refuses_such_a_key_too(db: None, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.set_variable(SYSTEM, key, value="x")
    assert refused.value.errors[0].path == ("key",)
    assert not Variable.objects.exists()


def test_every_address_beside_the_variables_is_a_reserved_word() -> None:
    paths = [one.path for one in all_operations() if one.resource == "variables"]
    words = {path.rpartition("/")[2] for path in paths} - {"variables", "{key}"}
    assert words == set(RESERVED_KEYS)


@pytest.mark.parametrize("key", RESERVED_KEYS)
def test_the_words_of_other_addresses_are_no_keys(api: Api, key: str) -> None:
    refused = api.dispatch("variables.set", {"key": key, "value": "x"})

    assert refused.status_code == 400
    assert refused.json()["errors"] == [
        {
            "pointer": "#/params/key",
            "code": "invalid",
            "detail": "This name is reserved. Choose another one.",
        }
    ]
    assert api.put(f"/variables/{key}", {"value": "x"}).status_code == 405
    assert not Variable.objects.exists()


@pytest.mark.parametrize("value", [5, True, None, ["x"], {"a": 1}])
def test_a_value_is_text(api: Api, value: Any) -> None:
    assert api.put("/variables/greeting", {"value": value}).status_code == 400
    assert not Variable.objects.exists()


def test_a_value_has_ten_thousand_characters_at_most(api: Api) -> None:
    refused = api.put("/variables/greeting", {"value": "x" * 10_001})
    assert refused.json()["errors"][0]["code"] == "too_long"
    assert not Variable.objects.exists()
    assert api.put("/variables/greeting", {"value": "x" * 10_000}).status_code == 200


def test_setting_creates_then_changes_then_repeats_without_a_change(api: Api) -> None:
    made = api.dispatch("variables.set", {"key": "greeting", "value": "Hi", "description": "d"})
    assert made.json()["data"] == {
        "key": "greeting",
        "name": "syteops_api_greeting",
        "value": "Hi",
        "description": "d",
    }
    assert made.json()["changed"] is True

    changed = api.dispatch("variables.set", {"key": "greeting", "value": "Hello"})
    assert changed.json()["changed"] is True
    assert changed.json()["data"]["description"] == "d"

    again = api.dispatch("variables.set", {"key": "greeting", "value": "Hello"})
    assert again.json()["changed"] is False
    assert again.json()["data"] == changed.json()["data"]

    events = AuditEntry.objects.filter(object_resource="variables").order_by("id")
    assert list(events.values_list("event", flat=True)) == ["variable.created", "variable.updated"]


def test_a_value_keeps_every_character(api: Api) -> None:
    value = ' "quoted" \\ $HOME `id`\n\tsecond line, ümlaut 🎉 '
    api.put("/variables/greeting", {"value": value})

    assert api.get("/variables/greeting").json()["value"] == value
    assert Variable.objects.get().value == value


def test_the_full_name_means_the_same_variable_as_the_key(api: Api) -> None:
    made = api.put("/variables/syteops_api_greeting", {"value": "Hi"})
    assert made.json()["key"] == "greeting"

    same = api.put("/variables/greeting", {"value": "Hi"})
    assert same.headers["SyteOps-Changed"] == "false"
    by_name = api.get("/variables/syteops_api_greeting")
    assert by_name.json() == api.get("/variables/greeting").json()
    assert by_name.headers["ETag"] == made.headers["ETag"]

    gone = api.delete("/variables/syteops_api_greeting?confirm=true")
    assert gone.json() == {"key": "greeting", "deleted": True}
    assert not Variable.objects.exists()


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_value_removes_the_variable(api: Api, blank: str) -> None:
    api.put("/variables/greeting", {"value": "Hi", "description": "d"})

    params = {"key": "greeting", "value": blank}
    removed = api.dispatch("variables.set", params, confirm=True).json()
    assert removed["data"] == {
        "key": "greeting",
        "name": "syteops_api_greeting",
        "value": "",
        "description": "",
    }
    assert removed["changed"] is True
    assert not Variable.objects.exists()
    assert api.get("/variables/greeting").status_code == 404

    again = api.dispatch("variables.set", params).json()
    assert (again["data"], again["changed"]) == (removed["data"], False)


def test_deleting_needs_confirmation_and_says_what_would_go(api: Api) -> None:
    api.put("/variables/greeting", {"value": "Hi"})

    refused = api.delete("/variables/greeting")
    assert refused.status_code == 428
    impact = refused.json()["impact"]
    assert (impact["name"], impact["value"]) == ("syteops_api_greeting", "Hi")
    assert Variable.objects.exists()

    api.delete("/variables/greeting?confirm=true")
    assert not Variable.objects.exists()
    assert api.delete("/variables/greeting?confirm=true").status_code == 404


def test_a_derived_variable_is_protected(api: Api) -> None:
    api.post("/crm-systems", {"name": "HubSpot"})
    name = "syteops_std_crm_001_name"

    for refused in (
        api.put(f"/variables/{name}", {"value": "Zoho"}),
        api.put(f"/variables/{name}", {"value": ""}),
        api.delete(f"/variables/{name}?confirm=true"),
    ):
        assert refused.status_code == 409
        assert refused.json()["code"] == "protected"
    assert api.get(f"/variables/{name}").json() == {
        "key": name,
        "name": name,
        "value": "HubSpot",
        "description": "Name of HubSpot",
    }


def test_what_no_family_derives_does_not_exist(api: Api) -> None:
    assert api.get("/variables/syteops_std_crm_001_name").status_code == 404
    assert api.delete("/variables/syteops_std_crm_001_name?confirm=true").status_code == 404


def test_a_lost_update_is_refused(api: Api) -> None:
    etag = api.put("/variables/greeting", {"value": "one"}).headers["ETag"]
    api.put("/variables/greeting", {"value": "two"})

    late = api.put("/variables/greeting", {"value": "three"}, If_Match=etag)
    assert late.status_code == 412
    only_new = api.put("/variables/greeting", {"value": "three"}, If_None_Match="*")
    assert only_new.status_code == 412
    assert Variable.objects.get().value == "two"


def test_a_dry_run_stores_nothing(api: Api) -> None:
    shown = api.put("/variables/greeting?dry_run=true", {"value": "Hi"}).json()
    assert (shown["changed"], shown["data"]["value"]) == (True, "Hi")
    assert not Variable.objects.exists()


@pytest.mark.parametrize(
    "values",
    [{"key": "Bad key", "value": "x"}, {"key": "good", "value": ""}, {"key": "a\n", "value": "x"}],
)
def test_the_database_itself_refuses_what_cannot_be(db: None, values: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Variable.objects.bulk_create([Variable(**values)])


def test_two_variables_cannot_have_one_key(db: None) -> None:
    services.create_variable(SYSTEM, key="greeting", value="Hi")
    with pytest.raises(IntegrityError), transaction.atomic():
        Variable.objects.bulk_create([Variable(key="greeting", value="Ho")])


@pytest.mark.django_db(transaction=True)
def test_two_who_set_a_new_variable_at_the_same_time_both_succeed(transactional_db: None) -> None:
    together = threading.Barrier(2)
    failures: list[Exception] = []

    def set_to(value: str) -> None:
        together.wait(PATIENCE)
        try:
            services.set_variable(SYSTEM.for_operation("test"), "greeting", value=value)
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails the test
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=set_to, args=(value,)) for value in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Variable.objects.get().value in ("one", "two")
    events = AuditEntry.objects.filter(object_resource="variables").order_by("id")
    assert list(events.values_list("event", flat=True)) == ["variable.created", "variable.updated"]


SET_NEW: dict[str, Callable[[Api], Any]] = {
    "over REST": lambda api: api.put("/variables/greeting", {"value": "other"}),
    "by its full name": lambda api: api.put("/variables/syteops_api_greeting", {"value": "other"}),
    "in a bulk": lambda api: api.post(
        "/variables/bulk",
        {"items": [{"action": "set", "params": {"key": "greeting", "value": "other"}}]},
    ),
    "in the admin": lambda api: services.create_variable(SYSTEM, key="greeting", value="other"),
}


@pytest.mark.postgresql_only
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", SET_NEW)
def test_nobody_creates_a_variable_that_another_has_just_found_missing(
    api: Api, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def other() -> Any:
        try:
            return SET_NEW[way](api)
        except Invalid as refusal:
            return refusal

    slipped_in, careful, later = done_during_check(
        monkeypatch,
        lambda: api.put("/variables/greeting", {"value": "mine"}, If_None_Match="*"),
        other,
    )

    assert not slipped_in
    assert (careful.status_code, careful.json()["value"]) == (200, "mine")
    if isinstance(later, Invalid):
        assert [one.code for one in later.errors] == ["not_unique"]
        assert Variable.objects.get().value == "mine"
    else:
        assert later.status_code == 200
        assert Variable.objects.get().value == "other"


def test_the_values_of_all_together_are_no_longer_than_one_answer_should_be(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export and each push hold them all: a key that may write made them 6 MB longer a minute.
    Short ones are not refused, and what is there can be less."""
    monkeypatch.setattr(services, "MOST_TOGETHER", 500)

    def code(key: str, length: int) -> int:
        return int(api.put(f"/variables/{key}", {"value": "x" * length}).status_code)

    assert [code("one", 300), code("two", 201), code("two", 200)] == [200, 409, 200]
    assert [code("one", 301), code("three", 200), code("one", 299)] == [409, 200, 200]
    assert [code("one", 300), code("one", 10)] == [409, 200]
    refused = api.put("/variables/four", {"value": "x" * 201}).json()
    assert (refused["code"], "500 characters" in refused["detail"]) == ("limit_reached", True)
    kept = Variable(key="kept", value="x" * 201)
    with pytest.raises(LimitReached):
        services.restore_variable(SYSTEM, kept)


def test_there_are_so_many_however_short(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key could store a million, which each list and each comparison derives."""
    monkeypatch.setattr(services, "MOST_FREE", 1)
    assert api.put("/variables/one", {"value": "1"}).status_code == 200
    refused = api.put("/variables/two", {"value": "2"})
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    assert api.put("/variables/one", {"value": "3"}).status_code == 200
