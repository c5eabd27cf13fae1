"""*Other Options* is a page of its own, and what it leads to leads back."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from manage_api.keys.services import create_restricted_key, set_api_enabled
from syteops.core.actors import SYSTEM
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/admin/other-options/"
KEYS = "/admin/keys/managekey/"


def test_each_option_has_its_card_and_its_page_leads_back(page: Client, site_key: str) -> None:
    html = page.get(PAGE).content.decode()
    for title in ("Manage API Key", "Restricted keys", "Licence", "Management connection",
                  "Public address", "Background tasks"):  # fmt: skip
        assert f">{title}</h2>" in html
    for button in ("Rotate key", "Revoke key", "Disable API"):
        assert button in html
    for path in (KEYS, f"{KEYS}create/", "/admin/site/license/1/change/",
                 "/admin/site/connection/1/change/", "/admin/tasks/backgroundtask/"):  # fmt: skip
        assert path.removesuffix("1/change/") in html
        heading = page.get(path).content.decode().partition("<h1")[2].partition("</h1>")[0]
        assert f'href="{PAGE}"' in heading


def test_without_a_key_it_offers_to_generate_one(page: Client) -> None:
    assert "Generate key" in page.get(PAGE).content.decode()


def test_the_public_address_is_told(page: Client, settings: Settings) -> None:
    settings.SITE_URL = "https://ops.example.com"
    assert "https://ops.example.com" in page.get(PAGE).content.decode()


def test_while_the_api_is_disabled_enabling_comes_first(page: Client, site_key: str) -> None:
    create_restricted_key(SYSTEM, name="Deploy bot", scopes=["crm:read"])
    before = page.get(KEYS).content.decode()
    assert "does not work now" not in before
    assert 'so-badge so-good">Active' in before
    set_api_enabled(SYSTEM, False)
    for path in (PAGE, KEYS):
        html = page.get(path).content.decode()
        first = html.partition("so-primary")[2].partition("</a>")[0]
        assert "Enable API" in first
    assert "does not work now" in html
    assert 'so-badge so-good">Active' not in html


def test_rotating_leaves_a_day_unless_one_chooses_otherwise(page: Client, site_key: str) -> None:
    html = page.get(KEYS).content.decode()
    chosen = html.partition('name="overlap"')[2].partition("selected")[2].partition("</option>")[0]
    assert "After 1 day" in chosen
    assert "none of them stops" in html


def test_everybody_sees_the_cards_of_what_they_may_open(bob: User) -> None:
    client = signed_in(bob)
    assert client.get(PAGE).status_code == 403
    bob.user_permissions.set(Permission.objects.filter(codename="view_license"))
    html = client.get(PAGE).content.decode()
    assert ">Licence</h2>" in html
    for title in ("Manage API Key", "Management connection", "Public address", "Background tasks"):
        assert f">{title}</h2>" not in html
