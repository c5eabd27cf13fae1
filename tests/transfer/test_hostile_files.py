"""Files of strangers: each is taken or refused, within bounds, and told what to do."""

import io
import re
import tracemalloc
import zipfile
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client

from syteops.core.errors import Invalid
from syteops.transfer import files, workbooks
from syteops.transfer.importing import _header_problems
from tests.each import each
from tests.effort import at_most, takes_over
from tests.transfer.transferring import SHEETS, as_file, refusal, report, upload

pytestmark = pytest.mark.django_db
MEMBERS = SHEETS["team-members"]


def zipped(parts: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return made.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


BOOK = as_file([["first_name"], ["Ada"]], "xlsx")
SHEET, WORKBOOK, STYLED = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"


def book(sheet: bytes) -> bytes:
    return zipped({**parts_of(BOOK), SHEET: sheet})


BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">
<c r="A1" t="inlineStr"><is><t>&c;</t></is></c></row></sheetData></worksheet>"""
ATTRIBUTES_OF_EACH = b"<!DOCTYPE worksheet [<!ATTLIST c %s>]>" % b" ".join(
    b'a%d CDATA ""' % n for n in range(1000)
)
LONG_NAMESPACE = b'<worksheet xmlns="%s" xmlns:p="%s">' % (b"u" * 9_999, b"p" * 9_999)
CELLS = b'<sheetData><row><c t="str"><v>a</v></c>' + b"<c/>" * 500
LONG_NUMBERS = b'<sheetData><row><c t="str"><v>a</v></c><c><v>' + b"1" * 401 + b"</v></c></row>"
FAR_AWAY = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>first_name</t>
</is></c></row><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>Ada</t></is></c></row>
</sheetData></worksheet>"""
RELATED = "xl/_rels/workbook.xml.rels"
WITH_TEXTS = parts_of(BOOK)[RELATED].replace(
    b"</Relationships>",
    b'<Relationship Id="t" Type="a/sharedStrings" Target="t.xml"/></Relationships>',
)
FEW = 6_000
"""Texts: to read as many as a sheet may have takes seconds of a processor."""
TEXTS = b"<sst>" + b"<si/>" * (FEW + 1) + b"</sst>"
OF_TEXTS = b'<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>'
NAMES = b"<workbook><definedNames>" + b"<definedName/>" * 20_001 + b"</definedNames></workbook>"
ATTRIBUTES = b"".join(b'a%d="" ' % n for n in range(17_400))
FORMATS = b"".join(b'<numFmt numFmtId="%d" formatCode="["/>' % n for n in range(1001))
DAYS = b'<worksheet><sheetData><row><c s="0"><v>1</v></c></row></sheetData></worksheet>'


def with_long_directory() -> bytes:
    """A file whose directory has more beside the names than it would ever need."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for number in range(4):
            part = zipfile.ZipInfo(f"{number}.xml")
            part.extra = b"\x99\x99\0\0" * 15_000
            packed.writestr(part, b"")
    return made.getvalue()


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
    "more texts than a sheet has": (
        "a.xlsx",
        zipped({**parts_of(BOOK), SHEET: OF_TEXTS, RELATED: WITH_TEXTS, "xl/t.xml": TEXTS}),
        "unpacks",
    ),
    "more names than a workbook has": (
        "a.xlsx",
        zipped({**parts_of(BOOK), WORKBOOK: NAMES}),
        "unpacks",
    ),
    "more in one tag than anybody writes": (
        "a.xlsx",
        book(b"<worksheet><cols>" + b" " * 450_000 + b"<cols/></cols></worksheet>"),
        "unpacks",
    ),
    "more attributes than a sheet has": (
        "a.xlsx",
        book(b"<worksheet>" + (b"<cols " + ATTRIBUTES + b"/>") * 23 + b"</worksheet>"),
        "unpacks",
    ),
    "a row that does not end": (
        "a.xlsx",
        book(b"<worksheet><sheetData><row>" + b"<c/>" * 110_000),
        "unpacks",
    ),
    "rows in no order": (
        "a.xlsx",
        book(b'<worksheet><sheetData><row><c t="str"><v>a</v></c></row><row r="3"/><row r="2"/>'),
        "no XLSX",
    ),
    "packed so that it takes any memory to unpack": (
        "a.xlsx",
        zipped(parts_of(BOOK), zipfile.ZIP_LZMA),
        "no XLSX",
    ),
    "many parts": ("a.xlsx", zipped({f"{n}.xml": b"" for n in range(1001)}), "unpacks"),
    "attributes that each cell has by declaration": (
        "a.xlsx",
        book(ATTRIBUTES_OF_EACH + b"<worksheet>" + CELLS + b"</row></sheetData></worksheet>"),
        "no XLSX",
    ),
    "a namespace that is written out for each cell": (
        "a.xlsx",
        book(LONG_NAMESPACE + CELLS + b"</row></sheetData></worksheet>"),
        "unpacks",
    ),
    "a number of any length": (
        "a.xlsx",
        book(b"<worksheet>" + LONG_NUMBERS + b"</sheetData></worksheet>"),
        "no XLSX",
    ),
    "more formats of numbers than a workbook has": (
        "a.xlsx",
        zipped(
            {
                **parts_of(BOOK),
                STYLED: b"<styleSheet><numFmts>" + FORMATS + b"</numFmts></styleSheet>",
                SHEET: DAYS,
            }
        ),
        "unpacks",
    ),
    "a directory that takes long to read": ("a.xlsx", with_long_directory(), "unpacks"),
    "entities in entities": ("a.xlsx", book(BILLION_LAUGHS), "no XLSX"),
    "formula that nobody has computed": (
        "a.xlsx",
        as_file([["user_num", "first_name"], ["001", "=1+1"]], "xlsx"),
        "no value yet",
    ),
    "no XML": ("a.xlsx", book(b"<worksheet"), "no XLSX"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_taken_is_refused_and_says_why(
    browser: Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_name, data, why = HOSTILE[name]
    if name == "more texts than a sheet has":
        monkeypatch.setattr(workbooks, "MOST_TAGS", FEW)

    assert why in refusal(upload(browser, MEMBERS, data, file_name))


def test_a_large_file_needs_no_other_disk(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is full would keep it away, and somebody's data could stay there."""
    monkeypatch.setattr("django.core.files.uploadhandler.TemporaryUploadedFile", None)
    data = b"first_name\nAda\n" + b"\n" * 3_000_000
    assert "Delete its empty rows" in refusal(upload(browser, MEMBERS, data))


def test_a_full_sheet_has_no_more_tags_than_are_looked_at() -> None:
    """With its texts in its cells, as many programs write them, it was refused."""
    cell = b'<c r="AA1000" s="12" t="inlineStr"><is><t>x</t></is></c>'
    row = b'<row r="1000" spans="1:50">' + cell * 50 + b"</row>"
    sheet = b"<worksheet><sheetData>" + row * 2000 + b"</sheetData></worksheet>"
    part = workbooks._Counted(io.BytesIO(sheet), workbooks.MOST_TAGS)
    while part.read(65_536):
        pass


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
    with at_most(10):
        answer = upload(browser, MEMBERS, book(FAR_AWAY), "a.xlsx")

    assert "below line 10,000" in refusal(answer), "nothing is left out silently"


def named_so_often(parts: dict[str, bytes]) -> dict[str, bytes]:
    """A workbook that names its one sheet many times; the sheet is long."""
    named = re.search(rb"<sheet [^>]+>", parts[WORKBOOK])
    assert named
    many = parts[WORKBOOK].replace(named[0], named[0] * 5000)
    return {**parts, WORKBOOK: many, SHEET: sheet_of(b"<c><v>1</v></c>" * 10_000)}


def sheet_of(cells: bytes, behind: bytes = b"") -> bytes:
    rows = b'<row><c t="inlineStr"><is><t>first_name</t></is></c></row><row>%b</row>' % cells
    return b"<worksheet><sheetData>%b</sheetData>%b</worksheet>" % (rows, behind)


def a_formula(parts: dict[str, bytes]) -> dict[str, bytes]:
    """A long formula that many cells share: moved to each, it is gone through once more."""
    first = b'<c r="A2"><f t="shared" ref="A2:GR2" si="0">1%b</f><v>1</v></c>' % (b"+A1" * 50_000)
    other = b'<c><f t="shared" si="0"/><v>1</v></c>' * 199
    return {**parts, SHEET: sheet_of(first + other)}


def many_ranges(parts: dict[str, bytes]) -> dict[str, bytes]:
    ranges = b"<mergeCells>%b</mergeCells>" % (b'<mergeCell ref="A1:XFD1048576"/>' * 400_000)
    return {**parts, SHEET: sheet_of(b"", ranges)}


def a_format(parts: dict[str, bytes]) -> dict[str, bytes]:
    """A pattern of the library's for formats goes through the rest of this one at each bracket."""
    styles = b"""<styleSheet><numFmts><numFmt numFmtId="164" formatCode="%b"/></numFmts><cellXfs>
    <xf numFmtId="164"/></cellXfs></styleSheet>""" % (b"[" * 200_000)
    return {**parts, STYLED: styles, SHEET: sheet_of(b'<c s="0"><v>1</v></c>')}


def elsewhere(parts: dict[str, bytes]) -> dict[str, bytes]:
    """The workbook itself where sheets are, with as many names as a sheet has tags."""
    names = b"<definedNames>%b</definedNames>" % (b'<definedName name="a"/>' * 300_000)
    moved = {
        name: data.replace(b"xl/workbook.xml", b"xl/worksheets/a.xml")
        for name, data in parts.items()
    }
    book = moved[WORKBOOK].replace(b"</sheets>", b"</sheets>" + names)
    rels = moved["xl/_rels/workbook.xml.rels"]
    return {**moved, "xl/worksheets/a.xml": book, "xl/worksheets/_rels/a.xml.rels": rels}


def one_text(parts: dict[str, bytes]) -> dict[str, bytes]:
    """One long text to which every cell refers."""
    texts = b"<sst><si><t>%b</t></si></sst>" % (b"a;" * 90_000)
    rows = b"<row>%b</row>" % (b'<c t="s"><v>0</v></c>' * 50) * 1000
    sheet = b"<worksheet><sheetData>%b</sheetData></worksheet>" % rows
    return {**parts, RELATED: WITH_TEXTS, "xl/t.xml": texts, SHEET: sheet}


def long_names(parts: dict[str, bytes]) -> dict[str, bytes]:
    """Columns of long names, each of which is compared with all others."""
    name = b'<c t="inlineStr"><is><t>%b%d</t></is></c>'
    names = b"".join(name % (b"a " * 12_000, number) for number in range(199))
    return {**parts, SHEET: sheet_of(b"").replace(b"<row>", b"<row>" + names, 1)}


DEAR = [named_so_often, a_formula, many_ranges, a_format, elsewhere, one_text, long_names]


@pytest.mark.parametrize("make", DEAR)
def test_what_the_library_would_be_at_for_minutes_is_taken_or_refused_at_once(make: Any) -> None:
    """What is no cell is not looked at, and nothing is looked at twice."""
    data = zipped(make(parts_of(BOOK)))
    assert len(data) < files.MOST_BYTES

    def read() -> None:
        with suppress(Invalid):
            table = files.read(io.BytesIO(data), "a.xlsx", len(data))
            _header_problems(MEMBERS, table.header)

    assert not takes_over(3, read)


def test_many_short_lines_are_not_all_held_in_memory() -> None:
    data = b"first_name\n" + b"a\n" * 2_000_000

    tracemalloc.start()
    with pytest.raises(Invalid):
        files.read(io.BytesIO(data), "a.csv", len(data))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 10 * len(data)  # the text itself, as often as Python copies it


@each("prefix", SHEETS)
@each("name", ["x" * 5000, "\u0661", "9" * 20, "-1", "é\u202e", "' OR 1=1", "%00", "None"])
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


@pytest.mark.parametrize(
    "text",
    [
        "a_x0041_b", "_x005F_x0041_", "_x", "_xD83D_", "\t\n ä😀",
        "_x0041\r", "\x1b[1m\x0b", "a\ufffe_x0041\uffff",
    ],
)  # fmt: skip
def test_what_xlsx_or_xml_would_read_as_something_else_comes_back(text: str) -> None:
    data = files.as_xlsx(["title"], [[text]])

    assert files.read(io.BytesIO(data), "a.xlsx", len(data)).rows == [(2, [text])]


def test_what_spreadsheets_write_is_read_as_they_show_it() -> None:
    """Escaped characters, runs of a text, days, and numbers that are whole; no rows elsewhere."""
    cells = (
        b'<c r="B2" t="inlineStr"><is><r><t>a_x000D_</t></r><rPh><t>n</t></rPh><r><t>b</t></r></is>'
        b"</c>"
        b'<c r="D2" s="1"><v>45000</v></c><c><v>5.0</v></c><c t="b"><v>1</v></c>'
        b'<c t="str"><f>""</f><v/></c><c t="e"><v>#N/A</v></c><c s="1"><v>1E+300</v></c>'
        b"<c><v>0.30000000000000004</v></c>"
    )
    styles = b'<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    behind = b"<extLst><ext><row><c><v>1</v></c></row></ext></extLst>"
    data = zipped({**parts_of(BOOK), STYLED: styles, SHEET: sheet_of(cells, behind)})

    [(_, row)] = files.read(io.BytesIO(data), "a.xlsx", len(data)).rows

    assert row == ["", "a\rb", "", "2023-03-15", "5", "true", "", "#N/A", "#VALUE!", "0.3"]


def test_longer_texts_than_xlsx_holds_are_not_cut_off(browser: Client) -> None:
    with pytest.raises(Invalid):
        files.as_xlsx(["a"], [["x" * 32_768]])
