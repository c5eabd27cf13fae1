"""When a PDF is made: once for all who want it, in turn, and later where there is no room now."""

import errno
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.test import Client

from estimates import pdf, typesetting
from estimates.links import client_path
from estimates.models import Estimate
from estimates.pdf import PdfFailed, PdfLate, pdf_of
from estimates.queries import get_estimate
from syteops.core import locks
from syteops.core.locks import exclusive
from syteops.core.waiting import able_to_work_beside, wanted_work, with_work_done
from tests.each import each
from tests.fixtures import signed_in
from tests.samples.estimates import a_draft, a_sent_one
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db


def test_it_is_made_once_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = a_sent_one()
    first = pdf_of(estimate)
    monkeypatch.setattr(pdf, "_document", None)

    assert pdf_of(get_estimate(str(estimate.pk))) == first


def test_a_refusal_is_kept_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = a_draft()
    monkeypatch.setattr(pdf, "LARGEST", 10)
    with pytest.raises(PdfFailed, match="too large"):
        pdf_of(estimate)
    monkeypatch.setattr(pdf, "_document", None)

    with pytest.raises(PdfFailed, match="too large"):
        pdf_of(get_estimate(str(estimate.pk)))


def test_what_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_PATIENCE", 0.01)

    estimate = a_draft(title="Never typeset before")
    with pytest.raises(PdfLate):
        pdf_of(estimate)

    monkeypatch.undo()
    assert pdf_of(estimate).startswith(b"%PDF-"), "it is tried again"


def test_requests_wait_for_one_at_a_time_and_so_others_are_answered(alice: User) -> None:
    """Each takes up a process that answers requests; a few long ones would take up all."""
    made, new = a_sent_one(), a_sent_one()
    links = [str(client_path(one)) for one in (made, new)]
    assert Client().get(f"{links[0]}/pdf").status_code == 200

    with exclusive("estimates.pdf"):
        told = [Client().get(f"{link}/pdf") for link in links]
        admin = signed_in(alice).get(f"/admin/estimates/estimate/{new.pk}/pdf", follow=True)
        assert pdf_of(new).startswith(b"%PDF-"), "nobody waits for that of a mail"

    assert [one.status_code for one in told] == [200, 503]
    for page in (told[1], admin):
        assert "Another PDF is being made just now." in page.content.decode()
    assert Client().get(f"{links[1]}/pdf").status_code == 200


def test_a_worker_makes_those_of_mails_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight long ones at once took 2.4 GB of a machine, and all of its processors."""
    monkeypatch.setattr(pdf, "_typeset", lambda *_: b"%PDF" if pdf._of_mails.locked() else b"")

    assert pdf_of(a_sent_one(title="Mailed alone")) == b"%PDF"
    assert not pdf._of_mails.locked()


def test_a_server_has_it_made_beside_the_thread_that_answers_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever has links to a few long ones kept a process busy for as long as they liked."""
    path = f"{client_path(a_sent_one(title='Made beside'))}/pdf"
    typeset = Mock(wraps=pdf._typeset)
    monkeypatch.setattr(pdf, "_typeset", typeset)
    beside: Any = able_to_work_beside({})
    answer = Client().get(path, **beside)
    assert (answer.status_code, typeset.call_count) == (202, 0)

    work = wanted_work(answer.wsgi_request.META)
    assert work
    done: Future[Any] = Future()
    done.set_result(work.do())
    again: Any = with_work_done({}, done)
    asked_again = Client().get(path, **again)
    assert (asked_again.status_code, asked_again.content[:5]) == (200, b"%PDF-")
    assert Client().get(path, **beside).status_code == 200, "it is kept"
    assert typeset.call_count == 1


def test_who_asks_again_while_it_is_made_gets_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second click on a long one was answered 503 at once."""
    begun, may_end = Event(), Event()

    def typeset(data: str, made_at: int) -> bytes:
        begun.set()
        assert may_end.wait(PATIENCE)
        return b"%PDF-made"

    monkeypatch.setattr(pdf, "_typeset", Mock(side_effect=typeset))
    making = pdf._making(get_estimate(str(a_sent_one().pk)))
    making.read_rows()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(making.made_in_turn, PATIENCE)
        assert begun.wait(PATIENCE)
        second = pool.submit(making.made_in_turn, PATIENCE)
        with pytest.raises(PdfLate):  # whoever keeps others waiting does not wait
            making.made_in_turn(0)
        may_end.set()
        assert [one.result(PATIENCE) for one in (first, second)] == [b"%PDF-made"] * 2
    assert pdf._typeset.call_count == 1  # type: ignore[attr-defined]


def test_a_server_has_it_wait_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_typeset", lambda data, made_at: b"%PDF-made")
    monkeypatch.setattr(locks, "LOOKS_AGAIN", 0.01)
    path = f"{client_path(a_sent_one(title='In turn'))}/pdf"
    beside: Any = able_to_work_beside({})
    with ThreadPoolExecutor() as pool:
        with exclusive("estimates.pdf"):
            answer = Client().get(path, **beside)
            assert answer.status_code == 202
            work = wanted_work(answer.wsgi_request.META)
            assert work
            waiting = pool.submit(work.do)
            with pytest.raises(TimeoutError):
                waiting.result(0.05)
        assert waiting.result(PATIENCE) == b"%PDF-made"


def test_nothing_is_read_beside_the_thread_that_has_the_connection(
    django_assert_num_queries: Any,
) -> None:
    making = pdf._making(Estimate.objects.get(pk=a_sent_one(title="Read before").pk))
    making.read_rows()
    with django_assert_num_queries(0):
        assert making.made()


@each("number", [errno.EAGAIN, errno.ENOMEM])
def test_a_machine_without_room_for_a_process_makes_it_later(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{client_path(a_sent_one(title=f'No room {number}'))}/pdf"
    with monkeypatch.context() as full:
        full.setattr("estimates.pdf.subprocess.run", Mock(side_effect=OSError(number, "no room")))
        told = Client().get(path)
    assert (told.status_code, told["Retry-After"]) == (503, "5")
    assert "no room to make a PDF" in told.content.decode()
    assert Client().get(path).status_code == 200, "it is tried again"


def test_one_whose_process_the_machine_has_ended_is_made_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It ran out of memory. That passed for a fault of the estimate, for as long as it stayed."""
    estimate = a_draft(title="Ended")
    ended = subprocess.CalledProcessError(-signal.SIGKILL, "typesetting")
    with monkeypatch.context() as full:
        full.setattr("estimates.pdf.subprocess.run", Mock(side_effect=ended))
        with pytest.raises(PdfLate):
            pdf_of(estimate)
    assert pdf_of(get_estimate(str(estimate.pk))).startswith(b"%PDF-")


def test_requests_have_it_made_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had the link had a process take all memory, and be ended, as often as he liked."""
    making = pdf._making(a_draft(title="Ended again"))
    making.read_rows()
    run = Mock(side_effect=subprocess.CalledProcessError(-signal.SIGKILL, "typesetting"))
    monkeypatch.setattr("estimates.pdf.subprocess.run", run)
    for _ in range(2):
        with pytest.raises(PdfLate, match="ended the PDF's making"):
            making.made_in_turn(0)
    assert run.call_count == 1
    making.rests_until -= pdf._RESTS
    with pytest.raises(PdfLate):
        making.made_in_turn(0)
    assert run.call_count == 2


def test_what_takes_longer_than_it_may_is_not_ended_like_that(tmp_path: Path) -> None:
    program = Path(str(typesetting.__file__)).read_text("utf-8")
    endless = program.replace("SECONDS = 20", "SECONDS = 1").replace(
        "import typst  # within the bounds", "while True: pass"
    )
    (tmp_path / "endless.py").write_text(endless, "utf-8")
    command = [sys.executable, "-I", str(tmp_path / "endless.py"), "1"]
    done = subprocess.run(command, input=b"{}", capture_output=True, check=False)
    assert done.returncode == -signal.SIGXCPU
