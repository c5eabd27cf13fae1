"""The guides in the admin: every page and every link of docs/, and what a search finds."""

import html
import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from syteops.guides.library import guides, search
from tests.docs.pages import PAGES, anchors
from tests.each import each
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db

SECTIONS = sorted({model._meta.app_label for model in admin.site._registry})


def shown(person: User, address: str) -> str:
    response = signed_in(person).get(address, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def address_of(page: str) -> str:
    name = page.rpartition("/")[2].removesuffix(".md").lower()
    return reverse("admin:guide", args=[name])


def main(page: str) -> str:
    """What stands in the article of a page."""
    return "<article" + page.partition("<article")[2].partition("</article>")[0]


def can_be_scrolled_by_keyboard(article: str) -> None:
    scrolling = re.findall(r"<table[^>]*>|<pre><code[^>]*>", article)
    assert [one for one in scrolling if 'tabindex="0"' not in one] == []
    assert len(scrolling) == article.count("<table") + article.count("<pre")


@pytest.fixture
def read(alice: User) -> Callable[[str], str]:
    """Shows a page, of which many links lead to the same one, once."""
    return cache(partial(shown, alice))


@each("page", sorted(PAGES))
def test_every_page_of_the_docs_is_there_and_leads_to_places_on_this_site(
    read: Callable[[str], str], page: str
) -> None:
    here = address_of(page)
    article = main(read(here))
    assert re.findall(r'<(?:h\d|article) id="([^"]*)"', article) == anchors(PAGES[page])
    assert "<h1" not in article  # it is above it, as on every page
    can_be_scrolled_by_keyboard(article)
    targets = re.findall(r'(?:href|src)="([^"]+)"', article)
    for target in map(html.unescape, targets):
        address, anchor = urldefrag(urljoin(here, target))
        if "://" in address:
            continue  # an example
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), target
        else:
            assert f'id="{anchor}"' in read(address) or not anchor, target


def test_the_contents_have_every_guide_and_what_it_is_about(alice: User) -> None:
    page = html.unescape(shown(alice, reverse("admin:guides")))
    assert len(guides()) == len(PAGES)
    for one in guides().values():
        assert one.summary
        assert f'href="{reverse("admin:guide", args=[one.name])}"' in page
        assert one.summary in page


@each("label", SECTIONS)
def test_every_section_of_the_admin_leads_to_its_guide(alice: User, label: str) -> None:
    model = next(one for one in admin.site._registry if one._meta.app_label == label)
    page = shown(alice, reverse(f"admin:{label}_{model._meta.model_name}_changelist"))
    link = re.search(rf'class="so-guide-link" href="{reverse("admin:guides")}(\w+)/"', page)
    assert link
    assert link[1] in guides()


@pytest.mark.parametrize(
    ("path", "guide"),
    [
        ("other-options/", "keys"),
        ("password_change/", "people"),
        ("second-factor/", "people"),
        ("crm/crmsystem/import/", "import"),
        ("crm/crmsystem/columns/", "lists"),
        ("integrations/integrationstate/slack/change/", "slack"),
        ("integrations/integrationstate/sentry/change/", "integrations"),
        ("modules/modulestate/estimates/change/", "estimates"),
    ],
)
def test_a_page_leads_to_the_nearest_guide(alice: User, path: str, guide: str) -> None:
    address = reverse("admin:guide", args=[guide])
    assert f'class="so-guide-link" href="{address}"' in shown(alice, f"/admin/{path}")


def test_the_start_page_leads_to_all_guides(alice: User) -> None:
    assert f'class="so-guide-link" href="{reverse("admin:guides")}"' in shown(alice, "/admin/")


def test_strangers_are_asked_to_sign_in(client: Client, charlie: User) -> None:
    for someone in (client, signed_in(charlie)):
        for address in (reverse("admin:guides"), reverse("admin:guide", args=["keys"])):
            response: Any = someone.get(address)
            assert response.status_code == 302
            assert "/login/" in response["Location"]


@pytest.mark.parametrize("name", ["nothing", "..", "settings.py", "%00"])
def test_there_is_nothing_but_the_guides(alice: User, name: str) -> None:
    assert signed_in(alice).get(f"/admin/guides/{name}/").status_code == 404


# --- Search ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "guide", "anchor"),
    [
        ("If-Match", "api", "no-lost-updates"),
        ("erasing person", "running", "erasing-a-person"),
        ("LOST UPDATES", "api", "no-lost-updates"),
        ("channel_is_archived", "slack", "when-nothing-arrives"),
    ],
)
def test_words_are_found_in_any_case_and_order(text: str, guide: str, anchor: str) -> None:
    assert (guide, anchor) in {(one.guide.name, one.section.anchor) for one in search(text)}


def test_a_title_comes_before_what_only_mentions_the_words() -> None:
    assert search("slow clients")[0].section.title == "Slow clients"


def test_what_is_found_says_where_and_in_which_words(alice: User) -> None:
    page = html.unescape(shown(alice, "/admin/guides/?q=channel_is_archived"))
    assert f'{reverse("admin:guide", args=["slack"])}#when-nothing-arrives"' in page
    assert "`channel_is_archived` (410)" not in page
    assert "channel_is_archived (410) · the channel is archived" in page


@pytest.mark.parametrize("text", ["xyzzy", "<script>alert(1)</script>", "\x00", "a" * 200])
def test_nothing_found_says_so_and_repeats_it_safely(alice: User, text: str) -> None:
    page = shown(alice, reverse("admin:guides", query={"q": text}))
    assert "<script>alert" not in page
    assert "Nothing found" in page or text == "\x00"


def test_what_is_too_long_to_be_looked_for_is_not(alice: User) -> None:
    page = shown(alice, reverse("admin:guides", query={"q": "api " * 50_000}))
    assert "found for" not in page
