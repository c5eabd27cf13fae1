"""What many changes in one request cost."""

from typing import Any

import pytest

from syteops.crm.models import CrmSystem
from tests.each import each
from tests.fixtures import Api


@pytest.fixture(autouse=True)
def _steady_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute ends in the middle of a test."""
    monkeypatch.setattr("syteops.core.counters.time.time", lambda: 1_800_000_010.0)


def _bulk(count: int) -> dict[str, Any]:
    return {"items": [{"action": "create", "params": {"name": f"C{n}"}} for n in range(count)]}


def _by_rest(api: Api, count: int) -> Any:
    return api.post("/crm-systems/bulk", _bulk(count))


def _by_dry_run(api: Api, count: int) -> Any:
    return api.post("/crm-systems/bulk?dry_run=true", _bulk(count))


def _by_dispatch(api: Api, count: int) -> Any:
    return api.dispatch("crm.bulk", _bulk(count))


@each("send", (_by_rest, _by_dry_run, _by_dispatch))
def test_each_item_of_a_bulk_is_a_write(send: Any, api: Api, settings: Any) -> None:
    settings.MANAGE_API_WRITES_PER_MINUTE = 9
    answer = send(api, 4)
    assert (answer.status_code, answer.headers["RateLimit"]) == (200, '"write";r=5;t=50')

    refused = send(api, 6)

    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused.headers["Retry-After"] == "50"
    assert "5 items could be sent now" in refused.content.decode()
    assert CrmSystem.objects.count() == (0 if send is _by_dry_run else 4)
    # The call itself was paid, its items were not: four more go through.
    assert send(api, 4).headers["RateLimit"] == '"write";r=0;t=50'
    assert api.post("/crm-systems", {"name": "One"}).status_code == 429


@each("send", (_by_rest, _by_dry_run, _by_dispatch))
def test_a_bulk_of_more_than_a_minute_s_writes_is_never_let_in(
    send: Any, api: Api, settings: Any
) -> None:
    settings.MANAGE_API_WRITES_PER_MINUTE = 3

    refused = send(api, 4)

    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    assert "at most 3 items" in refused.content.decode()
    assert "Retry-After" not in refused.headers
    assert not CrmSystem.objects.exists()
    assert send(api, 2).status_code == 200


def test_a_bulk_that_is_refused_or_sent_again_costs_what_it_does(api: Api) -> None:
    for _ in range(2):  # the answer to the second is what the first one got
        answer = api.post("/crm-systems/bulk", _bulk(5), Idempotency_Key="once")
    assert answer.headers["RateLimit"] == '"write";r=594;t=50'

    api.post("/crm-systems/bulk", {"items": "none"})
    asked = {"items": [{"action": "delete", "params": {"crm_num": f"00{n}"}} for n in (1, 2, 3)]}
    assert api.post("/crm-systems/bulk", asked).status_code == 428  # tried twice, to foresee

    assert api.get("/whoami").json()["limits"]["write"]["remaining"] == 590


def test_without_a_limit_bulks_have_none(api: Api, settings: Any) -> None:
    settings.MANAGE_API_WRITES_PER_MINUTE = 0
    assert [_by_rest(api, 20).status_code for _ in range(2)] == [200, 200]
