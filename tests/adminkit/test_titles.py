"""A page of the admin says what one does there, below one short trail."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client

from estimates.models import Estimate
from syteops.automation.services import create_variable
from syteops.core.actors import SYSTEM
from syteops.crm.services import create_crm_system
from syteops.lib.text import with_article
from tests.manage_api.pages import crawl

pytestmark = pytest.mark.django_db
_TAGS = re.compile("<[^>]+>")


def heading(html: str) -> list[str]:
    """The sections above a page, and what is done there."""
    found = html.partition("<h1")[2].partition(">")[2].partition("</h1>")[0]
    parts = (_TAGS.sub("", one).strip() for one in found.split("chevron_right"))
    return [one for one in parts if one]


def test_titles_have_a_verb(page: Client) -> None:
    system = create_crm_system(SYSTEM, name="hubSpot")
    address = "/admin/crm/crmsystem/"
    for path, title in {
        f"{address}add/": "Add a CRM system",
        f"{address}{system.pk}/change/": "Change hubSpot",
        f"{address}{system.pk}/delete/": "Delete hubSpot?",
        f"{address}{system.pk}/history/": "History of hubSpot",
    }.items():
        html = page.get(path).content.decode()
        assert heading(html) == ["CRM systems", title]
        assert html.partition("<title>")[2].strip().startswith(title)
    assert heading(page.get(address).content.decode()) == ["CRM systems"]


def test_a_page_about_an_object_leads_back_to_it(page: Client) -> None:
    call_command("seed_demo", verbosity=0)
    estimate = Estimate.objects.latest("pk")
    address = f"/admin/estimates/estimate/{estimate.pk}"
    html = page.get(f"{address}/copy/").content.decode()
    assert heading(html) == ["Estimates", str(estimate), "Copy"]
    assert f'href="{address}/change/" class="so-above"' in html
    history = page.get("/admin/integrations/integrationstate/automation_push/history/")
    assert heading(history.content.decode()) == ["Integrations", "History of Automation push"]
    guide = page.get("/admin/guides/slack/").content.decode()
    assert heading(guide) == ["Guides", "Slack"]


def test_whoever_may_only_look_is_not_told_to_change(alice: User, page: Client) -> None:
    system = create_crm_system(SYSTEM, name="HubSpot")
    alice.is_superuser = False
    alice.save()
    alice.user_permissions.set(Permission.objects.filter(codename="view_crmsystem"))
    html = page.get(f"/admin/crm/crmsystem/{system.pk}/change/").content.decode()
    assert heading(html) == ["CRM systems", "HubSpot"]


def test_an_identifier_is_never_written_with_a_capital(page: Client) -> None:
    variable = create_variable(SYSTEM, key="booking_link", value="x")
    html = page.get(f"/admin/automation/variable/{variable.pk}/change/").content.decode()
    assert heading(html)[1] == f"Change {variable}"
    assert str(variable)[0].islower()


def test_no_trail_says_a_thing_twice_and_no_page_has_two_titles(
    page: Client, furnished: None
) -> None:
    seen = 0
    for path, response, _ in crawl(page, most=60):
        if "html" not in response.headers.get("Content-Type", ""):
            continue
        html = response.content.decode()
        if "<h1" in html:
            parts = [one.casefold() for one in heading(html)]
            assert parts, path
            assert len(parts) == len(set(parts)), (path, parts)
            assert (html.count("<h1"), html.count("<main")) == (1, 1), path
            seen += 1
    assert seen > 30


@pytest.fixture
def furnished() -> None:
    create_crm_system(SYSTEM, name="HubSpot")


def test_all_variables_is_a_section_of_its_own(page: Client) -> None:
    html = page.get("/admin/automation/variable/catalogue/").content.decode()
    assert heading(html) == ["All variables"]


@pytest.mark.parametrize(
    ("noun", "whole"),
    [("estimate", "an estimate"), ("user", "a user"), ("CRM system", "a CRM system"),
     ("AI provider", "an AI provider"), ("update", "an update"), ("note", "a note")],
)  # fmt: skip
def test_the_article_goes_by_the_sound(noun: str, whole: str) -> None:
    assert with_article(noun) == whole
