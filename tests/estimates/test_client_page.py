"""The client's page: whoever has the link may answer, once, and nobody else anything."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from estimates import services
from estimates.choices import EstimateStatus
from estimates.links import client_path
from estimates.models import Estimate
from syteops.audit.models import AuditChain, AuditEntry
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from tests.estimates.test_life_of_an_estimate import an_estimate, expire
from tests.samples.estimates import a_draft, a_sent_one

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def visitor() -> Client:
    """A browser that is logged in nowhere; CSRF checks are on."""
    return Client(enforce_csrf_checks=True)


def link(estimate: Estimate) -> str:
    path = client_path(estimate)
    assert path
    return path


def form(page: Any, **values: str) -> dict[str, str]:
    """What the page's form sends."""
    seal = re.search(r'name="seal" value="([^"]+)"', page.content.decode())
    assert seal, "the page has a form"
    return {"seal": seal[1], "name": "Cleo Client", "answer": "approved", **values}


# --- Who is let in ---------------------------------------------------------------------------


def test_links_that_lead_nowhere_are_all_alike(visitor: Client, db) -> None:
    good = link(a_sent_one())
    deleted = services.answer_estimate(SYSTEM, a_sent_one(), EstimateStatus.DECLINED, name="x")
    gone = link(deleted)
    services.delete_estimate(SYSTEM, deleted)
    forged = good[:-1] + ("A" if good[-1] != "A" else "B")

    answers = [
        visitor.get(path)
        for path in (forged, gone, "/e/x", f"/e/{'A' * 43}", f"/e/{'é' * 43}", good + "A")
    ]

    assert {answer.status_code for answer in answers} == {404}
    bodies = {re.sub(r"/e/\S+", "", answer.content.decode()) for answer in answers}
    assert len(bodies) == 1
    for path in (forged, gone):
        assert visitor.post(path, {"name": "x", "answer": "approved"}).status_code == 404


def test_no_estimate_is_looked_up_for_a_malformed_token(visitor: Client, db) -> None:
    with CaptureQueriesContext(connection) as asked:
        visitor.get("/e/short")

    assert not [one for one in asked if "estimates_estimate" in one["sql"]]


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_other_methods_are_refused(visitor: Client, db, method: str) -> None:
    assert getattr(visitor, method)(link(a_sent_one())).status_code == 405


def test_the_page_of_an_inactive_module_says_so_kindly(visitor: Client, db) -> None:
    path = link(a_sent_one())
    modules.deactivate(SYSTEM, modules.locked_state("estimates"))
    answers = [visitor.get(path), visitor.post(path, {"name": "x"}), visitor.get(f"{path}/pdf"),
               visitor.get("/e/nowhere")]  # fmt: skip
    for away in answers:
        assert away.status_code == 404
        assert "This page is not available at present." in away.content.decode()
        assert "New website" not in away.content.decode()
        assert away.headers["Cache-Control"] == "no-store"
    assert len({away.content for away in answers}) == 1, "it tells nobody which links are right"

    modules.activate(SYSTEM, modules.locked_state("estimates"))
    assert visitor.get(path).status_code == 200


# --- What is shown ---------------------------------------------------------------------------


def test_the_page_tells_everything_and_gives_nothing_away(visitor: Client, db, settings) -> None:
    settings.SITE_NAME = "Ada & Co."
    estimate = a_sent_one(
        title="New website",
        content=f"# Scope\n\n{HOSTILE}\n\n[bad](javascript:alert(1)) ![pic](https://spy.example/x)",
        client_name=HOSTILE,
        currency="EUR",
        meta={"internal": "margin 40 %"},
        crm_contact_id="c-17",
        line_items=[{"description": HOSTILE, "quantity": "1234.5", "unit_price": "1.005",
                     "discount_percent": "10", "tax_percent": "20"}],
    )  # fmt: skip

    page = visitor.get(link(estimate))
    text = page.content.decode()

    assert page.status_code == 200
    for shown in ("New website", estimate.number, "Ada &amp; Co.", "<h1>Scope</h1>", "1,234.5",
                  "1,240.67", "124.07", "223.32", "EUR 1,339.92", "Approve"):  # fmt: skip
        assert shown in text, shown
    assert "<script" not in text
    assert "javascript:" not in text.replace("](javascript:", "")
    assert "<img" not in text
    assert "margin 40" not in text
    assert "c-17" not in text
    assert "Set-Cookie" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Robots-Tag"].startswith("noindex")
    assert page.headers["X-Frame-Options"] == "DENY"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert " style=" not in text
    assert "frame-ancestors 'none'" in policy


def test_the_module_says_who_the_estimate_is_from(visitor: Client, db) -> None:
    config = {"company_name": "Lovelace Engines"}
    modules.update_config(SYSTEM, modules.locked_state("estimates"), config=config)

    assert "Lovelace Engines" in visitor.get(link(a_sent_one())).content.decode()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("approved", "<strong>Approved</strong> by <bdi>Cleo</bdi> on"),
        ("declined", "<strong>Declined</strong> by <bdi>Cleo</bdi> on"),
        ("expired", "This estimate was valid until"),
        ("superseded", "A newer version replaces this estimate."),
    ],
)
def test_a_page_that_waits_for_no_answer_says_why(
    visitor: Client, db, state: str, words: str
) -> None:
    page = visitor.get(link(an_estimate(state)))

    assert page.status_code == 200
    assert words in page.content.decode()
    assert "<form" not in page.content.decode()


# --- Answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "word"), [("approved", "Approved"), ("declined", "Declined")])
def test_the_answer_is_kept_with_who_when_and_where(
    visitor: Client, db, answer: str, word: str
) -> None:
    path = link(a_sent_one())
    sent = form(visitor.get(path), answer=answer, comment=f"First\nSecond {HOSTILE}")

    done = visitor.post(path, sent, REMOTE_ADDR="203.0.113.9")

    assert (done.status_code, done.headers["Location"]) == (303, path)
    stored = Estimate.objects.get()
    assert (stored.status, stored.answered_by) == (answer, "Cleo Client")
    assert (stored.answer_address, stored.answered_on_behalf) == ("203.0.113.9", False)
    assert stored.answered_at
    entry = AuditEntry.objects.get(event=f"estimate.{answer}")
    assert (entry.actor_kind, entry.actor_label, entry.door) == ("client", "Cleo Client", "public")
    assert entry.address == "203.0.113.9"
    shown = visitor.get(path).content.decode()
    assert f"<strong>{word}</strong> by <bdi>Cleo Client</bdi> on" in shown
    assert "First<br>Second &lt;script&gt;" in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 151},
        {"name": "a\x00b"},
        {"comment": "x" * 2001},
        {"answer": "expired"},
        {"answer": "draft"},
        {"answer": ""},
        {"seal": ""},
        {"seal": "forged"},
    ],
)
def test_a_wrong_answer_is_not_taken_and_what_was_typed_stays(
    visitor: Client, db, wrong: dict[str, Any]
) -> None:
    path = link(a_sent_one())
    sent = {**form(visitor.get(path), comment="My words"), **wrong}

    refused = visitor.post(path, sent)

    assert refused.status_code == 400
    assert Estimate.objects.get().status == "sent"
    assert 'role="alert"' in refused.content.decode()
    if "comment" not in wrong:
        assert "My words" in refused.content.decode()
    assert refused.headers["Cache-Control"] == "no-store"


def test_a_form_of_another_page_is_not_taken(visitor: Client, db) -> None:
    other = form(visitor.get(link(a_sent_one())))
    estimate = a_sent_one()

    assert visitor.post(link(estimate), other).status_code == 400
    assert Estimate.objects.get(pk=estimate.pk).status == "sent"


def test_a_form_from_elsewhere_without_the_pages_seal_is_not_taken(visitor: Client, db) -> None:
    path = link(a_sent_one())

    forged = visitor.post(
        path, {"name": "Eve", "answer": "approved"}, headers={"Origin": "https://evil.example"}
    )

    assert forged.status_code == 400
    assert Estimate.objects.get().status == "sent"


def test_a_browser_that_sends_no_origin_can_answer(visitor: Client, db) -> None:
    path = link(a_sent_one())

    done = visitor.post(path, form(visitor.get(path)), headers={"Origin": "null"})

    assert done.status_code == 303
    assert Estimate.objects.get().status == "approved"


def test_a_double_click_answers_once_and_shows_the_state(visitor: Client, db) -> None:
    path = link(a_sent_one())
    sent = form(visitor.get(path))

    first, second = visitor.post(path, sent), visitor.post(path, sent)

    assert (first.status_code, second.status_code) == (303, 303)
    assert AuditEntry.objects.filter(event="estimate.approved").count() == 1


def test_a_second_answer_changes_nothing_and_shows_the_first(visitor: Client, db) -> None:
    path = link(a_sent_one())
    sent = form(visitor.get(path))
    visitor.post(path, sent)

    late = visitor.post(path, {**sent, "answer": "declined", "name": "Dora"})

    assert late.status_code == 409
    assert "Your answer was not taken" in late.content.decode()
    assert "<strong>Approved</strong> by <bdi>Cleo Client" in late.content.decode()
    assert Estimate.objects.get().status == "approved"


def test_what_expired_or_was_replaced_meanwhile_takes_no_answer(visitor: Client, db) -> None:
    expired, replaced = a_sent_one(), a_sent_one()
    pages = [(one, form(visitor.get(link(one)))) for one in (expired, replaced)]
    expire(expired)
    services.revise_estimate(SYSTEM, replaced)

    for estimate, sent in pages:
        assert visitor.post(link(estimate), sent).status_code == 409
        assert Estimate.objects.get(pk=estimate.pk).status == "sent"


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_the_same_moment_one_counts() -> None:
    path = link(a_sent_one())
    sent = form(Client().get(path))

    def answer(given: str) -> int:
        try:
            return Client().post(path, {**sent, "answer": given, "name": given}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(answer, ["approved", "declined"] * 2))

    stored = Estimate.objects.get()
    assert codes.count(303) == 2, "the one that counts, and the same once more"
    assert codes.count(409) == 2
    assert stored.answered_by == stored.status
    assert AuditEntry.objects.filter(event__startswith=f"estimate.{stored.status}").count() == 1


def test_a_draft_has_no_link(db) -> None:
    assert client_path(a_draft()) is None


@pytest.mark.django_db(transaction=True)
def test_who_cannot_answer_just_now_is_told_so(visitor: Client) -> None:
    """The page came back as it was, and he thought that he had approved."""
    path = link(a_sent_one())
    sent = form(visitor.get(path))
    AuditChain.objects.update(head_seal="0" * 64)

    answer = visitor.post(path, sent)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Your answer was not taken." in answer.content.decode()
    assert Estimate.objects.get().status == "sent"
