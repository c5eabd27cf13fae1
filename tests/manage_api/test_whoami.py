"""whoami says all that a tool has to know about itself, and nothing that it must not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from jsonschema import Draft202012Validator
from pytest_django import DjangoAssertNumQueries, Settings

from manage_api.keys import services, tokens
from manage_api.keys.models import ManageKey
from manage_api.openapi.document import document
from manage_api.operations import all_operations, all_scopes
from syteops.core.actors import SYSTEM
from tests.fixtures import Api

pytestmark = pytest.mark.django_db

WHO = "/api/manage/v1/whoami"


def who(api: Api) -> dict[str, Any]:
    answer = api.get("/whoami")
    assert answer.status_code == 200
    document_of_it = {**document(), **document()["components"]["schemas"]["WhoAmI"]}
    Draft202012Validator(document_of_it).validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


def moment(text: str) -> datetime:
    found = parse_datetime(text)
    assert found is not None
    return found


def test_the_site_key_is_told_that_it_may_do_everything(site_key: str) -> None:
    found = who(Api(site_key))
    key = ManageKey.objects.get()
    assert (found["kind"], found["id"], found["name"]) == ("site_key", key.public_id, "Site key")
    assert found["scopes"] == all_scopes()
    assert found["operations"] == len(all_operations())
    assert (found["expires_at"], found["replaced"]) == (None, False)
    assert found["network"] == {"address": "127.0.0.1", "allowed": True, "networks": []}
    assert found["api_version"] == "v1"


def test_a_restricted_key_is_told_its_limits(make_key: Callable[..., str]) -> None:
    ends = timezone.now() + timedelta(days=30)
    networks = ["127.0.0.0/8", "2001:db8::/32"]
    key = make_key("crm:read", "crm:write", name="n8n", expires_at=ends, networks=networks)
    found = who(Api(key))
    assert (found["kind"], found["name"]) == ("restricted_key", "n8n")
    assert found["scopes"] == ["crm:read", "crm:write"]
    assert found["operations"] == sum(one.scope in found["scopes"] for one in all_operations())
    assert abs(moment(found["expires_at"]) - ends) < timedelta(milliseconds=1)
    assert found["network"]["networks"] == networks


def test_the_scopes_are_the_key_s_own_while_a_module_is_away(
    make_key: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(make_key("notes_items:read"))
    before = who(api)
    monkeypatch.setattr("manage_api.permissions.inactive_modules", lambda: {"notes"})
    found = who(api)
    assert found["scopes"] == before["scopes"] == ["notes_items:read"]
    assert (found["operations"], before["operations"] > 0) == (0, True)


def test_a_replaced_key_is_told_when_it_ends(make_key: Callable[..., str]) -> None:
    key = make_key("crm:read", expires_at=timezone.now() + timedelta(days=30))
    new = services.rotate_key(SYSTEM, ManageKey.objects.get(), timedelta(hours=1))
    old = ManageKey.objects.exclude(pk=new.key.pk).get()
    found = who(Api(key))
    assert found["replaced"] is True
    assert moment(found["expires_at"]) == old.retires_at
    assert who(Api(new.text))["replaced"] is False


def test_a_person_is_told_what_the_permissions_give(
    as_person: Callable[[User], Api], bob: User
) -> None:
    found = who(as_person(bob))
    assert (found["kind"], found["id"], found["name"]) == ("person", str(bob.pk), "bob")
    assert found["scopes"] == ["crm:read", "crm:write"]
    assert (found["expires_at"], found["replaced"]) == (None, False)
    assert found["network"]["networks"] == []
    assert found["limits"]["write"]["remaining"] > 0


def test_somebody_without_rights_is_told_so(
    as_person: Callable[[User], Api], charlie: User
) -> None:
    found = who(as_person(charlie))
    assert (found["scopes"], found["operations"]) == ([], 0)


def test_the_address_is_the_one_behind_the_proxies(site_key: str, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    client = Client(headers={"X-API-Key": site_key})
    known = client.get(WHO, headers={"X-Forwarded-For": "10.9.9.9, 203.0.113.7"})
    assert known.json()["network"]["address"] == "203.0.113.7"
    assert client.get(WHO).json()["network"]["address"] is None


def test_it_tells_the_time_and_what_is_left(site_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # No minute ends between the two calls.
    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 1_800_000_010.0)
    api = Api(site_key)
    api.post("/crm-systems", {"name": "One"})
    found = who(api)
    assert abs(moment(found["server_time"]) - timezone.now()) < timedelta(minutes=1)
    for name in ("read", "write"):
        budget = found["limits"][name]
        assert budget["remaining"] == budget["limit"] - 1
        assert 1 <= budget["reset_seconds"] <= 60


def test_it_shows_no_secret(site_key: str) -> None:
    token = tokens.parse(site_key)
    assert token is not None
    text = Api(site_key).get("/whoami").content.decode()
    assert token.secret not in text
    assert token.verifier not in text


def test_it_costs_two_queries(
    site_key: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    api = Api(site_key)
    api.get("/whoami")  # the first time, the trail is asked whether the key has ended
    with django_assert_num_queries(2):
        api.get("/whoami")
