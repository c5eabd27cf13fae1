"""However many pages one person opens, others have theirs."""

import logging
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from psycopg.errors import QueryCanceled

from syteops.adminkit import page_budget
from syteops.server.error_pages import unavailable
from tests.fixtures import Api, signed_in

PAGE = "/admin/password_change/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def slow_pages(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes 0.6 s, of 2 that there are."""
    settings.ADMIN_SECONDS_PER_MINUTE = 2
    clock = count(0, 0.6)
    monkeypatch.setattr(page_budget, "monotonic", lambda: next(clock))


def spend_all(client: Client) -> None:
    for _ in range(4):
        assert client.get(PAGE).status_code == 200


def test_whose_pages_took_too_long_together_waits_in_all_his_sessions(
    alice: User, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = signed_in(alice), signed_in(alice)
    spend_all(first)

    with caplog.at_level(logging.WARNING, "syteops.adminkit"):
        refused = [one.post(PAGE, {"old_password": "x"}) for one in (first, second)]

    for one in refused:
        assert one.status_code == 429
        assert 0 < int(one.headers["Retry-After"]) <= 60
        assert f"try again in {one.headers['Retry-After']} s" in one.content.decode()
    assert len(caplog.records) == 1
    assert signed_in(bob).get(PAGE).status_code == 200
    assert second.post("/admin/logout/").status_code == 200


def test_what_is_no_page_of_his_is_not_counted(alice: User) -> None:
    client = signed_in(alice)
    spend_all(client)

    assert Api(client=client).get("/whoami").status_code == 200
    for _ in range(9):
        for path in ("/healthz", "/readyz", "/metrics", "/uploads/no.webp"):
            assert client.get(path).status_code in (200, 404, 503)
    assert Client().get("/admin/login/").status_code == 200


@pytest.mark.parametrize("path", ["/admin/login/", "/e/nowhere", "/nowhere"])
def test_strangers_of_an_address_wait_together_and_nobody_else(alice: User, path: str) -> None:
    """A hundred long estimates are read anew each time: who had links to more stopped a process."""
    client = signed_in(alice)
    for _ in range(4):
        assert Client().get(path).status_code in (200, 404)

    assert Client().get(path).status_code == 429
    assert Client(headers={"Cookie": "sessionid=made-up"}).get("/admin/").status_code == 429
    assert client.get(PAGE).status_code == 200
    assert Client(REMOTE_ADDR="203.0.113.9").get(path).status_code in (200, 404)


def test_nought_is_no_limit(page: Client, settings: Any) -> None:
    settings.ADMIN_SECONDS_PER_MINUTE = 0
    for _ in range(9):
        assert page.get(PAGE).status_code == 200


def test_to_wait_for_what_is_away_is_not_counted(page: Client) -> None:
    assert answers_to_nine(page, OperationalError()) == [503] * 9
    assert page.get(PAGE).status_code == 200


def test_what_takes_a_database_server_too_long_is_counted(page: Client) -> None:
    """A search of very long texts, say: nothing is away."""
    error = OperationalError()
    error.__cause__ = QueryCanceled("slow")

    assert answers_to_nine(page, error) == [503] * 3 + [429] * 6


def answers_to_nine(page: Client, error: Exception) -> list[int]:
    request = page.get(PAGE).wsgi_request
    failing = page_budget.PageBudgetMiddleware(lambda one: unavailable(one, error))
    return [failing(request).status_code for _ in range(9)]


def test_so_many_exports_of_a_person_are_sent_at_the_same_time(page: Client, settings: Any) -> None:
    settings.ADMIN_SECONDS_PER_MINUTE = 100
    export = "/admin/crm/crmsystem/export/?format=csv"
    sent: list[Any] = [page.get(export) for _ in range(page_budget.MOST_STREAMS)]
    assert page.get(export).status_code == 429
    assert page.get(PAGE).status_code == 200

    for one in sent:
        assert b"crm_num" in b"".join(one.streaming_content)  # the last piece ends it

    assert page.get(export).status_code == 200


def test_a_piece_of_an_export_that_takes_long_counts_as_a_page_does(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All variables of a full site took three seconds before the first, again and again."""
    statuses = []
    for longest in (0.7, 0.5):
        monkeypatch.setattr(page_budget, "LONG_PIECE", longest)
        export: Any = page.get("/admin/crm/crmsystem/export/?format=csv")
        assert b"crm_num" in export.getvalue()
        statuses.append(page.get(PAGE).status_code)

    assert statuses == [200, 429]
