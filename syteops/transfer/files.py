"""CSV and XLSX: tables read from files of strangers, and written for any spreadsheet.

openpyxl writes XLSX. It is imported where it is used: few processes ever do, and every one would
start a tenth later. What a file may cost is known before it is read: its size, what it unpacks to
(see `workbooks`), how many rows and columns are looked at.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from syteops.core.errors import Invalid
from syteops.lib.cells import inert, line_writer, original
from syteops.transfer.choices import Kind

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 2000
"""All in one transaction, for which other writers wait."""
MOST_LINES = 10_000
"""Empty ones too."""
MOST_COLUMNS = 200
MOST_TEXT = 20_000_000
"""Bytes of all cells, in UTF-8: in a workbook many may refer to one text."""
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_XLSX_CELL = 32_767  # characters, as Excel and LibreOffice have it

_TOO_MUCH = "The file unpacks to too much. Split it into smaller ones."

# The longest text of a cell: csv's own limit is below the longest texts of this site.
csv.field_size_limit(MOST_BYTES)


class Table(NamedTuple):
    """A line of column names, and the rows with their numbers as a spreadsheet shows them.

    Of another `kind` than a file's, they were chosen in a list.
    """

    header: list[str]
    rows: list[tuple[int, list[str]]]
    kind: Kind = Kind.FILE


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
    filled = length = 0
    for number, cells in enumerate(lines, 1):
        while cells and not cells[-1]:
            cells.pop()
        filled += bool(cells)
        length += _length(cells)
        if filled > MOST_ROWS + 1:  # with the header
            raise refused(f"The file has more than {MOST_ROWS:,} rows. Split it into smaller ones.")
        if number > MOST_LINES:
            detail = f"The file goes on below line {MOST_LINES:,}. Delete its empty rows."
            raise refused(detail)
        if len(cells) > MOST_COLUMNS:
            raise refused(f"Line {number:,} has more than {MOST_COLUMNS} columns.")
        if length > MOST_TEXT:  # before any of it is read
            raise refused(_TOO_MUCH)
        if any("\0" in cell for cell in cells):  # which no text holds and PostgreSQL does not take
            raise refused(f"Line {number:,} has a NUL character. Save the file as “CSV UTF-8”.")
        yield number, cells


def _length(cells: Iterable[str]) -> int:
    return sum(len(cell.encode(errors="surrogatepass")) for cell in cells)


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


def _xlsx_lines(file: BinaryIO) -> Iterator[list[str]]:
    from syteops.transfer import workbooks

    try:
        yield from workbooks.lines_of(file)
    except workbooks.NoValue as error:
        detail = "A formula has no value yet. Open the file in a spreadsheet, and save it there."
        raise refused(detail) from error
    except workbooks.TooMuch as error:
        raise refused(_TOO_MUCH) from error
    except workbooks.NoWorkbook as error:
        detail = "This is no XLSX file that can be read. Save it anew, or as “CSV UTF-8”."
        raise refused(detail) from error


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
    made = io.BytesIO()
    length = 0
    try:
        for cells in rows:
            length += _length(cells)
            if length > MOST_TEXT:
                raise refused("There is too much text for one XLSX file. Take CSV.")
            sheet.append([_xlsx_cell(sheet, inert(text)) for text in cells])
    finally:  # of what is refused in the middle, too: it closes and deletes the library's own file
        workbook.save(made)
    return made.getvalue()


def _xlsx_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    from syteops.transfer.workbooks import escaped

    if len(text) > LONGEST_XLSX_CELL:
        raise refused("A text is too long for XLSX, which would cut it off. Take CSV.")
    cell: Any = WriteOnlyCell(sheet, escaped(text))
    cell.data_type = "s"  # "#N/A" too
    return cell
