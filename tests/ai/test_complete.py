"""The area's AI is really asked, over HTTP, and its usage is booked."""

import logging
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from syteops.ai import client, services
from syteops.ai.errors import AiFailed, AiUnavailable
from syteops.ai.models import AiProvider, AiUsage
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.encryption import seal
from syteops.core.errors import DomainError, ModuleInactive, NotFound
from tests.ai.conftest import KEY, FakeProvider, anthropic_answer, openai_answer
from tests.waiting import PATIENCE

SetArea = Callable[..., Any]


def ask(area: str, prompt: str = "Sum this up.") -> str:
    return services.complete(SYSTEM, area, system="Be brief.", prompt=prompt).text


def used() -> tuple[int, int, int, int]:
    """Requests, input, output and reserved tokens of the one usage row."""
    row = AiUsage.objects.get()
    return row.requests, row.input_tokens, row.output_tokens, row.reserved_tokens


def nothing_leaks(words: str) -> bool:
    return KEY not in words and "Sum this up" not in words


# --- The two protocols ---------------------------------------------------------------------


def test_an_openai_compatible_provider_is_asked_and_its_usage_booked(
    server: FakeProvider, provider: AiProvider, area: str
) -> None:
    assert ask(area) == "Fine."

    (asked,) = server.asked
    assert asked["path"] == "/v1/chat/completions"
    assert asked["headers"]["authorization"] == f"Bearer {KEY}"
    assert asked["body"] == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Sum this up."},
        ],
        "max_tokens": 1024,
    }
    assert used() == (1, 11, 7, 0)
    row = AiUsage.objects.get()
    assert (row.area, row.provider, row.model) == (area, "local", "tiny")


def test_openai_itself_gets_the_limit_under_its_new_name(
    server: FakeProvider, area: str, db: None
) -> None:
    openai = AiProvider.objects.get(slug="openai")
    services.update_ai_provider(SYSTEM, openai, base_url=f"{server.url}/v1/")
    services.set_secrets(SYSTEM, openai, api_key=KEY)
    ask(area)
    assert server.asked[0]["path"] == "/v1/chat/completions"
    assert server.asked[0]["body"]["max_completion_tokens"] == 1024
    assert "max_tokens" not in server.asked[0]["body"]


def test_anthropic_is_asked_in_its_own_way(
    server: FakeProvider, provider: AiProvider, area: str
) -> None:
    services.update_ai_provider(SYSTEM, provider, api_style="anthropic", base_url=server.url)
    server.answer = lambda: anthropic_answer("Short.", 20, 5)

    assert ask(area) == "Short."

    (asked,) = server.asked
    assert asked["path"] == "/v1/messages"
    headers = {name.lower(): value for name, value in asked["headers"].items()}
    assert headers["x-api-key"] == KEY
    assert headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in headers
    assert asked["body"] == {
        "model": "tiny",
        "max_tokens": 1024,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Sum this up."}],
    }
    assert used() == (1, 22, 5, 0)


def test_the_area_chooses_provider_and_model_and_the_provider_caps_the_answer(
    server: FakeProvider, provider: AiProvider, set_area: SetArea, area: str
) -> None:
    services.update_ai_provider(SYSTEM, provider, token_limit=300, is_default=False)
    set_area(provider=provider, model="huge", max_tokens=900)
    ask(area)
    assert server.asked[0]["body"]["model"] == "huge"
    assert server.asked[0]["body"]["max_tokens"] == 300


def test_the_trail_tells_who_asked_which_provider_and_nothing_of_the_prompt(
    provider: AiProvider, area: str
) -> None:
    ask(area)
    entry = AuditEntry.objects.get(event="ai_area.asked")
    assert (entry.object_id, entry.actor_id) == (area, "system")
    assert entry.changes["provider"]["after"] == "local"
    assert nothing_leaks(str(entry.changes))


# --- What keeps it from being asked --------------------------------------------------------


def test_an_area_that_does_not_exist_or_is_away_is_not_asked(
    server: FakeProvider, provider: AiProvider, area: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound):
        ask("no.such_area")
    monkeypatch.setattr("syteops.ai.queries.inactive_modules", lambda: {""})
    with pytest.raises(ModuleInactive):
        ask(area)
    assert server.asked == []


def test_a_disabled_area_is_not_asked(
    server: FakeProvider, provider: AiProvider, set_area: SetArea, area: str
) -> None:
    set_area(enabled=False)
    with pytest.raises(AiUnavailable, match="switched off"):
        ask(area)
    assert server.asked == []
    assert not AiUsage.objects.exists()


@pytest.mark.parametrize("lacking", ["provider", "model", "key", "readable key"])
def test_what_is_lacking_is_named(
    server: FakeProvider, provider: AiProvider, area: str, settings: Any, lacking: str
) -> None:
    if lacking == "provider":
        services.update_ai_provider(SYSTEM, provider, is_default=False)
    elif lacking == "model":
        services.update_ai_provider(SYSTEM, provider, default_model="")
    elif lacking == "key":
        settings.ALLOWED_PRIVATE_ORIGINS = []  # a model of the own network needs none
        services.clear_secrets(SYSTEM, provider, "api_key")
    else:  # as after a copied row
        other = AiProvider(slug="other")
        AiProvider.objects.filter(pk=provider.pk).update(api_key=seal(other, "api_key", KEY))
    words = {"provider": "no AI provider", "model": "no model", "key": "no API key"}
    with pytest.raises(AiUnavailable, match=words.get(lacking, "cannot be read")):
        ask(area)
    assert server.asked == []
    assert not AiUsage.objects.exists()


# --- What can go wrong on the way ----------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "refused the API key"),
        (402, "paid first"),
        (403, "does not allow"),
        (404, "knows no model tiny"),
        (413, "too long"),
        (429, "Try again later"),
        (400, "HTTP 400"),
        (500, "HTTP 500"),
        (529, "HTTP 529"),
    ],
)
def test_a_refusal_is_told_in_our_own_words_and_its_tokens_are_given_back(
    server: FakeProvider, provider: AiProvider, area: str, status: int, words: str
) -> None:
    server.status = status
    server.answer = f'{{"error": {{"message": "Bad key {KEY}"}}}}'.encode
    with pytest.raises(AiFailed, match=words) as failure:
        ask(area)
    assert nothing_leaks(f"{failure.value.detail} {failure.value.extra}")
    assert failure.value.__cause__ is None
    assert used() == (1, 0, 0, 0)


def test_a_redirect_is_not_followed(server: FakeProvider, provider: AiProvider, area: str) -> None:
    server.status = 307
    server.headers = {"Location": f"{server.url}/elsewhere"}
    with pytest.raises(AiFailed, match="redirect"):
        ask(area)
    assert [one["path"] for one in server.asked] == ["/v1/chat/completions"]


def test_a_private_address_that_is_not_allowed_any_more_is_not_asked(
    server: FakeProvider, provider: AiProvider, area: str, settings: Any
) -> None:
    settings.ALLOWED_PRIVATE_ORIGINS = []
    with pytest.raises(AiFailed, match="private"):
        ask(area)
    assert server.asked == []
    assert used() == (1, 0, 0, 0)


def test_an_address_where_nobody_listens_is_named_as_such(
    server: FakeProvider, provider: AiProvider, area: str
) -> None:
    server.shutdown()  # a port that its thread still polls takes connections for a moment
    server.server_close()
    with pytest.raises(AiFailed, match="gave no answer") as failure:
        ask(area)
    told = traceback.TracebackException.from_exception(failure.value, capture_locals=True)
    ours = [frame for frame in told.stack if "syteops" in frame.filename]
    assert ours
    assert KEY not in str([frame.locals for frame in ours])
    assert used() == (1, 0, 0, 0)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>Not an API</html>",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": ["x"]}}]}',
        b'{"choices": [{"message": null}]}',
        b"[" * 100_000,
    ],
)
def test_an_answer_that_is_none_is_refused_and_counts_as_reserved(
    server: FakeProvider, provider: AiProvider, area: str, answer: bytes
) -> None:
    server.answer = lambda: answer
    with pytest.raises(AiFailed):
        ask(area)
    requests, read, written, reserved = used()
    assert (requests, read, written) == (1, 0, 0)
    assert reserved > 1024


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_an_empty_answer_fails_and_is_booked_all_the_same(
    server: FakeProvider, provider: AiProvider, area: str, text: str | None
) -> None:
    server.answer = lambda: openai_answer(text, 30, 0)
    with pytest.raises(AiFailed, match="answered nothing"):
        ask(area)
    assert used() == (1, 30, 0, 0)


@pytest.mark.parametrize("count", [None, -5, True, "12", 1.5, 10**30])
def test_a_usage_that_cannot_be_counts_as_reserved(
    server: FakeProvider, provider: AiProvider, area: str, count: Any
) -> None:
    server.answer = lambda: openai_answer("Fine.", count, 7)
    assert ask(area) == "Fine."
    assert used()[:3] == (1, 0, 0)
    assert used()[3] > 1024


def test_a_slow_provider_is_given_up_and_counts_as_reserved(
    server: FakeProvider, provider: AiProvider, area: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 1.0)
    given_up = threading.Event()
    server.answer = lambda: b"late" if given_up.wait(PATIENCE) else b""
    with pytest.raises(AiFailed, match="in time"):
        ask(area)
    given_up.set()
    assert used()[3] > 1024


def test_an_endless_answer_is_cut_off(
    server: FakeProvider, provider: AiProvider, area: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MAX_ANSWER", 1000)
    server.answer = lambda: b" " * 5000
    with pytest.raises(AiFailed, match="More was answered"):
        ask(area)


def test_the_key_is_in_no_log_however_talkative(
    server: FakeProvider, provider: AiProvider, area: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ask(area)
    server.status = 401
    with pytest.raises(DomainError):
        ask(area)
    assert KEY not in caplog.text
    assert KEY not in repr(client.Question("p", "P", "u", "s", KEY, "m", 1, "s", "p"))


# --- Transactions --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_held_while_the_provider_thinks(
    transactional_db: None, server: FakeProvider, provider: AiProvider, area: str
) -> None:
    held: list[bool] = []
    waiting, go_on = threading.Event(), threading.Event()

    def answer() -> bytes:
        waiting.set()
        assert go_on.wait(PATIENCE)
        return openai_answer("Fine.", 1, 1)

    def call() -> None:
        ask(area)
        held.append(connection.in_atomic_block)
        connection.close()

    server.answer = answer
    thread = threading.Thread(target=call)
    thread.start()
    assert waiting.wait(PATIENCE)
    # Another writer is not kept waiting, and sees the reservation.
    services.update_ai_provider(SYSTEM, AiProvider.objects.get(pk=provider.pk), name="Renamed")
    assert used()[0] == 1
    assert used()[3] > 1024
    go_on.set()
    thread.join()
    assert held == [False]
    assert used() == (1, 1, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_it_refuses_to_run(
    transactional_db: None, server: FakeProvider, provider: AiProvider, area: str
) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        ask(area)
    assert server.asked == []


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_in_between_leaves_its_reservation_counted(
    transactional_db: None,
    provider: AiProvider,
    area: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(question: Any) -> Any:
        raise SystemExit

    monkeypatch.setattr(client, "ask", die)
    with pytest.raises(SystemExit):
        ask(area)
    assert used()[0] == 1
    assert used()[3] > 1024
