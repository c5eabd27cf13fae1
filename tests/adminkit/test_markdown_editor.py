"""Markdown is written with a preview beside it, which is what readers will see and nothing more."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from notes import services
from notes.models import Note
from syteops.adminkit import texts
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.texts import LONGEST_CONTENT
from tests.admin_forms import untouched
from tests.fixtures import signed_in

PREVIEW = "/admin/notes/note/preview/"

pytestmark = pytest.mark.django_db


def preview(page: Client, text: str) -> str:
    answer = page.post(PREVIEW, {"text": text})
    assert answer.status_code == 200
    return answer.content.decode()


def a_note(content: str) -> tuple[Note, str]:
    note = services.create_note(SYSTEM, title="Note", content=content)
    return note, f"/admin/notes/note/{note.pk}/change/"


def test_the_preview_is_what_the_page_shows(page: Client) -> None:
    shown = preview(page, "## Goals\n\n- **one**")
    assert "<h2>Goals</h2>" in shown
    assert "<strong>one</strong>" in shown
    assert preview(page, " \n") == "Nothing written yet."


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))"],
)
def test_what_is_typed_is_never_more_than_text(page: Client, text: str) -> None:
    shown = preview(page, text)
    assert "<script>" not in shown
    assert "<img" not in shown
    assert 'href="javascript' not in shown


def test_a_text_that_cannot_be_saved_is_not_rendered(page: Client) -> None:
    assert "cannot be saved" in preview(page, "a" * (LONGEST_CONTENT + 1))


def test_nor_is_it_in_the_form_that_is_refused(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []
    monkeypatch.setattr(texts, "render", rendered.append)
    _, change = a_note("first")
    sent = untouched(page.get(change))
    assert rendered == ["first"]

    refused = page.post(change, {**sent, "content": "[" * (LONGEST_CONTENT + 1)})

    assert refused.status_code == 200
    assert "cannot be saved" in refused.content.decode()
    assert rendered == ["first"]


def test_a_preview_stores_nothing(page: Client) -> None:
    before = AuditEntry.objects.count()
    preview(page, "text")
    assert (Note.objects.count(), AuditEntry.objects.count()) == (0, before)


def test_a_preview_is_no_page(page: Client) -> None:
    assert page.get(PREVIEW).status_code == 405


@pytest.mark.parametrize(
    ("right", "status"), [("view_note", 403), ("add_note", 200), ("change_note", 200)]
)
def test_whoever_writes_notes_sees_it(bob: User, right: str, status: int) -> None:
    bob.user_permissions.set(Permission.objects.filter(codename=right))
    assert signed_in(bob).post(PREVIEW, {"text": "x"}).status_code == status


def test_it_takes_the_token_that_every_form_takes(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(PREVIEW, {"text": "x"}).status_code == 403


@pytest.mark.parametrize(
    "content", ["\n\nleading lines", "  leading blanks", "last\n", "a\n\n\n", "<b> & </textarea>"]
)
def test_saving_without_a_change_changes_nothing(page: Client, content: str) -> None:
    note, change = a_note(content)
    form = page.get(change)
    before = AuditEntry.objects.count()

    sent = {**untouched(form), "content": content.replace("\n", "\r\n")}
    assert page.post(change, sent).status_code == 302

    note.refresh_from_db()
    assert note.content == content
    assert AuditEntry.objects.count() == before


def test_a_browser_gets_the_text_as_it_is(page: Client) -> None:
    _, change = a_note("\n<first> line\n")
    shown = page.get(change).content.decode()
    area = shown[shown.index('<textarea name="content"') :].partition("</textarea>")[0]
    # A browser leaves out the first line break within a text area.
    assert area.partition(">")[2] == "\n\n&lt;first&gt; line\n"


def test_whoever_may_only_read_sees_it_as_readers_do(bob: User) -> None:
    bob.user_permissions.set(Permission.objects.filter(codename="view_note"))
    _, change = a_note("## Goals")
    shown = signed_in(bob).get(change).content.decode()
    assert "<h2>Goals</h2>" in shown
    assert "data-editor" not in shown
