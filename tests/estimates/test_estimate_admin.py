"""Estimates in the admin: the same services as over the API."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from estimates import services
from estimates.links import client_path
from estimates.models import Estimate
from syteops.ai import client as ai_client
from syteops.ai import services as ai
from syteops.ai.models import AiProvider
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.modules import services as modules
from tests.admin_forms import row, untouched
from tests.background import run_tasks
from tests.estimates.test_life_of_an_estimate import STATES, an_estimate
from tests.fixtures import signed_in
from tests.samples.estimates import a_draft, a_sent_one

LIST = "/admin/estimates/estimate/"
ALWAYS = {"pdf", "copy", "make-template"}
BUTTONS = {
    "draft": ALWAYS | {"create-link"},
    "sent": ALWAYS | {"approve", "decline", "revise"},
    "approved": ALWAYS | {"revise"},
    "declined": ALWAYS | {"revise"},
    "expired": ALWAYS | {"revise"},
    "superseded": ALWAYS,
}


def change(estimate: Estimate) -> str:
    return f"{LIST}{estimate.pk}/change/"


def button(estimate: Estimate, name: str) -> str:
    return f"{LIST}{estimate.pk}/{name}/"


def draft(page: Client, estimate: Estimate) -> Any:
    """What is shown once the AI has suggested line items."""
    begun = page.post(button(estimate, "suggest/line_items"))
    run_tasks()
    return page.get(begun.headers["Location"], follow=True)


def told(answer: Any) -> str:
    return " ".join(str(one) for one in answer.context["messages"])


def test_without_the_right_to_change_no_button_works_and_no_link_shows(bob: User) -> None:
    bob.user_permissions.set(Permission.objects.filter(codename="view_estimate"))
    page = signed_in(bob)
    draft, sent = a_draft(), a_sent_one()

    for name in ("send", "approve", "decline", "revise"):
        for estimate in (draft, sent):
            assert page.get(button(estimate, name)).status_code == 403
            assert page.post(button(estimate, name), {"name": "x"}).status_code == 403
    shown = page.get(change(sent)).content.decode()
    assert str(client_path(sent)) not in shown
    assert set(Estimate.objects.values_list("status", flat=True)) == {"draft", "sent"}


@pytest.mark.parametrize("state", STATES)
def test_each_state_offers_its_own_buttons(page: Client, db, state: str) -> None:
    estimate = an_estimate(state)

    shown = page.get(change(estimate)).content.decode()

    offered = set(re.findall(rf'href="{LIST}{estimate.pk}/([a-z-]+)/"', shown))
    assert offered - {"change", "history", "delete"} == BUTTONS[state]


@pytest.mark.parametrize("state", STATES[1:])
def test_what_a_client_has_seen_is_read_only(page: Client, db, state: str) -> None:
    estimate = an_estimate(state)

    shown = page.get(change(estimate))

    assert 'name="title"' not in shown.content.decode()
    assert 'name="line_items-0-description"' not in shown.content.decode()
    assert page.post(change(estimate), {"title": "Changed"}).status_code == 403
    assert Estimate.objects.get(pk=estimate.pk).title == "New website"


def test_an_estimate_is_added_with_what_the_module_says(page: Client, db) -> None:
    config = {"currency": "CHF", "tax_percent": 8.1}
    modules.update_config(SYSTEM, modules.locked_state("estimates"), config=config)
    url = f"{LIST}add/"
    form = page.get(url)
    assert form.context["inline_admin_formsets"][0].formset.empty_form["tax_percent"].value()

    answer = page.post(
        url,
        {
            **untouched(form),
            "title": "Added",
            "line_items-TOTAL_FORMS": "1",
            **row("line_items", 0, position="10000", description="Work", quantity="2",
                  unit_price="10.5", discount_percent="0", tax_percent="8.1"),
        },
    )  # fmt: skip

    assert answer.status_code == 302, answer.context["errors"]
    stored = Estimate.objects.get()
    assert stored.number in page.get(LIST).content.decode().partition("successfully")[0]
    assert (stored.currency, str(stored.amounts.total)) == ("CHF", "22.70")
    assert stored.valid_until is not None


def test_no_last_day_means_none(page: Client, db) -> None:
    url = f"{LIST}add/"

    page.post(url, {**untouched(page.get(url)), "title": "Endless", "valid_until": ""})

    assert Estimate.objects.get().valid_until is None


def test_saving_an_untouched_form_changes_nothing(page: Client, db) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    estimate = a_draft(crm_system=system, content="Scope", meta={"a": 1})
    crm.delete_crm_system(SYSTEM, system)
    before = AuditEntry.objects.count()

    answer = page.post(change(estimate), untouched(page.get(change(estimate))))

    assert answer.status_code == 302
    assert AuditEntry.objects.count() == before
    assert Estimate.objects.get().crm_system == system


@pytest.mark.parametrize("make", [a_draft, a_sent_one])
def test_a_deleted_crm_system_is_named_and_not_linked(page: Client, db, make: Any) -> None:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    estimate = make(crm_system=system)
    link, edit = f"/admin/crm/crmsystem/{system.pk}/change/", "change_id_crm_system"
    before = page.get(change(estimate)).content.decode()
    assert link in before or edit in before
    crm.delete_crm_system(SYSTEM, system)

    shown = page.get(change(estimate)).content.decode()

    assert "HubSpot (deleted)" in shown
    assert link not in shown
    assert edit not in shown


def test_numbers_that_are_only_read_have_no_needless_zeros(page: Client, db) -> None:
    line = {"description": "Work", "quantity": "8", "unit_price": "1100.5", "tax_percent": "20"}
    estimate = a_sent_one(line_items=[line], discount_percent="2.5")

    shown = page.get(change(estimate)).content.decode()

    texts = {one.strip() for one in re.findall(">([^<>]+)<", shown)}
    assert {"8", "1,100.5", "20", "2.5"} <= texts
    assert not [one for one in texts if re.fullmatch(r"[\d,]+\.\d{2,}0", one)]


def test_lines_are_changed_dragged_and_removed(page: Client, db) -> None:
    lines = [{"description": name, "unit_price": "1"} for name in ("A", "B", "C")]
    estimate = a_draft(line_items=lines)
    form = untouched(page.get(change(estimate)))
    form |= {"line_items-0-position": "2", "line_items-2-position": "0"}
    form |= {"line_items-1-DELETE": "on", "line_items-2-unit_price": "5"}

    page.post(change(estimate), form)

    found = [
        (line.description, line.unit_price) for line in estimate.line_items.order_by("position")
    ]
    assert found == [("C", Decimal(5)), ("A", Decimal(1))]
    assert AuditEntry.objects.filter(event="estimate.updated").count() == 1


def test_looking_at_a_button_changes_nothing(page: Client, db) -> None:
    estimate = a_draft()

    asked = page.get(button(estimate, "send"))

    assert asked.status_code == 200
    assert "sends no e-mail" in asked.content.decode()
    assert Estimate.objects.get().status == "draft"


def test_a_button_needs_the_csrf_token(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)

    assert strict.post(button(a_draft(), "send")).status_code == 403
    assert Estimate.objects.get().status == "draft"


def test_sending_shows_the_link_to_copy(page: Client, db) -> None:
    estimate = a_draft()

    shown = page.post(button(estimate, "send"), follow=True)

    stored = Estimate.objects.get()
    assert stored.status == "sent"
    assert f"http://testserver{client_path(stored)}" in shown.content.decode()
    assert "Copy link" in shown.content.decode()
    entry = AuditEntry.objects.get(event="estimate.sent")
    assert (entry.operation, entry.actor_label) == ("estimates_items.send", "alice")


def test_what_cannot_be_sent_says_why(page: Client, db) -> None:
    shown = page.post(button(a_draft(client_email=""), "send"), follow=True)

    assert "needs the client's e-mail address" in told(shown)
    assert Estimate.objects.get().status == "draft"


@pytest.mark.parametrize(("name", "status"), [("approve", "approved"), ("decline", "declined")])
def test_an_answer_is_entered_for_the_client(page: Client, db, name: str, status: str) -> None:
    estimate = a_sent_one()

    refused = page.post(button(estimate, name), {"name": ""})
    assert refused.status_code == 200
    assert Estimate.objects.get().status == "sent"
    page.post(button(estimate, name), {"name": "Cleo", "comment": "On the phone"})

    stored = Estimate.objects.get()
    assert (stored.status, stored.answered_by, stored.answered_on_behalf) == (status, "Cleo", True)
    assert "On the phone" in page.get(change(stored)).content.decode()


def test_revising_leads_to_the_new_revision(page: Client, db) -> None:
    estimate = a_sent_one()

    answer = page.post(button(estimate, "revise"))

    new = Estimate.objects.get(revision=2)
    assert answer.headers["Location"] == change(new)
    listed = page.get(LIST).content.decode()
    assert change(new) in listed
    assert change(estimate) not in listed
    assert change(estimate) in page.get(f"{LIST}?revisions=all").content.decode()


def test_a_sent_estimate_is_not_deleted_and_the_page_says_why(page: Client, db) -> None:
    estimate = a_sent_one()
    chosen = {"action": "delete_selected", "_selected_action": [estimate.pk], "post": "yes"}

    assert f"{LIST}{estimate.pk}/delete/" not in page.get(change(estimate)).content.decode()
    assert page.post(f"{LIST}{estimate.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "stays on record" in told(page.post(LIST, chosen, follow=True))
    assert Estimate.objects.get().deleted_at is None


def test_a_draft_is_deleted_softly(page: Client, db) -> None:
    estimate = a_draft()

    page.post(f"{LIST}{estimate.pk}/delete/", {"post": "yes"})

    assert not Estimate.objects.exists()
    assert Estimate.all_objects.get().deleted_at
    assert AuditEntry.objects.get(event="estimate.deleted").actor_label == "alice"


@pytest.mark.parametrize("status", ["draft", "sent", "expired"])
def test_the_list_is_filtered_by_the_status_of_today(page: Client, db, status: str) -> None:
    found = {state: an_estimate(state) for state in ("draft", "sent", "expired")}

    shown = page.get(f"{LIST}?status={status}").content.decode()

    assert {state for state, one in found.items() if change(one) in shown} == {status}
    assert page.get(f"{LIST}?q=website").status_code == 200


def test_the_list_costs_the_same_however_long_it_is(
    page: Client, db, django_assert_max_num_queries
) -> None:
    for _ in range(15):
        a_draft()
    with django_assert_max_num_queries(20):
        page.get(LIST)


def test_an_inactive_module_has_no_pages(page: Client, db) -> None:
    estimate = a_draft()
    modules.deactivate(SYSTEM, modules.locked_state("estimates"))

    for url in (LIST, change(estimate), f"{LIST}add/", button(estimate, "send")):
        assert page.get(url).status_code == 404, url
        assert page.post(url).status_code == 404, url
    assert Estimate.objects.get().status == "draft"


# --- AI ----------------------------------------------------------------------------------------


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, db) -> list[str]:
    """What the provider will answer, one after the other."""
    provider = AiProvider.objects.get(slug="openai")
    ai.update_ai_provider(SYSTEM, provider, default_model="test-model")
    ai.set_secrets(SYSTEM, provider, api_key="sk-canary-1234567890")
    given: list[str] = []
    monkeypatch.setattr(
        ai_client, "ask", lambda question: ai_client.Answer(text=given.pop(0), usage=(5, 5))
    )
    return given


def test_suggested_lines_are_checked_and_added_once_accepted(page: Client, answers) -> None:
    estimate = a_draft(content="Design for 400, and hosting.")
    answers.append(
        'Here: [{"description": "Hosting", "quantity": 12, "unit_price": "9.90"},'
        ' {"description": "Odd", "quantity": -3, "unit_price": "free", "tax_percent": 900},'
        ' {"unit_price": 5}, 7]'
    )

    shown = draft(page, estimate)
    assert "Design · 2 × 400" in shown.content.decode()  # what there is
    assert "Hosting · 12 × 9.9" in shown.content.decode()
    assert estimate.line_items.count() == 1

    page.post(shown.request["PATH_INFO"], {"accept": "", "item": ["0", "1"]})

    found = [(line.description, line.quantity, line.unit_price, line.tax_percent)
             for line in estimate.line_items.order_by("position")]  # fmt: skip
    assert [one[0] for one in found] == ["Design", "Hosting", "Odd"]
    assert [str(part.normalize()) for part in found[1][1:]] == ["12", "9.9", "0"]
    assert [str(part.normalize()) for part in found[2][1:]] == ["1", "0", "0"]


@pytest.mark.parametrize(
    "answer",
    ["Sorry.", "[{}]", '[{"description": "Hosting", "unit_price": NaN}]', '[{"description": ""}]'],
)
def test_an_unusable_answer_changes_nothing(page: Client, answers, answer: str) -> None:
    estimate = a_draft(content="Design")
    answers.append(answer)

    shown = draft(page, estimate)

    assert "no answer that can be used" in told(shown)
    assert estimate.line_items.count() == 1


def test_without_ai_or_scope_the_page_says_what_is_missing(page: Client, db) -> None:
    bare, written = a_draft(), a_draft(content="Design")

    shown = draft(page, bare)
    assert "scope of work" in told(shown)
    shown = draft(page, written)
    assert "no AI provider. Choose one, or a default provider." in told(shown)


def test_nobody_is_asked_about_a_frozen_estimate(page: Client, answers) -> None:
    estimate = services.send_estimate(SYSTEM, a_draft(content="Design"))

    assert page.post(button(estimate, "suggest/line_items")).status_code == 403
    assert "Suggestions by AI" not in page.get(change(estimate)).content.decode()
