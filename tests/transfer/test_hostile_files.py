"""Files of strangers: each is taken or refused, within bounds, and told what to do."""

import io
import time
import tracemalloc
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from syteops.core.errors import Invalid
from syteops.transfer import files
from tests.fixtures import signed_in
from tests.transfer.transferring import SHEETS, as_file, refusal, report, upload

pytestmark = pytest.mark.django_db
MEMBERS = SHEETS["team-members"]


def zipped(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return made.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


BOOK = as_file([["first_name"], ["Ada"]], "xlsx")
SHEET = "xl/worksheets/sheet1.xml"


def book(sheet: bytes) -> bytes:
    return zipped({**parts_of(BOOK), SHEET: sheet})


BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">
<c r="A1" t="inlineStr"><is><t>&c;</t></is></c></row></sheetData></worksheet>"""
FAR_AWAY = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>first_name</t>
</is></c></row><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>Ada</t></is></c></row>
</sheetData></worksheet>"""
CELLS = b"<worksheet><sheetData><row>" + b"<c/>" * 600_001 + b"</row></sheetData></worksheet>"
STYLES = b"<styleSheet><cellXfs>" + b"<xf/>" * 3001 + b"</cellXfs></styleSheet>"
HOSTILE: dict[str, tuple[str, bytes, str]] = {
    "no spreadsheet": ("a.pdf", b"%PDF-1.7", "CSV or XLSX"),
    "nothing in it": ("a.csv", b" ", "first row is empty"),
    "only a header": ("a.csv", b"first_name\n", "no rows"),
    "not UTF-8": ("a.csv", "first_name\nMüller".encode("latin-1"), "CSV UTF-8"),
    "NUL": ("a.csv", b"slug,name\na\0b,A", "Line 2 has a NUL"),
    "NUL in a header": ("a.csv", b"slug\0,name\nab,A", "Line 1 has a NUL"),
    "no CSV": ("a.csv", b'first_name\n"Ada"x\n', "Line 2"),
    "too many rows": ("a.csv", b"first_name\n" + b"a\n" * 2001, "2,000 rows"),
    "too many columns": ("a.csv", b"," * 300 + b"a\nb", "200 columns"),
    "a row too wide": ("a.csv", b"a\nb" + b",ab" * 300, "Line 2 has more than 200 columns"),
    "too many empty lines": ("a.csv", b"a\n" + b"\n" * 11_000 + b"b", "below line 10,000"),
    "zip that is no workbook": ("a.xlsx", zipped({"a.xml": b"<a/>"}), "no XLSX"),
    "broken zip": ("a.xlsx", BOOK[:-30], "no XLSX"),
    "zip bomb": ("a.xlsx", book(b" " * (33 * 1024 * 1024)), "unpacks"),
    "zip bomb of another name": (
        "a.xlsx",
        zipped({**parts_of(BOOK), "xl/a.png": b" " * (33 * 1024 * 1024)}),
        "unpacks",
    ),
    "more cells than a sheet has": ("a.xlsx", book(CELLS), "unpacks"),
    "more styles than a workbook has": (
        "a.xlsx",
        zipped({**parts_of(BOOK), "xl/styles.xml": STYLES}),
        "unpacks",
    ),
    "many parts": ("a.xlsx", zipped({f"{n}.xml": b"" for n in range(1001)}), "unpacks"),
    "entities in entities": ("a.xlsx", book(BILLION_LAUGHS), "no XLSX"),
    "formula that nobody has computed": (
        "a.xlsx",
        as_file([["user_num", "first_name"], ["001", "=1+1"]], "xlsx"),
        "no value yet",
    ),
    "no XML": ("a.xlsx", book(b"<worksheet"), "no XLSX"),
}


@pytest.fixture
def browser(alice: User) -> Client:
    return signed_in(alice)


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_taken_is_refused_and_says_why(browser: Client, name: str) -> None:
    file_name, data, why = HOSTILE[name]

    assert why in refusal(upload(browser, MEMBERS, data, file_name))


def test_the_size_is_looked_at_before_the_file_is() -> None:
    class Untouchable(io.BytesIO):
        def read(self, *args: Any) -> bytes:
            raise AssertionError

    with pytest.raises(Invalid) as refused:
        files.read(Untouchable(), "a.xlsx", files.MOST_BYTES + 1)

    assert "larger" in refused.value.errors[0].detail


def test_a_bomb_that_lies_about_its_size_gives_no_more_than_it_says(browser: Client) -> None:
    honest = book(b" " * (33 * 1024 * 1024))
    size = (33 * 1024 * 1024).to_bytes(4, "little")
    lying = honest.replace(size, (1000).to_bytes(4, "little"))
    assert lying != honest

    assert "no XLSX" in refusal(upload(browser, MEMBERS, lying, "a.xlsx"))


def test_a_cell_far_away_costs_no_more_than_a_full_sheet(browser: Client) -> None:
    began = time.monotonic()

    answer = upload(browser, MEMBERS, book(FAR_AWAY), "a.xlsx")

    assert "below line 10,000" in refusal(answer), "nothing is left out silently"
    assert time.monotonic() - began < 10


def test_many_short_lines_are_not_all_held_in_memory() -> None:
    data = b"first_name\n" + b"a\n" * 2_000_000

    tracemalloc.start()
    with pytest.raises(Invalid):
        files.read(io.BytesIO(data), "a.csv", len(data))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 10 * len(data)  # the text itself, as often as Python copies it


@pytest.mark.parametrize("prefix", SHEETS)
@pytest.mark.parametrize(
    "name", ["x" * 5000, "\u0661", "9" * 20, "-1", "é\u202e", "' OR 1=1", "%00", "None"]
)
def test_a_name_that_no_object_has_is_told_of_its_row(
    browser: Client, prefix: str, name: str
) -> None:
    """Whatever kind of column names the objects of that entity."""
    sheet = SHEETS[prefix]

    found = report(upload(browser, sheet, as_file([[sheet.lookup], [name]])))

    assert found.problem_count or found.new, "it is no object that was there"
    assert (found.changed, found.deleted) == (0, 0)


@pytest.mark.parametrize("parted_by", [",", ";", "\t"])
def test_each_way_to_part_cells_is_known_by_the_header(browser: Client, parted_by: str) -> None:
    text = parted_by.join(("first_name", "notes")) + "\r\n" + parted_by.join(("Ada", '"a,b;c"'))

    found = report(upload(browser, MEMBERS, b"\xef\xbb\xbf" + text.encode()))

    assert (found.new, found.problems) == (1, [])


def test_longer_texts_than_xlsx_holds_are_not_cut_off(browser: Client) -> None:
    with pytest.raises(Invalid):
        files.as_xlsx(["a"], [["x" * 32_768]])
    with pytest.raises(Invalid):
        files.as_xlsx(["a"], [["\x0b"]])
