"""CSV and XLSX: tables read from files of strangers, and written for any spreadsheet.

openpyxl reads and writes XLSX row by row. It is imported where it is used: few processes ever do,
and every one would start a tenth later. What a file may cost is known before it is read: its size,
what it unpacks to, how many rows and columns are looked at.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from functools import partial
from typing import Any, BinaryIO, NamedTuple
from zipfile import ZipFile

from syteops.core.errors import Invalid
from syteops.lib.cells import inert, line_writer, original

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 2000
"""All in one transaction, for which other writers wait."""
MOST_LINES = 10_000
"""Empty ones too."""
MOST_COLUMNS = 200
MOST_UNPACKED = 32 * 1024 * 1024
"""Bytes that a workbook unpacks to."""
MOST_TAGS = 600_000
"""In all its XML, which is made into objects: 2,000 rows of 50 columns have so many."""
MOST_OTHER_TAGS = 3000
"""In all but sheets and their texts: a style takes thirty times as long as a cell."""
_FILLED = ("xl/worksheets/", "xl/sharedStrings.xml")
MOST_PARTS = 1000
LONGEST_XLSX_CELL = 32_767  # characters, as Excel and LibreOffice have it

# The longest text of a cell: csv's own limit is below the longest texts of this site.
csv.field_size_limit(MOST_BYTES)


class Table(NamedTuple):
    """A line of column names, and the rows with their numbers as a spreadsheet shows them."""

    header: list[str]
    rows: list[tuple[int, list[str]]]


def refused(detail: str) -> Invalid:
    """What is raised for a file that cannot be taken."""
    return Invalid.field("file", detail)


def read(file: BinaryIO, name: str, size: int) -> Table:
    """The table in the file; XLSX is known by how it begins. Raises Invalid saying what to do."""
    if size > MOST_BYTES:
        most = MOST_BYTES // 1024 // 1024
        raise refused(f"The file is larger than {most} MB. Split it into smaller ones.")
    is_xlsx = file.read(4) == b"PK\3\4"
    file.seek(0)
    if not is_xlsx and not name.lower().endswith((".csv", ".txt", ".tsv")):
        raise refused("Choose a CSV or XLSX file. Other spreadsheets can be saved as one of them.")
    lines = _counted(_xlsx_lines(file) if is_xlsx else _csv_lines(file.read()))
    header = [original(cell).strip() for cell in next(lines, (1, []))[1]]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise refused("The first row is empty. It must hold the names of the columns.")
    rows = [(number, [original(one) for one in cells]) for number, cells in lines if any(cells)]
    return Table(header, rows)


def _counted(lines: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The lines with their numbers, each as wide as it is filled in.

    Raises Invalid at the first that is one too many, or too wide, and not once they are all there:
    a few megabytes of short lines take hundreds in memory.
    """
    filled = 0
    for number, cells in enumerate(lines, 1):
        while cells and not cells[-1]:
            cells.pop()
        filled += bool(cells)
        if filled > MOST_ROWS + 1:  # with the header
            raise refused(f"The file has more than {MOST_ROWS:,} rows. Split it into smaller ones.")
        if number > MOST_LINES:
            detail = f"The file goes on below line {MOST_LINES:,}. Delete its empty rows."
            raise refused(detail)
        if len(cells) > MOST_COLUMNS:
            raise refused(f"Line {number:,} has more than {MOST_COLUMNS} columns.")
        if any("\0" in cell for cell in cells):  # which no text holds and PostgreSQL does not take
            raise refused(f"Line {number:,} has a NUL character. Save the file as “CSV UTF-8”.")
        yield number, cells


def _csv_lines(data: bytes) -> Iterator[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        detail = "The text is not in UTF-8. Save the file as “CSV UTF-8”, or as XLSX."
        raise refused(detail) from error
    first = text.partition("\n")[0]
    parted_by = max(",;\t", key=first.count)  # what spreadsheets of some countries write
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=parted_by, strict=True)
    try:
        yield from lines
    except csv.Error as error:
        detail = f"Line {lines.line_num} is no CSV: {error}. Save the file anew, or as XLSX."
        raise refused(detail) from error


_NO_VALUE = "A formula has no value yet. Open the file in a spreadsheet, and save it there."
_NO_XLSX = "This is no XLSX file that can be read. Save it anew, or as “CSV UTF-8”."


def _xlsx_lines(file: BinaryIO) -> Iterator[list[str]]:
    """The rows of the first sheet, formulas as the values that they had last.

    Raises Invalid for one that has none yet: an empty cell would empty what is stored.
    """
    _refuse_bomb(file)
    try:
        for values, sources in zip(*map(partial(_rows, file), (True, False)), strict=True):
            if any(v is None and s is not None for v, s in zip(values, sources, strict=True)):
                raise refused(_NO_VALUE)
            yield [_text(value) for value in values]
    except Invalid:
        raise
    except Exception as error:  # whatever a file of a stranger makes of the library
        raise refused(_NO_XLSX) from error


def _rows(file: BinaryIO, data_only: bool) -> Iterator[tuple[Any, ...]]:
    import openpyxl

    workbook = openpyxl.load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
    sheet: Any = workbook.worksheets[0]
    sheet.reset_dimensions()  # the file may claim any
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True)
    return rows


def _refuse_bomb(file: BinaryIO) -> None:
    """Raises Invalid for what unpacks to more than it may. No part gives more than it declares.

    Any part may be read, whatever it is called. Before XML is made into objects, which takes a
    hundred times as long as to unpack it, its tags are counted.
    """
    try:
        with ZipFile(file) as packed:
            parts = packed.infolist()
            is_beyond = len(parts) > MOST_PARTS or sum(p.file_size for p in parts) > MOST_UNPACKED
            is_beyond = is_beyond or _has_too_many_tags(packed)
    except Exception as error:  # whatever a file of a stranger makes of the library
        raise refused(_NO_XLSX) from error
    if is_beyond:
        raise refused("The file unpacks to too much. Split it into smaller ones.")


def _has_too_many_tags(packed: ZipFile) -> bool:
    tags = {one: packed.read(one).count(b"<") for one in packed.namelist()}
    others = sum(count for name, count in tags.items() if not name.startswith(_FILLED))
    return sum(tags.values()) > MOST_TAGS or others > MOST_OTHER_TAGS


def _text(value: Any) -> str:
    """A cell as a person would write it: 5 for 5.0, 2026-01-31 for a day."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


def as_csv(header: list[str], rows: Iterable[list[str]]) -> Iterator[bytes]:
    """The table in pieces, each cell inert. Begins with a mark by which Excel knows UTF-8."""
    line = line_writer()
    yield ("\N{BYTE ORDER MARK}" + line(header)).encode()
    for cells in rows:
        yield line(map(inert, cells)).encode()


def as_xlsx(header: list[str], rows: Iterable[list[str]]) -> bytes:
    """The table as a workbook of texts, each inert. Raises Invalid for what XLSX cannot hold."""
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet: Any = workbook.create_sheet("Export")
    sheet.freeze_panes = "A2"
    sheet.append(header)
    for cells in rows:
        sheet.append([_xlsx_cell(sheet, inert(text)) for text in cells])
    made = io.BytesIO()
    workbook.save(made)
    return made.getvalue()


def _xlsx_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    if len(text) > LONGEST_XLSX_CELL:
        raise refused("A text is too long for XLSX, which would cut it off. Take CSV.")
    try:
        cell: Any = WriteOnlyCell(sheet, text)
    except IllegalCharacterError as error:
        raise refused("A text has characters that XLSX cannot hold. Take CSV.") from error
    cell.data_type = "s"  # "#N/A" too
    return cell
