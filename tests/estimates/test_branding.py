"""The client's page is the company's: name, logo, colour, language; and it counts who came."""

import base64
import hashlib
import io
import re
from threading import Event
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from PIL import Image

from estimates import queries, services, visits
from estimates.branding import DARK, LIGHT, brand
from estimates.models import Estimate
from estimates.pages import AnswerForm
from syteops.audit.models import AuditEntry
from syteops.core import background
from syteops.core.actors import SYSTEM
from syteops.lib.colours import LEAST_CONTRAST, Colour, contrast
from tests.estimates.test_client_page import form, link
from tests.estimates.test_life_of_an_estimate import an_estimate
from tests.estimates.test_pdf import configure, read, text_of
from tests.fixtures import Api
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = pytest.mark.django_db


def as_shown(answer: Any) -> dict[str, Any]:
    """What a browser sends of a config's form that nobody touched."""
    fields = [one for one in answer.context["form"] if one.value() not in (None, False)]
    return {one.html_name: one.value() for one in fields if one.name != "config_logo"}


def picture(size: tuple[int, int] = (40, 20), kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


def address(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def shown(client: Client, estimate: Estimate) -> Any:
    page = client.get(link(estimate))
    return page, page.content.decode()


# --- How it looks ----------------------------------------------------------------------------


def test_logo_and_colour_are_on_the_page_within_the_policy(client: Client) -> None:
    logo = address(picture())
    configure(company_name="Lovelace Engines", logo=logo, accent_color="#ffee00")

    page, text = shown(client, a_sent_one())

    assert f'<img src="{logo}" alt="Lovelace Engines">' in text
    policy = page.headers["Content-Security-Policy"]
    assert "img-src data:;" in policy
    assert "unsafe" not in policy
    [style] = re.findall("<style>(.*?)</style>", text)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}';" in policy


@pytest.mark.parametrize(
    "accent", ["#ffffff", "#000000", "#ffee00", "#808080", "#0b57a4", "#FF0000"]
)
def test_every_colour_can_be_read_in_light_and_dark(accent: str) -> None:
    configure(accent_color=accent)

    light, dark = re.findall("--accent:(#[0-9a-f]{6})", brand().style)

    assert all(contrast(Colour.of(light), ground) >= LEAST_CONTRAST for ground in LIGHT)
    assert all(contrast(Colour.of(dark), ground) >= LEAST_CONTRAST for ground in DARK)


@pytest.mark.parametrize(
    "logo",
    [
        "https://spy.example/x.png",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:image/png;base64,AAAA",
        address(b"<svg/>"),
        address(b"GIF89a"),
        address(picture()) + '" onload="alert(1)',
        address(picture(kind="PNG") + b"x" * 60_000),
        # Pillow reads them, and no PDF could be made with them.
        address(picture(kind="PNG")[:-12]),
        address(picture(kind="PNG")[:-16] + bytes(4) + picture(kind="PNG")[-12:]),
    ],
)
def test_nothing_but_a_picture_is_a_logo(api: Api, logo: str) -> None:
    refused = api.patch("/modules/estimates/config", {"config": {"logo": logo}})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/config/logo"


@pytest.mark.parametrize("accent", ["red", "#fff", "#0b57a4}body{display:none", "#0b57a4;"])
def test_nothing_but_a_colour_is_one(api: Api, accent: str) -> None:
    assert (
        api.patch("/modules/estimates/config", {"config": {"accent_color": accent}}).status_code
        == 400
    )


def test_the_admin_uploads_a_logo_and_removes_it(page: Client) -> None:
    url = "/admin/modules/modulestate/estimates/change/"
    upload = SimpleUploadedFile("logo.webp", picture((3000, 1500), "WEBP"), "image/webp")
    page.post(url, {**as_shown(page.get(url)), "config_logo": upload})

    stored = brand().logo
    assert stored.startswith("data:image/jpeg;base64,")
    assert stored in page.get(url).content.decode()
    page.post(url, as_shown(page.get(url)))
    assert brand().logo == stored, "a form that was not touched changes nothing"

    page.post(url, {**as_shown(page.get(url)), "config_logo-clear": "on"})
    assert brand().logo == ""


def test_a_file_that_is_no_picture_is_refused_beside_its_field(page: Client) -> None:
    url = "/admin/modules/modulestate/estimates/change/"
    upload = SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>", "image/png")

    answer = page.post(url, {**as_shown(page.get(url)), "config_logo": upload})

    assert "Choose a JPEG, PNG, WebP or GIF picture." in answer.content.decode()
    assert brand().logo == ""


def test_after_an_error_the_picture_that_is_stored_is_shown_again(page: Client) -> None:
    url = "/admin/modules/modulestate/estimates/change/"
    logo = address(picture())
    configure(logo=logo)
    for content in (b"no picture", picture()):
        upload = SimpleUploadedFile("logo.png", content, "image/png")
        wrong = {**as_shown(page.get(url)), "config_logo": upload, "config_accent_color": "red"}
        shown = page.post(url, wrong).content.decode()
        assert re.findall('<img class="so-picture" src="([^"]*)"', shown) == [logo]
    assert brand().logo == logo


def test_the_pdf_has_logo_and_colour() -> None:
    configure(logo=address(picture()), accent_color="#00aa00")

    [sheet] = read(a_draft()).pages

    assert len(sheet.images) == 1


# --- In which language -----------------------------------------------------------------------


def test_texts_say_their_language_and_run_their_own_way(client: Client) -> None:
    configure(language="de")
    _, text = shown(client, a_sent_one(content="Umfang"))
    assert '<h1 lang="de" dir="auto">' in text
    assert 'lang="de" dir="auto"><p>Umfang' in text
    assert "<body>" in text

    _, text = shown(client, a_sent_one(language="ar-EG", content="مرحبا"))
    assert '<h1 lang="ar-EG" dir="auto">' in text
    assert '<body dir="rtl">' in text


def test_a_revision_keeps_the_language() -> None:
    estimate = a_sent_one(language="ar")

    assert services.revise_estimate(SYSTEM, estimate).language == "ar"
    assert read(estimate).trailer["/Root"]["/Lang"] == "ar"


def test_what_is_no_language_is_refused(api: Api) -> None:
    refused = api.post("/estimates", {"title": "x", "language": "Deutsch!"})

    assert refused.json()["errors"][0]["pointer"] == "#/language"


# --- The PDF ---------------------------------------------------------------------------------


def test_whoever_has_the_link_gets_the_pdf(client: Client) -> None:
    estimate = a_sent_one()

    answer = client.get(f"{link(estimate)}/pdf")

    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{estimate.number}.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert f'href="{link(estimate)}/pdf"' in shown(client, estimate)[1]
    assert client.get(f"/e/{'A' * 43}/pdf").status_code == 404
    assert client.post(f"{link(estimate)}/pdf").status_code == 405


def test_a_pdf_that_cannot_be_made_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimates.pdf.LARGEST_INPUT", 1)

    answer = client.get(f"{link(a_sent_one(title='Too large today'))}/pdf")

    assert answer.status_code == 503
    assert "too long for a PDF" in answer.content.decode()


def test_the_answer_is_on_the_pdf_as_well(client: Client) -> None:
    estimate = an_estimate("approved")

    assert "Approved by Cleo on" in text_of(estimate)


# --- Who came --------------------------------------------------------------------------------


def test_views_are_counted_and_the_first_is_told(client: Client, api: Api, page: Client) -> None:
    estimate = a_sent_one()
    assert api.get(f"/estimates/{estimate.pk}").json()["views"] is None

    for _ in range(3):
        client.get(link(estimate), REMOTE_ADDR="203.0.113.9")

    views = api.get(f"/estimates/{estimate.pk}").json()["views"]
    assert views["count"] == 3
    assert views["first_at"] < views["last_at"]
    entry = AuditEntry.objects.get(event="estimate.viewed")
    assert (entry.actor_kind, entry.door, entry.address) == ("client", "public", "203.0.113.9")
    shown = page.get(f"/admin/estimates/estimate/{estimate.pk}/change/").content.decode()
    assert "3 times, first on" in shown


def test_a_server_gathers_views_and_leaves_no_job_for_each(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    often, never = a_sent_one(), a_sent_one()
    left: list[Any] = []
    monkeypatch.setattr(visits, "is_running", lambda: True)
    monkeypatch.setattr(background, "_is_started", Event())
    background._is_started.set()
    monkeypatch.setattr(background, "_jobs", SimpleNamespace(put_nowait=left.append))

    for _ in range(3):
        client.get(link(often), REMOTE_ADDR="203.0.113.9")
        client.get(link(often), REMOTE_ADDR="203.0.113.10")

    assert left == []
    assert Estimate.objects.get(pk=often.pk).view_count == 0
    visits.flush()
    visits.flush()
    assert Estimate.objects.get(pk=often.pk).view_count == 6
    assert Estimate.objects.get(pk=never.pk).view_count == 0
    assert AuditEntry.objects.get(event="estimate.viewed").address == "203.0.113.9"
    assert visits.flush in [one.job for one in background._periodic]


def test_views_that_cannot_be_written_count_the_next_time(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = a_sent_one()
    monkeypatch.setattr(visits, "is_running", lambda: True)
    client.get(link(estimate))

    lost = patch.object(services, "note_views", side_effect=DatabaseError)
    with lost, pytest.raises(DatabaseError):
        visits.flush()
    client.get(link(estimate))
    visits.flush()

    seen = Estimate.objects.get()
    assert seen.view_count == 2
    assert seen.first_viewed_at < seen.last_viewed_at


def test_previews_answers_and_strangers_are_no_views(client: Client) -> None:
    estimate = a_sent_one()
    sent = {"seal": AnswerForm(estimate).initial["seal"], "name": "", "answer": "approved"}

    client.head(link(estimate))
    client.get(link(estimate), headers={"Sec-Purpose": "prefetch;prerender"})
    client.post(link(estimate), sent)
    client.get(f"{link(estimate)}/pdf")
    client.get(f"/e/{'A' * 43}")

    assert Estimate.objects.get().view_count == 0


def test_what_was_viewed_is_told_to_who_asks_what_changed(client: Client) -> None:
    estimate, other = a_sent_one(), a_sent_one()
    client.get(link(estimate))
    since = timezone.now()
    client.get(link(estimate))

    found = Estimate.objects.filter(queries.changed_with(since))

    assert list(found) == [estimate]
    assert other not in found


def test_a_name_that_nobody_sees_is_none(client: Client) -> None:
    estimate = a_sent_one()
    sent = form(client.get(link(estimate)), name="\u200b\u3164")

    assert client.post(link(estimate), sent).status_code == 400
    assert queries.get_estimate(str(estimate.pk)).status == "sent"
