"""Safe retries: one Idempotency-Key, one effect, in one process.

Several processes and crashes are in tests/concurrency.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from manage_api import idempotency
from manage_api.keys import services as keys
from manage_api.keys.models import ManageKey
from manage_api.models import IdempotencyRecord
from syteops.core import removing
from syteops.core.actors import SYSTEM
from syteops.crm.models import CrmSystem
from tests.fixtures import Api
from tests.manage_api.faces import as_person
from tests.manage_api.stored import changes_recorded, stored

ONE = {"name": "HubSpot"}


def create(api: Api, body: Any = None, key: str = "retry-1", **headers: str) -> Any:
    return api.post("/crm-systems", body or ONE, Idempotency_Key=key, **headers)


def test_a_retry_gets_the_very_same_answer_and_has_no_second_effect(api: Api) -> None:
    first = create(api)
    before, recorded = stored(), changes_recorded()

    again = create(api)

    assert (again.status_code, again.content) == (201, first.content)
    for name in ("ETag", "Location", "SyteOps-Changed", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert (stored(), changes_recorded()) == (before, recorded)


def test_it_says_what_was_true_then_even_if_that_changed_since(api: Api) -> None:
    create(api)
    api.delete("/crm-systems/001?confirm=true")

    assert create(api).json()["crm_num"] == "001"
    assert not CrmSystem.objects.exists()


def test_another_body_under_the_same_key_is_refused(api: Api) -> None:
    create(api)

    answer = create(api, {"name": "Zoho"})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert CrmSystem.objects.get().name == "HubSpot"


def test_the_same_values_in_another_order_are_the_same_body(api: Api) -> None:
    create(api, {"name": "x", "link_admin_only": True})

    assert create(api, {"link_admin_only": True, "name": "x"}).status_code == 201
    assert CrmSystem.objects.count() == 1


def test_that_holds_inside_of_values_too_but_the_order_of_a_list_counts(api: Api) -> None:
    note = {"title": "x", "meta": {"a": {"c": 1, "d": 2}, "b": [1, 2]}}
    same = {"meta": {"b": [1, 2], "a": {"d": 2, "c": 1}}, "title": "x"}
    other = {"title": "x", "meta": {"a": {"c": 1, "d": 2}, "b": [2, 1]}}

    answers = [api.post("/notes", body, Idempotency_Key="n-1") for body in (note, same, other)]

    assert [one.status_code for one in answers] == [201, 201, 422]
    assert answers[1].content == answers[0].content


def test_what_is_text_in_a_query_string_is_the_same_as_in_dispatch(api: Api) -> None:
    create(api)
    api.put("/crm-systems/001/secret", {"api_key": "k-1", "api_secret": "s-1"})
    body = {"resource": "crm", "action": "clear_secret", "confirm": True}
    path = "/crm-systems/001/secret?confirm=true"

    first = api.delete(f"{path}&api_key=true", Idempotency_Key="clear")
    answers = [
        api.post("/dispatch", {**body, "params": {"crm_num": "001", **given}}, Idempotency_Key=key)
        for key, given in (("clear", {"api_key": True}), ("clear", {"api_secret": True}))
    ]

    assert first.status_code == 200, first.content
    assert answers[0].headers["Idempotent-Replayed"] == "true"
    assert answers[0].json()["data"] == first.json()
    assert answers[1].json()["code"] == "idempotency_mismatch"


def test_a_key_is_bound_to_operation_and_object(api: Api) -> None:
    create(api)
    api.post("/crm-systems", {"name": "Zoho"})

    for crm_num in ("001", "002"):
        answer = api.patch(f"/crm-systems/{crm_num}", {"name": "New"}, Idempotency_Key="retry-1")
        assert answer.status_code == 200
        assert "Idempotent-Replayed" not in answer.headers
    assert {one.name for one in CrmSystem.objects.all()} == {"New"}


def test_two_operations_on_one_object_may_have_the_same_key(api: Api) -> None:
    create(api)

    changed = api.patch("/crm-systems/001", {"name": "Zoho"}, Idempotency_Key="one")
    deleted = api.delete("/crm-systems/001?confirm=true", Idempotency_Key="one")

    assert (changed.status_code, deleted.status_code) == (200, 200)
    assert "Idempotent-Replayed" not in deleted.headers
    assert not CrmSystem.objects.exists()


def test_a_key_is_bound_to_its_caller(api: Api, make_key: Callable[..., str], alice: User) -> None:
    create(api)

    for other in (Api(make_key("crm:write")), as_person(alice)):
        answer = create(other)
        assert answer.status_code == 201
        assert "Idempotent-Replayed" not in answer.headers
    assert CrmSystem.objects.count() == 3


def test_rest_and_dispatch_are_the_same_operation(api: Api) -> None:
    create(api)

    body = {"resource": "crm", "action": "create", "params": ONE}
    again = api.post("/dispatch", body, Idempotency_Key="retry-1")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["data"]["crm_num"] == "001"
    assert CrmSystem.objects.count() == 1


def test_a_key_that_lost_its_right_gets_no_stored_answer(make_key: Callable[..., str]) -> None:
    key = make_key("crm:write")
    create(Api(key))
    keys.revoke_key(SYSTEM, ManageKey.objects.get())

    assert create(Api(key)).status_code == 401


def test_a_refused_write_leaves_nothing_so_the_key_serves_the_corrected_one(api: Api) -> None:
    assert create(api, {"nme": "x"}).status_code == 400
    assert not IdempotencyRecord.objects.exists()

    assert create(api).status_code == 201


def test_consent_may_be_added_under_the_same_key(api: Api) -> None:
    create(api)

    asked = api.delete("/crm-systems/001", Idempotency_Key="gone")
    assert asked.status_code == 428
    for _ in range(2):
        answer = api.delete("/crm-systems/001?confirm=true", Idempotency_Key="gone")
        assert answer.json() == {"crm_num": "001", "deleted": True}


def test_a_crash_leaves_neither_effect_nor_claim(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is stored in the write's own transaction: both are there, or none."""
    before = stored()
    with monkeypatch.context() as patched:
        patched.setattr("manage_api.idempotency._fingerprint", lambda call: 1 / 0)
        assert create(api).status_code == 500
    assert stored() == before
    assert not IdempotencyRecord.objects.exists()

    answer = create(api)

    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers


def test_a_dry_run_uses_no_key_up_and_is_not_answered_from_one(api: Api) -> None:
    tried = api.post("/crm-systems?dry_run=true", ONE, Idempotency_Key="retry-1")
    assert tried.json()["dry_run"] is True
    assert not IdempotencyRecord.objects.exists()
    create(api)

    again = api.post("/crm-systems?dry_run=true", ONE, Idempotency_Key="retry-1").json()

    assert (again["dry_run"], again["data"]["crm_num"]) == (True, "002")


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ü", "tab\t"])
def test_a_key_of_the_wrong_form_is_refused(api: Api, key: str) -> None:
    for path in ("/crm-systems", "/crm-systems?dry_run=true"):
        answer = api.client.post(
            f"/api/manage/v1{path}",
            ONE,
            content_type="application/json",
            headers={"Idempotency-Key": key},
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
        assert "Idempotency-Key" in answer.json()["errors"][0]["detail"]
    assert not CrmSystem.objects.exists()


def test_a_read_ignores_it(api: Api) -> None:
    assert api.get("/crm-systems", Idempotency_Key="x" * 999).status_code == 200
    assert not IdempotencyRecord.objects.exists()


def test_after_a_day_the_key_is_free_and_old_answers_are_cleaned_away(api: Api) -> None:
    create(api)
    create(api, key="retry-2")
    long_ago = timezone.now() - timedelta(seconds=1)
    IdempotencyRecord.objects.update(expires_at=long_ago)

    answer = create(api, {"name": "Zoho"})
    idempotency.forget_expired()

    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers
    kept = IdempotencyRecord.objects.get()
    assert kept.expires_at > timezone.now() + timedelta(hours=23)


def test_others_can_write_while_very_many_are_cleaned_away(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200,000 in one statement kept SQLite locked for six seconds."""
    monkeypatch.setattr(removing, "PIECE", 2)
    for number in range(5):
        create(api, key=f"retry-{number}")
    IdempotencyRecord.objects.exclude(pk=IdempotencyRecord.objects.latest("pk").pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    with CaptureQueriesContext(connection) as seen:
        idempotency.forget_expired()
    assert len([one for one in seen if one["sql"].startswith("DELETE")]) == 2
    assert IdempotencyRecord.objects.count() == 1


def test_no_secret_and_no_key_is_in_the_store(api: Api) -> None:
    create(api)
    secret = "canary-8317"
    api.put("/crm-systems/001/secret", {"api_key": secret}, Idempotency_Key="my-idempotency-key")

    kept = serializers.serialize("json", IdempotencyRecord.objects.all())
    assert len(json.loads(kept)) == 2
    assert secret not in kept
    assert "my-idempotency-key" not in kept


def test_the_stored_fingerprint_cannot_be_guessed_from_a_short_secret(
    api: Api, settings: Any
) -> None:
    """A plain hash of {"api_key": "1234"} would give the secret away by trying."""
    create(api)
    for key, secret_key in (("one", "a" * 50), ("two", "b" * 50)):
        settings.SECRET_KEY = secret_key
        api.put("/crm-systems/001/secret", {"api_key": "1234"}, Idempotency_Key=key)

    prints = list(IdempotencyRecord.objects.values_list("fingerprint", flat=True))
    assert len(set(prints)) == 3


# --- What is stored has bounds -----------------------------------------------------------------


def kept() -> list[int]:
    """The sizes of the stored answers."""
    return [len(one.answer["body"]) for one in IdempotencyRecord.objects.order_by("pk")]


def test_of_a_long_answer_a_retry_gets_what_it_names(api: Api) -> None:
    note = {"title": "Long", "content": "\u20ac" * 100_000}
    first, again = (api.post("/notes", note, Idempotency_Key="n-1") for _ in range(2))

    assert len(first.content) > 300_000
    assert (again.status_code, again.json()) == (201, {"id": first.json()["id"]})
    for name in ("ETag", "Location", "SyteOps-Changed"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert kept() == [len(again.content)]
    assert len(api.get("/notes").json()["items"]) == 1


def test_of_a_long_bulk_it_gets_what_each_item_names(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MOST_BYTES", 500)
    items = [{"action": "create", "params": {"name": f"C{n}"}} for n in range(3)]

    first, again = (
        api.post("/crm-systems/bulk", {"items": items}, Idempotency_Key="b") for _ in range(2)
    )

    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.json()["items"] == [
        {"index": n, "action": "create", "data": {"crm_num": f"00{n + 1}"}} for n in range(3)
    ]
    assert CrmSystem.objects.count() == 3


def test_what_is_kept_for_a_caller_has_an_end_and_nothing_is_done_twice(
    api: Api, make_key: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "MOST_OF_CALLER", 2_000)
    other = Api(make_key("crm:write", "crm:read"))

    for n in range(12):
        first = create(api, {"name": f"C{n}"}, f"k{n}")
        again = create(api, {"name": f"C{n}"}, f"k{n}")
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json()["crm_num"] == first.json()["crm_num"]

    assert CrmSystem.objects.count() == 12
    assert sum(kept()) < 2_500
    assert create(other, {"name": "X"}, "x").content == create(other, {"name": "X"}, "x").content
