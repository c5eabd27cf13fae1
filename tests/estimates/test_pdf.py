"""The PDF of an estimate: what is on it can be read out of it again, whatever somebody wrote."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pypdf import PdfReader

from estimates import pdf, services
from estimates.choices import EstimateStatus
from estimates.models import LONGEST_COMMENT, Estimate, LineItem
from estimates.pdf import PdfFailed, file_name, pdf_of
from estimates.queries import get_estimate
from syteops.core.actors import SYSTEM
from syteops.modules import services as modules
from tests.each import each
from tests.effort import at_most
from tests.estimates.test_life_of_an_estimate import an_estimate
from tests.samples.estimates import a_draft, a_sent_one

pytestmark = pytest.mark.django_db
MARKUP = '#include "/etc/passwd" #read("models.py") $x^2$ *bold* <a> @b \\ #panic()'


@transaction.atomic
def configure(**config: Any) -> None:
    modules.update_config(SYSTEM, modules.locked_state("estimates"), config=config)


def read(estimate: Any) -> Any:
    return PdfReader(io.BytesIO(pdf_of(get_estimate(str(estimate.pk)))))


def text_of(estimate: Any) -> str:
    """What is on all pages, on one line, without the places where lines may end."""
    pages = "\n".join(page.extract_text() for page in read(estimate).pages)
    return " ".join(pages.replace("\N{ZERO WIDTH SPACE}", "").split())


def test_it_says_all_that_the_page_says() -> None:
    configure(company_name="Lovelace Engines")
    estimate = a_sent_one(
        content="# Scope\n\nA *new* **site** with [a link](https://example.com/x).\n\n- one\n- two",
        client_name="Cleo Client", client_company="ACME", currency="EUR",
        line_items=[{"description": "Design", "quantity": "1234.5", "unit_price": "1.005",
                     "discount_percent": "10", "tax_percent": "20"}],
    )  # fmt: skip

    text = text_of(estimate)

    for shown in (
        "Lovelace Engines", "New website", estimate.number, "Valid until", "Cleo Client, ACME",
        "Scope", "A new site with a link.", "one", "two", "Design", "1,234.5", "1.005", "10 %",
        "20 %", "1,240.67", "−124.07", "223.32", "EUR 1,339.92", "Page 1 of 1",
    ):  # fmt: skip
        assert shown in text, shown
    [page] = read(estimate).pages
    [link] = page["/Annots"]
    assert link.get_object()["/A"]["/URI"] == "https://example.com/x"
    about = read(estimate).metadata
    assert (about.title, about.author) == ("New website", "Lovelace Engines")


@pytest.mark.parametrize(("paper", "size"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_the_paper_is_the_configured_one(paper: str, size: tuple[int, int]) -> None:
    configure(paper=paper)

    [page] = read(a_draft()).pages

    assert (round(page.mediabox.width), round(page.mediabox.height)) == size


def test_it_tells_which_language_it_is_in() -> None:
    configure(language="de-AT")

    assert read(a_draft()).trailer["/Root"]["/Lang"] == "de-AT"


def test_it_says_what_became_of_the_estimate() -> None:
    assert "Draft" in text_of(an_estimate("draft"))
    assert "Approved by Cleo on" in text_of(an_estimate("approved"))
    assert "A newer version replaces this estimate." in text_of(an_estimate("superseded"))
    assert "Draft" not in text_of(an_estimate("sent"))


def test_its_times_are_in_the_zone_of_the_site_as_those_of_the_page() -> None:
    at = {"sent_at": datetime(2026, 1, 1, 20, tzinfo=UTC)}
    at["answered_at"] = datetime(2026, 1, 2, 20, tzinfo=UTC)
    estimate = Estimate(status=EstimateStatus.APPROVED, answered_by="Ada", **at)
    with timezone.override("Asia/Tokyo"):
        assert dict(pdf._facts(estimate))["Date"] == "Jan. 2, 2026"
        assert pdf._note(estimate) == "Approved by Ada on Jan. 3, 2026, 5 a.m."


def test_arabic_is_there_letter_for_letter() -> None:
    estimate = a_draft(title="تصميم موقع", content="مرحبا بالعالم")

    fonts = {
        font.get_object()["/BaseFont"].rpartition("+")[2]
        for page in read(estimate).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert any(name.startswith("NotoNaskhArabic") for name in fonts), fonts
    assert {"مرحبا", "بالعالم", "تصميم"} <= set(text_of(estimate).split())


def test_what_looks_like_markup_is_text() -> None:
    estimate = a_draft(
        title=MARKUP, content=MARKUP, client_name=MARKUP,
        line_items=[{"description": MARKUP, "unit_price": "1"}],
    )  # fmt: skip

    text = text_of(estimate)

    assert text.count('#include "/etc/passwd" #read("models.py") $x^2$') == 4
    assert "root:" not in text


@pytest.mark.parametrize(
    "content",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1)) ![y](data:image/png;base64,AA==)",
        "[x](file:///etc/passwd) <ftp://example.com/>",
    ],
)
def test_no_link_leads_to_anything_but_pages_and_mail(content: str) -> None:
    [page] = read(a_draft(content=content)).pages

    assert "/Annots" not in page


def test_a_link_that_is_too_long_is_its_text() -> None:
    start = "https://example.com/"
    hrefs = [start + "a" * (length - len(start)) for length in (8_000, 8_001, 50_000)]

    [page] = read(a_draft(content="\n\n".join(f"[Look]({href})" for href in hrefs))).pages

    assert page.extract_text().count("Look") == 3
    [link] = page["/Annots"]
    assert link.get_object()["/A"]["/URI"] == hrefs[0]


def test_a_very_long_word_stays_on_the_page() -> None:
    word = "w" * 5_000
    estimate = a_draft(title="T" * 200, content=word, line_items=[
        {"description": "D" * 500, "quantity": "99999999.9999", "unit_price": "99999999999.9999",
         "tax_percent": "100"}])  # fmt: skip
    right_edges: list[float] = []

    def note(text: str, cm: Any, tm: Any, font: Any, size: Any) -> None:
        right_edges.append(cm[4] + tm[4])

    for page in read(estimate).pages:
        page.extract_text(visitor_text=note)

    assert text_of(estimate).count("w") == len(word)
    assert max(right_edges) < 595


def test_the_longest_content_and_a_thousand_lines_are_all_there() -> None:
    estimate = a_draft(content="word " * 19_990, line_items=[])
    lines = [
        LineItem(estimate=estimate, description=f"Line {number}", unit_price=1)
        for number in range(1, 1001)
    ]
    LineItem.objects.bulk_create(lines)

    reader = read(estimate)
    text = text_of(estimate)

    assert len(reader.pages) > 40
    assert f"Page {len(reader.pages)} of {len(reader.pages)}" in text
    assert "Line 1000" in text
    assert "1,000.00" in text


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(">" * 5_000, id="quotes"),
        pytest.param("*" * 20_000, id="stars"),
        pytest.param("[" * 20_000, id="brackets"),
        pytest.param("- " * 5_000 + "x", id="lists"),
        pytest.param("|a" * 2_000 + "\n" + "|-" * 2_000, id="columns"),
    ],
)
def test_content_that_nests_without_end_harms_nobody(content: str) -> None:
    assert pdf_of(a_draft(content=content)).startswith(b"%PDF-")


def test_too_much_is_refused_in_words_and_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = a_draft()
    estimate.content = "word " * 1_000_000
    monkeypatch.setattr(pdf, "to_tree", None)

    with pytest.raises(PdfFailed, match="too long"):
        pdf_of(estimate)


@each("unit", ("\u0301", "\U0001f469\u200d", "\u094d", "\u20e3"))
def test_a_letter_with_accents_without_end_is_refused_and_its_field_is_named(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = "a" + unit * 40_000
    monkeypatch.setattr(pdf, "_typeset", None)  # no work is done for it
    for name in pdf._WRITTEN:
        estimate = get_estimate(str(a_draft().pk))
        setattr(estimate, name, f"Before {stack} after")
        field: Any = estimate._meta.get_field(name)
        label = str(field.verbose_name).capitalize()
        with at_most(1), pytest.raises(PdfFailed, match=f"^{label} has a letter with more than"):
            pdf_of(estimate)
    lines = [{"description": f"x{unit * 200}", "quantity": "1", "unit_price": "1"}]
    with pytest.raises(PdfFailed, match=r"^The description of line 1 has a letter"):
        pdf_of(a_draft(line_items=lines))


def test_what_scripts_and_emoji_have_is_no_such_letter() -> None:
    family = "\N{ZERO WIDTH JOINER}".join("\U0001f468\U0001f469\U0001f467\U0001f466")
    zalgo = "Z" + "\u0301\u0323" * 15
    for text in (
        family * 2,
        zalgo,
        "\u0e01\u0e33" * 40,
        "\U0001f1e9\U0001f1ea" * 200,
        "\u0bb8\u0bcd\u0bb0\u0bc0",
    ):
        assert pdf_of(a_draft(content=f"{text} end")).startswith(b"%PDF-")


def test_one_megabyte_of_text_is_a_document() -> None:
    estimate = a_draft()
    estimate.content = "word " * 200_000 + "end."

    assert pdf_of(estimate).startswith(b"%PDF-")


def test_whatever_changes_is_on_the_next_one() -> None:
    estimate = a_draft()
    assert "New website" in text_of(estimate)
    lines = [{"description": "Hosting", "unit_price": "7"}]

    services.update_estimate(SYSTEM, get_estimate(str(estimate.pk)), title="Shop")
    assert "Shop" in text_of(estimate)
    services.update_estimate(SYSTEM, get_estimate(str(estimate.pk)), line_items=lines)
    assert "Hosting" in text_of(estimate)
    configure(company_name="Lovelace Engines")
    assert "Lovelace Engines" in text_of(estimate)
    services.send_estimate(SYSTEM, get_estimate(str(estimate.pk)))
    assert "Draft" not in text_of(estimate)
    services.revise_estimate(SYSTEM, get_estimate(str(estimate.pk)))
    assert "A newer version replaces this estimate." in text_of(estimate)


def test_the_longest_comment_fits() -> None:
    estimate = an_estimate("approved")
    estimate.answer_comment = "c" * LONGEST_COMMENT

    assert pdf_of(estimate).startswith(b"%PDF-")


def test_a_file_is_named_by_number_and_revision() -> None:
    estimate = a_draft()
    assert file_name(estimate) == f"{estimate.number}.pdf"
    estimate.revision = 2
    assert file_name(estimate) == f"{estimate.number}-2.pdf"
