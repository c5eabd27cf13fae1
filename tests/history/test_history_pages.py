"""Histories of any length: in pages, all of it within reach, at the same price on each page."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from manage_api.keys import services as keys
from notes import services as notes
from syteops.adminkit import stale_forms
from syteops.adminkit.history import PER_PAGE
from syteops.audit.models import AuditEntry
from syteops.audit.services import record, record_about
from syteops.core import reading
from syteops.core.actors import SYSTEM
from syteops.core.events import Noun, Verb
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.history.templatetags import audit_words
from syteops.history.templatetags.audit_words import MOST_LINES
from syteops.integrations.models import IntegrationState
from syteops.modules.models import ModuleState
from syteops.people.services import about
from tests.effort import at_most
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db

MORE_THAN_FOUR_PAGES = 4 * PER_PAGE + 3


def of_a_system(count: int) -> str:
    system = crm.create_crm_system(SYSTEM, name="HubSpot")
    AuditEntry.objects.filter(object_resource="crm").delete()
    for number in range(count):
        record(SYSTEM, system, Verb.UPDATED, {"name": (number, number + 1)})
    return f"/admin/crm/crmsystem/{system.pk}/history/"


def of_a_module(count: int) -> str:
    for number in range(count):
        record(SYSTEM, ModuleState(slug="notes"), Verb.CONFIGURED, {"name": (number, number + 1)})
    return "/admin/modules/modulestate/notes/history/"


def of_an_integration_and_its_parts(count: int) -> str:
    state = IntegrationState(slug="webhooks")
    for number in range(count):
        changes = {"name": (number, number + 1)}
        record(SYSTEM, state, Verb.CONFIGURED, changes, object_id=f"webhooks{'/x' * (number % 2)}")
    return "/admin/integrations/integrationstate/webhooks/history/"


def of_a_person(count: int) -> str:
    person = User.objects.create_user("erin")
    for number in range(count):
        record_about(
            SYSTEM, Noun.PERSON, Verb.UPDATED, about(person), {"name": (number, number + 1)}
        )
    return f"/admin/auth/user/{person.pk}/history/"


def of_a_group(count: int) -> str:
    group = Group.objects.create(name="Editors")
    subject = ("groups", str(group.pk), group.name)
    for number in range(count):
        record_about(SYSTEM, Noun.GROUP, Verb.UPDATED, subject, {"name": (number, number + 1)})
    return f"/admin/auth/group/{group.pk}/history/"


def of_a_key(count: int) -> str:
    key = keys.create_restricted_key(SYSTEM, name="Tool", scopes=["crm:read"]).key
    AuditEntry.objects.filter(object_resource="keys").delete()
    for number in range(count):
        record(SYSTEM, key, Verb.PAUSED, {"name": (number, number + 1)})
    return f"/admin/keys/managekey/{key.public_id}/"


HISTORIES = [
    of_a_system,
    of_a_module,
    of_an_integration_and_its_parts,
    of_a_person,
    of_a_group,
    of_a_key,
]
each_history = pytest.mark.parametrize("made", HISTORIES, ids=lambda made: made.__name__)


def shown(page: Client, address: str) -> tuple[list[int], str]:
    """Which changes a page shows, by the value after it, and its text."""
    response: Any = page.get(address)
    assert response.status_code == 200, address
    text = " ".join(html.unescape(response.content.decode()).split())
    return [one.changes["name"]["after"] for one in response.context["entries"]], text


def link(text: str, rel: str) -> str | None:
    found = re.search(rf'<a [^>]*rel="{rel}"[^>]*href="([^"]+)"', text)
    return found and found[1].partition("#")[0]


@each_history
def test_the_oldest_change_is_reached_by_its_links(
    page: Client, made: Callable[[int], str]
) -> None:
    address = made(MORE_THAN_FOUR_PAGES)

    seen, text = shown(page, address)
    while query := link(text, "next"):
        values, text = shown(page, address + query)
        seen += values

    assert seen == list(range(MORE_THAN_FOUR_PAGES, 0, -1))
    assert link(text, "prev") == "?page=4"


@each_history
def test_a_page_takes_the_same_queries_whichever_it_is(
    page: Client, made: Callable[[int], str]
) -> None:
    address = made(MORE_THAN_FOUR_PAGES)
    page.get(address)

    counts = []
    for number in (1, 2, 4):
        with CaptureQueriesContext(connection) as queries:
            page.get(f"{address}?page={number}")
        counts.append(len(queries))

    assert len(set(counts)) == 1


def test_it_says_where_one_is(page: Client) -> None:
    address = of_a_system(MORE_THAN_FOUR_PAGES)

    first, last = shown(page, address)[1], shown(page, f"{address}?page=5")[1]

    assert '<nav class="so-pages" aria-label="Pages of the history">' in first
    assert "1 to 50 of 203, the newest first" in first
    assert "201 to 203 of 203, the newest first" in last
    assert link(first, "prev") is None
    assert link(last, "next") is None


def test_a_history_that_fits_on_a_page_has_no_links(page: Client) -> None:
    assert "so-pages" not in shown(page, of_a_system(PER_PAGE))[1]


def test_an_object_without_history_says_so(page: Client) -> None:
    assert "Nothing has happened yet." in shown(page, of_a_system(0))[1]


@pytest.mark.parametrize(
    ("asked", "first"),
    [("0", 3), ("-1", 3), ("99", 3), ("x", 53), ("", 53), ("%00", 53), ("9" * 30, 3), ("2", 3)],
)
def test_a_page_that_is_not_there_is_the_nearest(page: Client, asked: str, first: int) -> None:
    address = of_a_system(PER_PAGE + 3)

    assert shown(page, f"{address}?page={asked}")[0][0] == first


def test_the_change_on_top_is_open_on_the_first_page_only(page: Client) -> None:
    address = of_a_system(PER_PAGE + 3)

    assert shown(page, address)[1].count("<details open>") == 1
    assert shown(page, f"{address}?page=2")[1].count("<details open>") == 0


# --- From there to the trail of the site -----------------------------------------------------


def trail_link(text: str) -> str | None:
    found = re.search(r'href="([^"]+)">Search the trail</a>', text)
    return found and found[1]


@pytest.mark.parametrize("made", HISTORIES[:5], ids=lambda made: made.__name__)
def test_a_history_leads_to_the_trail_of_the_site_with_that_object_only(
    page: Client, made: Callable[[int], str]
) -> None:
    address = made(2)
    crm.create_crm_system(SYSTEM, name="Another")

    there = trail_link(shown(page, address)[1])

    assert there
    response: Any = page.get(there)
    found = {(one.object_resource, one.object_id) for one in response.context["cl"].result_list}
    assert len(found) == 1
    assert response.context["cl"].result_count >= 1


def test_who_may_not_read_the_whole_trail_is_not_led_there(bob: User) -> None:
    client = signed_in(bob)
    address = of_a_system(2)

    assert trail_link(shown(client, address)[1]) is None
    assert CrmSystem.objects.exists()


def test_a_long_text_is_shown_by_what_changed_in_it(page: Client) -> None:
    lines = [f"Line {n} of the minutes <b>" for n in range(30)]
    note = notes.create_note(SYSTEM, title="Minutes", content="\n".join(lines))
    lines[15] = "Line 15 of the protocol <b>"
    notes.update_note(SYSTEM, note, content="\n".join(lines))

    shown = page.get(f"/admin/notes/note/{note.pk}/history/").content.decode()

    assert "<del>minutes </del>" in shown
    assert "<ins>protocol </ins>" in shown
    assert shown.count("Line 14 of the minutes &lt;b&gt;") == 2  # beside the change, and made
    assert shown.count("Line 9 of the minutes") == 1  # only where the note was made


def hostile(between: str) -> str:
    """Fifty lines of a thousand words of one letter: each second one is `between`."""
    line = " ".join(f"{between} {chr(0x100 + n % 50)}" for n in range(500))
    return "\n".join([line] * 50)


def test_a_page_of_long_texts_is_compared_in_bounded_time(page: Client) -> None:
    texts = [hostile("x"), hostile("y")]
    note = notes.create_note(SYSTEM, title="Minutes", content="at first")
    for n in range(PER_PAGE):
        notes.update_note(SYSTEM, note, content=texts[n % 2])

    with at_most(10):
        found = page.get(f"/admin/notes/note/{note.pk}/history/").content.decode()

    assert 'class="so-removed"' in found
    left = re.search(r'<a class="so-link" href="([^"]+)">Changed</a>', found)
    assert left
    assert 'class="so-removed"' in page.get(left[1]).content.decode()


def test_of_very_many_changed_lines_a_page_shows_the_first(page: Client) -> None:
    note = notes.create_note(SYSTEM, title="Long", excerpt="Short", content="a\n" * 5_000)
    notes.update_note(SYSTEM, note, content="b\n" * 5_000)
    entry = AuditEntry.objects.latest("pk")
    shown = page.get(f"/admin/audit/auditentry/{entry.pk}/change/").content.decode()
    difference = shown[: shown.index("8,001 more lines")].rpartition('class="so-diff"')[2]
    assert difference.count("<p class=") == MOST_LINES + 1


@pytest.mark.parametrize("between", ["", "x"])
def test_a_page_of_many_entries_is_no_longer_than_somebody_reads(
    page: Client, between: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 40 changes of a megabyte each it had 21 MB; so had one of what came and went again."""
    monkeypatch.setattr(audit_words, "MOST_TOGETHER", 10_000)
    note = notes.create_note(SYSTEM, title="Minutes")
    for n in range(10):
        notes.update_note(SYSTEM, note, content=("abcde"[n // 2] if n % 2 else between) * 2_000)
    entry = AuditEntry.objects.latest("pk")

    found = page.get(f"/admin/notes/note/{note.pk}/history/").content.decode()

    assert 0 < sum(found.count(one * 2_000) for one in "abcde") < 6
    assert found.count(">Changed</a>") > 2
    assert "e" * 2_000 in page.get(f"/admin/audit/auditentry/{entry.pk}/change/").content.decode()


def test_a_page_reads_no_more_long_changes_than_it_can_show(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 of two megabytes each took 300 MB; a form that had seen nothing read all there are."""
    note = notes.create_note(SYSTEM, title="Minutes")
    for letter in "abcdef":
        notes.update_note(SYSTEM, note, content=letter * 1_000)
    address = f"/admin/notes/note/{note.pk}"
    monkeypatch.setattr(reading, "MOST_READ", 8_000)
    monkeypatch.setattr(stale_forms, "MOST_SHOWN", 5)

    for answer, left_out, times in (
        (page.get(f"{address}/history/"), "are not shown here", 4),
        (page.post(f"{address}/change/", {"_seen": "1"}), "look into the history", 2),
    ):
        shown = answer.content.decode()
        assert "f" * 1_000 in shown
        assert "b" * 1_000 not in shown
        assert shown.count(left_out) == times


def test_the_list_of_the_trail_reads_no_changes(page: Client) -> None:
    notes.create_note(SYSTEM, title="Minutes")
    with CaptureQueriesContext(connection) as asked:
        page.get("/admin/audit/auditentry/")
    assert not [one["sql"] for one in asked if 'entry"."changes"' in one["sql"]]
