"""Work beside the requests: done after the answer, done every so often, and never the end of it."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.urls import reverse

from syteops.core import background
from tests.threads import in_place_of_the_thread


@pytest.fixture(autouse=True)
def thread(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with in_place_of_the_thread(monkeypatch, 2):
        yield


def test_without_a_thread_it_is_done_at_once() -> None:
    background._is_started.clear()
    done: list[int] = []
    background.after_answer(lambda: done.append(1))
    assert done == [1]


def test_with_one_it_is_left_to_the_thread() -> None:
    done: list[int] = []
    background.after_answer(lambda: done.append(1))
    assert done == []
    background.work_once()
    assert done == [1]


def test_what_many_ask_for_is_done_once_for_all_who_asked_before_it_began() -> None:
    done: list[int] = []

    def job() -> None:
        done.append(1)
        if len(done) == 1:
            background.after_answers(job)  # somebody else, meanwhile

    for _ in range(3):
        background.after_answers(job)
    background.work_once()
    assert done == [1]
    background.work_once()
    assert done == [1, 1]
    assert background._jobs.empty()


def test_without_a_thread_it_is_done_at_once_for_each_who_asks() -> None:
    background._is_started.clear()
    done: list[int] = []
    for _ in range(2):
        background.after_answers(lambda: done.append(1))
    assert done == [1, 1]


def test_what_many_ask_for_and_was_dropped_can_be_asked_for_again() -> None:
    done: list[str] = []

    def job() -> None:
        done.append("asked for")

    for _ in range(2):
        background.after_answer(lambda: done.append("before"))
    background.after_answers(job)
    for _ in range(2):
        background.work_once()
    background.after_answers(job)
    background.work_once()
    assert done == ["before", "before", "asked for"]


def test_what_is_due_is_done_each_time_and_not_before() -> None:
    done: list[str] = []
    background.every(3600, lambda: done.append("hourly"))
    background.every(0.01, lambda: done.append("often"))
    for _ in range(3):
        background.work_once()
    assert done == ["often"] * 3


def test_answers_that_never_stop_do_not_keep_back_what_is_due() -> None:
    done: list[str] = []
    background.every(0, lambda: done.append("due"))
    for _ in range(2):
        background.after_answer(lambda: done.append("left"))
    background.work_once()
    assert done == ["left", "due"]


def test_a_failure_is_logged_and_is_not_the_end(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    background.after_answer(lambda: 1 // 0)
    background.after_answer(lambda: done.append(1))
    background.work_once()
    background.work_once()
    assert done == [1]
    assert "ZeroDivisionError" in caplog.text


def test_too_much_is_dropped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            background.after_answer(lambda: None)
    assert background._jobs.qsize() == 2
    assert "dropped" in caplog.text


class Enough(Exception):
    pass


@pytest.mark.parametrize("begin", ["_work_for_ever", "_repeat_for_ever"])
def test_addresses_that_a_thread_makes_are_below_the_script_name(
    settings: Any, monkeypatch: pytest.MonkeyPatch, begin: str
) -> None:
    settings.FORCE_SCRIPT_NAME = "/sub"
    made: list[str] = []

    def work(*_: Any) -> None:
        made.append(reverse("admin:index"))
        raise Enough

    monkeypatch.setattr(background, "work_once", work)
    monkeypatch.setattr(background, "_do", work)
    periodic = [background.Periodic(0, work, 0)] if begin == "_repeat_for_ever" else []
    with ThreadPoolExecutor(1) as fresh, pytest.raises(Enough):
        fresh.submit(getattr(background, begin), *periodic).result()

    assert made == ["/sub/admin/"]
