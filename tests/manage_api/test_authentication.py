"""Who is let in: a key in a header decides alone, or a session does; nothing else is looked at."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from manage_api.keys import tokens
from tests.fixtures import API, Api
from tests.manage_api.faces import as_person, forgery_of

WHO = f"{API}/whoami"


def status(headers: dict[str, str], path: str = WHO) -> int:
    return int(Client().get(path, headers=headers).status_code)


# --- Where a key is read from ----------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        {"X-API-Key": "{}"},
        {"Authorization": "Bearer {}"},
        {"Authorization": "bearer {}"},
        {"Authorization": "Bearer  {}"},
        {"X-API-Key": "{}", "Authorization": "Bearer {}"},
    ],
)
def test_a_key_is_taken_from_either_header(site_key: str, form: dict[str, str]) -> None:
    assert status({name: value.format(site_key) for name, value in form.items()}) == 200


@pytest.mark.parametrize(
    "form",
    [
        {"Authorization": "{}"},
        {"Authorization": "Basic {}"},
        {"Authorization": "Token {}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer {} {}"},
        {"Cookie": "X-API-Key={}"},
        {"Cookie": "sessionid={}"},
        {"X-Api-Token": "{}"},
        {"Proxy-Authorization": "Bearer {}"},
        {"Referer": "http://testserver/?key={}"},
    ],
)
def test_and_from_nowhere_else(site_key: str, form: dict[str, str]) -> None:
    assert status({name: value.replace("{}", site_key) for name, value in form.items()}) == 401


@pytest.mark.parametrize("name", ["key", "api_key", "X-API-Key", "access_token", "token"])
def test_a_key_in_a_url_or_body_is_not_looked_at(site_key: str, name: str) -> None:
    """URLs end up in logs; a key there would be used up by whoever reads them."""
    assert status({}, f"{WHO}?{name}={site_key}") == 401
    assert status({}, f"{API}/{site_key}") == 401
    answer = Client().post(f"{API}/dispatch", {name: site_key}, content_type="application/json")
    assert answer.status_code == 401


def test_two_different_keys_are_none(site_key: str, make_key: Callable[..., str]) -> None:
    """Which of the two would count? Nobody should have to know."""
    other = make_key("crm:read")
    for first, second in ((site_key, other), (other, site_key), (site_key, "x"), ("", site_key)):
        assert status({"X-API-Key": first, "Authorization": f"Bearer {second}"}) == 401
    assert status({"X-API-Key": f"{site_key}, {site_key}"}) == 401


# --- A key decides alone -----------------------------------------------------------------------


def test_a_bad_key_never_falls_back_to_a_good_session(alice: User, site_key: str) -> None:
    person = as_person(alice)
    assert person.get("/whoami").json()["kind"] == "person"

    for bad in ("", "x", forgery_of(site_key), tokens.new_token().text):
        assert person.get("/whoami", X_API_Key=bad).status_code == 401
        assert person.get("/whoami", Authorization=f"Bearer {bad}").status_code == 401
    assert person.get("/whoami", Authorization="Basic YTpi").status_code == 401


def test_a_good_key_counts_beside_a_session_and_needs_no_csrf_token(
    alice: User, make_key: Callable[..., str]
) -> None:
    person, key = as_person(alice), make_key("crm:write")

    assert person.get("/whoami", X_API_Key=key).json()["kind"] == "restricted_key"
    headers = {"X_API_Key": key, "X_CSRFToken": "wrong"}
    assert person.post("/crm-systems", {"name": "x"}, **headers).status_code == 201
    # Alice may do everything, this key may not delete.
    assert person.delete("/crm-systems/001?confirm=true", **headers).status_code == 403


def test_an_inactive_person_is_a_stranger(alice: User) -> None:
    person = as_person(alice)
    alice.is_active = False
    alice.save()

    assert person.get("/whoami").status_code == 401


# --- Strangers learn nothing -------------------------------------------------------------------


def test_all_401_are_the_same_whether_or_not_a_key_was_ever_made(
    db: None, make_key: Callable[..., str]
) -> None:
    answers = [_shown(key) for key in (None, "", "x", tokens.new_token().text)]
    known = make_key("crm:read")
    answers += [_shown(key) for key in (None, "x", tokens.new_token().text, forgery_of(known))]

    assert all(one == answers[0] for one in answers)
    assert answers[0][0] == 401


def _shown(key: str | None) -> tuple[int, dict[str, Any], dict[str, str]]:
    answer = Client().get(WHO, headers={} if key is None else {"X-API-Key": key})
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    # Without a key the session's cookie is looked at, and Vary says so.
    headers = {n: v for n, v in answer.headers.items() if n not in ("X-Request-ID", "Vary")}
    return answer.status_code, body, headers


# --- What it costs -----------------------------------------------------------------------------


def test_authenticating_costs_exactly_one_query(site_key: str) -> None:
    Api(site_key).get("/nowhere")  # it is let in for the first time
    with CaptureQueriesContext(connection) as queries:
        answer = Api(site_key).get("/nowhere")

    assert answer.status_code == 404
    assert len(queries) == 1


def test_a_list_costs_the_same_whatever_its_length(
    api: Api, django_assert_num_queries: Any
) -> None:
    for length in (0, 1, 12):
        while len(api.get("/crm-systems").json()["crms"]) < length:
            api.post("/crm-systems", {"name": "x"})
        with django_assert_num_queries(2):
            api.get("/crm-systems")
