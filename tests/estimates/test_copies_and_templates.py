"""A copy is the same work for the next client; a template is work for nobody in particular."""

import pytest
from django.test import Client
from django.utils import timezone

from estimates import queries, services
from estimates.choices import EstimateStatus
from estimates.models import Estimate
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from tests.estimates.test_discounts_and_options import SOLD, options
from tests.estimates.test_estimates_api import configure
from tests.fixtures import Api
from tests.samples.estimates import a_draft, a_sent_one
from tests.undoing import revert

pytestmark = pytest.mark.django_db


def numbered(number: int) -> str:
    return f"EST-{timezone.localdate().year}-{number:04}"


def test_a_copy_is_a_draft_of_its_own(api: Api) -> None:
    estimate = a_sent_one(**SOLD, client_name="Cleo", meta={"deal": 5}, content="One page.")
    chosen = [options(estimate)["Care plan"]]
    services.answer_estimate(SYSTEM, estimate, EstimateStatus.APPROVED, name="C", chosen=chosen)

    made = api.post(f"/estimates/{estimate.pk}/copy").json()

    assert (made["number"], made["revision"], made["status"]) == (numbered(2), 1, "draft")
    assert (made["title"], made["client_name"], made["content"], made["total"]) == (
        "New website", "Cleo", "One page.", "135.90",
    )  # fmt: skip
    assert made["meta"] == {}, "what tools keep there is about the other one"
    assert made["slug"] == "new-website-2"
    assert made["answer"] is None
    assert [one["description"] for one in made["line_items"]] == [
        one["description"] for one in SOLD["line_items"]
    ]
    assert Estimate.objects.get(pk=estimate.pk).superseded_by_id is None
    entry = AuditEntry.objects.filter(event="estimate.created").latest("pk")
    assert entry.operation == "estimates_items.copy"


def test_an_excerpt_of_its_own_is_copied_and_a_derived_one_is_derived(api: Api) -> None:
    own = a_draft(content="Scope", excerpt="In short")
    derived = a_draft(content="Scope")
    for estimate, after in ((own, "In short"), (derived, "Longer")):
        made = api.post(f"/estimates/{estimate.pk}/copy").json()
        changed = api.patch(f"/estimates/{made['id']}", {"content": "Longer"}).json()
        assert changed["excerpt"] == after


def test_a_template_knows_no_client_and_takes_no_number(api: Api) -> None:
    estimate = a_draft(**SOLD, client_name="Cleo", client_company="ACME")

    template = api.post(f"/estimates/{estimate.pk}/copy", {"status": "template"}).json()

    assert (template["status"], template["number"]) == ("template", "Template 1")
    assert template["valid_until"] is None
    assert [template[name] for name in ("client_name", "client_company", "client_email")] == [
        ""
    ] * 3
    assert a_draft().number == numbered(2)
    changed = api.patch(f"/estimates/{template['id']}", {"title": "Shop, as usual"})
    assert changed.status_code == 200
    draft = api.post(f"/estimates/{template['id']}/copy").json()
    assert (draft["number"], draft["title"], draft["total"]) == (
        numbered(3), "Shop, as usual", "135.90",
    )  # fmt: skip
    assert draft["valid_until"] is not None


@pytest.mark.parametrize("reset", ["yearly", "never"])
def test_templates_are_in_no_list_count_total_or_number(api: Api, reset: str) -> None:
    configure(number_reset=reset)
    template = api.post("/estimates", {"title": "T", "status": "template", **SOLD}).json()

    assert api.get("/estimates").json()["items"] == []
    assert api.get("/estimates?updated_since=2020-01-01T00:00:00Z").json()["items"] == []
    listed = api.get("/estimates?status=template").json()["items"]
    assert [one["id"] for one in listed] == [template["id"]]
    assert queries.latest() is None
    assert set(queries.counts_by_status().values()) == {0}
    assert "template" not in queries.counts_by_status()
    assert api.get("/status").json()["counts"]["estimates_items"] == 0
    assert a_draft().sequence == 1


def test_a_template_is_nobodys_estimate(api: Api) -> None:
    template = a_draft(status="template")  # with an address and a line

    for operation, given in (
        ("send", {}), ("approve", {"name": "x"}), ("decline", {"name": "x"}), ("revise", {}),
    ):  # fmt: skip
        refused = api.post(f"/estimates/{template.pk}/{operation}", given)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict"), operation
        told = "change it as it is" if operation == "revise" else "Copy it"
        assert told in refused.json()["detail"]
    assert Estimate.objects.get().status == "template"


def test_a_template_is_deleted_and_comes_back(api: Api) -> None:
    template = services.create_estimate(SYSTEM, title="T", status="template")
    services.create_estimate(SYSTEM, title="T2", status="template")
    api.delete(f"/estimates/{template.pk}?confirm=true")

    entry = AuditEntry.objects.get(event="estimate.deleted")
    assert revert(api, entry).status_code == 200
    assert Estimate.objects.count() == 2


def test_a_draft_does_not_turn_into_a_template(api: Api) -> None:
    refused = api.patch(f"/estimates/{a_draft().pk}", {"status": "template"})

    assert refused.status_code == 400
    assert "estimates_items.copy" in refused.json()["errors"][0]["detail"]


def test_the_admin_lists_templates_by_themselves(page: Client) -> None:
    template = services.create_estimate(SYSTEM, title="As usual", status="template")
    shown = page.get("/admin/estimates/estimate/").content.decode()
    assert f"/{template.pk}/change/" not in shown
    assert "Templates" in shown

    shown = page.get("/admin/estimates/estimate/?status=template").content.decode()
    assert f"/{template.pk}/change/" in shown


def test_buttons_copy_and_make_templates_and_drafts_of_them(page: Client) -> None:
    def press(estimate: Estimate, name: str) -> Estimate:
        answer = page.post(f"/admin/estimates/estimate/{estimate.pk}/{name}/")
        made: Estimate = Estimate.objects.latest("pk")
        assert answer.headers["Location"] == f"/admin/estimates/estimate/{made.pk}/change/"
        return made

    first = a_sent_one(**SOLD, client_name="Cleo")
    copy = press(first, "copy")
    template = press(first, "make-template")
    shown = page.get(f"/admin/estimates/estimate/{template.pk}/change/").content.decode()
    draft = press(template, "use-template")

    assert [one.status for one in (copy, template, draft)] == ["draft", "template", "draft"]
    assert [one.client_name for one in (copy, template, draft)] == ["Cleo", "", ""]
    assert "use-template/" in shown
    assert "make-template/" not in shown
    assert "create-link/" not in shown
    entry = AuditEntry.objects.filter(event="estimate.created")[0]
    assert (entry.operation, entry.actor_label) == ("estimates_items.copy", "alice")
