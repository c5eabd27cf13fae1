"""Requests per day and tokens per month, also when many ask at once."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from manage_api.errors import as_api_error
from syteops.ai import queries, services
from syteops.ai.errors import AiFailed
from syteops.ai.models import AiProvider, AiUsage
from syteops.core.actors import SYSTEM
from syteops.core.errors import LimitReached
from tests.ai.conftest import FakeProvider, openai_answer
from tests.waiting import PATIENCE

SetArea = Callable[..., Any]
PROMPT = "x" * 100
OVERHEAD = 64


def ask(area: str) -> str:
    return services.complete(SYSTEM, area, system="", prompt=PROMPT).text


@pytest.fixture
def on_day(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes it noon of that day."""

    def move(year: int, month: int, day: int) -> None:
        noon = datetime(year, month, day, 12, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: noon)

    return move


def test_the_requests_of_a_day_run_out_and_come_back_the_next(
    server: FakeProvider,
    provider: AiProvider,
    set_area: SetArea,
    area: str,
    on_day: Callable[..., None],
) -> None:
    set_area(requests_per_day=2)
    on_day(2026, 12, 31)
    ask(area)
    ask(area)

    with pytest.raises(LimitReached) as refused:
        ask(area)

    answer = as_api_error(refused.value)
    assert (answer.status, answer.code) == (409, "limit_reached")
    assert answer.extra == {
        "limit": "requests_per_day",
        "allowed": 2,
        "resets_at": "2027-01-01T00:00:00+00:00",
    }
    assert "used its 2 requests of today" in answer.detail
    assert "2027-01-01" in answer.detail
    assert len(server.asked) == 2

    on_day(2027, 1, 1)
    ask(area)
    assert len(server.asked) == 3


def test_a_request_that_could_exceed_the_tokens_of_the_month_is_not_sent(
    server: FakeProvider,
    provider: AiProvider,
    set_area: SetArea,
    area: str,
    on_day: Callable[..., None],
) -> None:
    most = 100 + OVERHEAD + 50
    set_area(max_tokens=50, tokens_per_month=most + 30)
    server.answer = lambda: openai_answer("Fine.", 25, 6)
    on_day(2026, 11, 3)
    ask(area)

    on_day(2026, 11, 30)
    with pytest.raises(LimitReached) as refused:
        ask(area)

    assert refused.value.extra["limit"] == "tokens_per_month"
    assert refused.value.extra["resets_at"] == "2026-12-01T00:00:00+00:00"
    assert f"{most - 1} of its {most + 30} tokens" in refused.value.detail
    assert f"could use {most}." in refused.value.detail
    assert len(server.asked) == 1
    assert AiUsage.objects.count() == 1

    on_day(2026, 12, 1)
    ask(area)
    assert len(server.asked) == 2


def test_what_one_area_uses_is_not_taken_from_another(
    provider: AiProvider, set_area: SetArea, area: str
) -> None:
    AiUsage.objects.create(
        area="other.area", day=timezone.localdate(), provider="local", model="tiny",
        requests=100, input_tokens=10**9,
    )  # fmt: skip
    set_area(requests_per_day=1, tokens_per_month=5000)
    assert ask(area) == "Fine."


def test_the_limits_are_the_areas_whatever_provider_and_model_it_used(
    server: FakeProvider, provider: AiProvider, set_area: SetArea, area: str
) -> None:
    set_area(requests_per_day=2)
    ask(area)
    set_area(model="huge")
    ask(area)
    assert AiUsage.objects.count() == 2
    with pytest.raises(LimitReached):
        ask(area)


def test_a_request_that_fails_counts_too(
    server: FakeProvider, provider: AiProvider, set_area: SetArea, area: str
) -> None:
    set_area(requests_per_day=1)
    server.status = 500
    with pytest.raises(AiFailed):
        ask(area)
    with pytest.raises(LimitReached):
        ask(area)
    assert len(server.asked) == 1


def test_the_month_begins_on_its_first_day(db: None) -> None:
    for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 22)):
        AiUsage.objects.create(
            area="a", day=day, provider="p", model="m",
            input_tokens=1, output_tokens=10, reserved_tokens=100,
        )  # fmt: skip
    assert queries.tokens_in_month_of("a", date(2026, 11, 22)) == 222
    assert queries.requests_on("a", date(2026, 11, 1)) == 0


def all_at_once(count: int, area: str) -> list[BaseException | None]:
    """What came of so many callers who ask in the same moment; None is an answer."""
    together = threading.Barrier(count)
    outcomes: list[BaseException | None] = []

    def call() -> None:
        try:
            together.wait(PATIENCE)
            ask(area)
            outcomes.append(None)
        except LimitReached as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_callers_at_the_same_time_cannot_overrun_the_requests(
    transactional_db: None,
    server: FakeProvider,
    provider: AiProvider,
    set_area: SetArea,
    area: str,
) -> None:
    set_area(requests_per_day=3)
    outcomes = all_at_once(16, area)
    assert len(outcomes) == 16
    assert outcomes.count(None) == 3
    assert len(server.asked) == 3
    row = AiUsage.objects.get()
    assert (row.requests, row.input_tokens, row.output_tokens, row.reserved_tokens) == (
        3,
        33,
        21,
        0,
    )


@pytest.mark.django_db(transaction=True)
def test_callers_at_the_same_time_cannot_overrun_the_tokens(
    transactional_db: None,
    server: FakeProvider,
    provider: AiProvider,
    set_area: SetArea,
    area: str,
) -> None:
    most = 100 + OVERHEAD + 50
    set_area(max_tokens=50, tokens_per_month=2 * most)
    all_asked = threading.Barrier(2)

    def answer() -> bytes:
        all_asked.wait(PATIENCE)  # both are under way before either is settled
        return openai_answer("Fine.", 100 + OVERHEAD, 50)

    server.answer = answer
    outcomes = all_at_once(16, area)
    assert outcomes.count(None) == 2
    assert queries.tokens_in_month_of(area, timezone.localdate()) == 2 * most
