"""XLSX of strangers: the first sheet as texts, in one pass, within bounds.

openpyxl makes objects of all that a file holds: it copies formulas from cell to cell, unites
ranges, looks through as many sheets as are named. A small file can have it at that for hours. Here
each tag is looked at once, and what is no cell is not looked at.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import cached_property
from posixpath import join, normpath
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from defusedxml.ElementTree import DefusedXMLParser, iterparse, parse
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel, from_ISO8601

MOST_UNPACKED = 20 * 1024 * 1024
"""Bytes that a workbook unpacks to. As texts some take four times as much."""
MOST_PARTS = 1000
LONGEST_DIRECTORY = 200_000
"""Bytes in which a file says what is in it: what stands there beside the names takes as long as
there is, times how much there is."""
MOST_TAGS = 620_000
"""In a part: 2,000 rows of 50 columns have so many, with the texts in their cells."""
MOST_ATTRIBUTES = 400_000
MOST_OTHER_TAGS = 20_000
"""In a part that is held in memory as a whole: what the workbook consists of, and its styles."""
MOST_IN_A_ROW = 100_000
"""Tags within a row: a sheet has 16,384 columns."""
LONGEST_TAG = 200_000
"""Bytes of a tag and the text that follows: a cell has at most 32,767 characters."""
LONGEST_NAMESPACE = 200
"""Characters: the parser writes it out for each tag and attribute that is of it."""
LONGEST_NUMBER = 400
"""Digits: to turn them into a number takes as long as there are, times how many there are."""
LONGEST_FORMAT = 255
MOST_FORMATS = 1000
"""Of numbers: to find out what one shows takes as long as it is, times how long it is."""
_ATTRIBUTE = re.compile(rb"=[\s\0]*[\"']")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NO_XML = r"\x00-\x08\x0b-\x1f\ufffe\uffff"  # or another character in XML
_TO_ESCAPE = re.compile(rf"[{_NO_XML}]|_(?=x[0-9A-Fa-f]{{4}}[_{_NO_XML}])")


class NoWorkbook(Exception):
    """It is none, or not as the standard has it (ECMA-376)."""


class TooMuch(Exception):
    """There is more in it than is looked at."""


class NoValue(Exception):
    """A formula has no value yet: an empty cell would empty what is stored."""


def lines_of(file: BinaryIO) -> Iterator[list[str]]:
    """The rows of the first sheet, each as wide as it is filled in; formulas as their values.

    Raises NoWorkbook, TooMuch and NoValue.
    """
    try:
        with ZipFile(_File(file)) as packed:
            _refuse_bomb(packed)
            yield from _Workbook(packed).lines()
    except (NoWorkbook, TooMuch, NoValue):
        raise
    except Exception as error:  # whatever a file of a stranger makes of the libraries
        raise NoWorkbook from error


def escaped(text: str) -> str:
    """As XLSX has it (ECMA-376, ST_Xstring): each character is read as the one that it is.

    Of a carriage return XML would make a line feed, and so of one that stands before a line feed a
    second line break.
    """
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _plain(text: str) -> str:
    return _ESCAPED.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return found[0] if 0xD800 <= code < 0xE000 else chr(code)


def _refuse_bomb(packed: ZipFile) -> None:
    """No part gives more than it declares. Others than these take memory as the file has it."""
    parts = packed.infolist()
    if len(parts) > MOST_PARTS or sum(one.file_size for one in parts) > MOST_UNPACKED:
        raise TooMuch
    if any(one.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for one in parts):
        raise NoWorkbook


class _File:
    """The file, of which only the directory is read at once; the rest comes in small pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Raises TooMuch."""
        if size > LONGEST_DIRECTORY:
            raise TooMuch
        return self._file.read(size)


class _Counted:
    """A part as it is unpacked, until there is more in it than may be."""

    def __init__(self, source: Any, most: int) -> None:
        self.source, self.most, self.most_now = source, most, most
        self.tags = self.attributes = self.length = 0

    def begin_row(self) -> None:
        """From now on there may be as much as in one."""
        self.most_now = min(self.most, self.tags + MOST_IN_A_ROW)

    def read(self, size: int = -1) -> bytes:
        """A piece of it. Raises TooMuch."""
        piece: bytes = self.source.read(size)
        last = piece.rfind(b"<")
        self.length = self.length + len(piece) if last < 0 else len(piece) - last
        self.tags += piece.count(b"<")
        self.attributes += len(_ATTRIBUTE.findall(piece))
        if self.tags > self.most_now or self.attributes > MOST_ATTRIBUTES:
            raise TooMuch
        if self.length > LONGEST_TAG:
            raise TooMuch
        return piece


class _Parser(DefusedXMLParser):  # type: ignore[misc]  # it has no types
    """Makes of a part no more than it says: what is declared once goes for as many tags as follow.

    A declaration of types (DTD), which no part has (ECMA-376), gives attributes to each of them.
    """

    def __init__(self) -> None:
        super().__init__(forbid_dtd=True)
        self.parser.StartNamespaceDeclHandler = self._begin_namespace

    def _begin_namespace(self, prefix: str | None, address: str | None) -> None:
        if len(address or "") > LONGEST_NAMESPACE:
            raise TooMuch


class _Workbook:
    """The parts of a file, and what its cells refer to."""

    def __init__(self, packed: ZipFile) -> None:
        self.packed = packed
        (book,) = (place for kind, place in self._related("").values() if kind == "officeDocument")
        self.tree, self.related = self._tree(book), self._related(book)

    def lines(self) -> Iterator[list[str]]:
        """The rows of the first sheet of cells, blank where one is left out."""
        sheets = _all(self.tree, "sheets", "sheet")
        places = (self.related[_attribute(one, "id")] for one in sheets)
        place = next(place for kind, place in places if kind == "worksheet")
        line = 0
        for row in self._rows(place):
            number = int(row.get("r") or line + 1)
            if number <= line:
                raise NoWorkbook
            for _ in range(line + 1, number):
                yield []
            yield self._cells(row)
            line = number

    def _rows(self, place: str) -> Iterator[Element]:
        """Each row as soon as it is there; none of them stays in memory."""
        with self._open(place, MOST_TAGS) as part:
            part.begin_row()
            for _, element in iterparse(part, parser=_Parser()):
                name = _name(element)
                if name == "sheetData":  # rules and links come behind
                    return
                if name == "row":
                    yield element
                    element.clear()
                    part.begin_row()

    def _cells(self, row: Element) -> list[str]:
        cells: list[str] = []
        column = 0
        for cell in row:
            at = cell.get("r")
            column = column_index_from_string(at.rstrip("0123456789")) if at else column + 1
            if text := self._text(cell):
                cells += [""] * (column - len(cells))
                cells[column - 1] = text
        return cells

    def _text(self, cell: Element) -> str:
        """A cell as a person would write it. Raises NoValue."""
        parts = {_name(one): one for one in cell}
        kind, value = cell.get("t", "n"), parts.get("v")
        if kind == "inlineStr":
            return _text_of(parts["is"]) if "is" in parts else ""
        text = (value.text or "") if value is not None else ""
        if not text:
            if "f" in parts and (kind != "str" or value is None):
                raise NoValue
            return ""
        if kind == "s":
            return self._strings[int(text)]
        if kind == "n":
            return self._number(text, cell.get("s", "0"))
        if kind == "b":
            return "true" if int(text) else "false"
        return _day_of(from_ISO8601(text)) if kind == "d" else _plain(text)

    def _number(self, text: str, style: str) -> str:
        """5 for 5.0, and a day where the style says that it is one; of what was computed the 15
        digits that spreadsheets show: 0.3, and not 0.30000000000000004."""
        if len(text) > LONGEST_NUMBER:
            raise NoWorkbook
        number = float(text) if {*".eE"} & {*text} else int(text)
        kind = self._styles.get(style)
        if kind is None:
            is_broken = isinstance(number, float) and not number.is_integer()
            return f"{number:.15g}" if is_broken else str(int(number))
        epoch = MAC_EPOCH if self._counts_from_1904 else WINDOWS_EPOCH
        try:
            return _day_of(from_excel(number, epoch, timedelta=kind is timedelta))
        except (OverflowError, ValueError):
            return "#VALUE!"  # as spreadsheets show it

    @cached_property
    def _counts_from_1904(self) -> bool:
        return any(one.get("date1904") in ("1", "true") for one in _all(self.tree, "workbookPr"))

    @cached_property
    def _strings(self) -> list[str]:
        """The texts that cells refer to by number."""
        place = next(place for kind, place in self.related.values() if kind == "sharedStrings")
        texts = []
        with self._open(place, MOST_TAGS) as part:
            for _, element in iterparse(part, parser=_Parser()):
                if _name(element) == "si":
                    texts.append(_text_of(element))
                    element.clear()
        return texts

    @cached_property
    def _styles(self) -> dict[str, Any]:
        """Of each style, by its number, whether it shows days or how long something takes."""
        place = next((place for kind, place in self.related.values() if kind == "styles"), None)
        if place is None:
            return {}
        tree = self._tree(place)
        formats = {str(number): code for number, code in BUILTIN_FORMATS.items()}
        own = _all(tree, "numFmts", "numFmt")
        if len(own) > MOST_FORMATS:
            raise TooMuch
        for one in own:
            formats[one.get("numFmtId", "")] = one.get("formatCode", "")
        kinds = {}
        for number, code in formats.items():
            if len(code) <= LONGEST_FORMAT and is_date_format(code):
                kinds[number] = timedelta if is_timedelta_format(code) else date
        xfs = (one.get("numFmtId", "") for one in _all(tree, "cellXfs", "xf"))
        return {str(n): kinds[one] for n, one in enumerate(xfs) if one in kinds}

    # --- Parts -----------------------------------------------------------------------------

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """What the part refers to, by id: the last word of its kind, and where it is."""
        folder, _, name = part.rpartition("/")
        found = {}
        for one in self._tree(join(folder, "_rels", f"{name}.rels")):
            place = normpath(join("/", folder, one.get("Target", "")))[1:]
            found[one.get("Id", "")] = (one.get("Type", "").rpartition("/")[2], place)
        return found

    def _tree(self, name: str) -> Element:
        with self._open(name, MOST_OTHER_TAGS) as part:
            root: Element = parse(part, _Parser()).getroot()
        return root

    @contextmanager
    def _open(self, name: str, most: int) -> Iterator[_Counted]:
        with self.packed.open(name) as part:
            yield _Counted(part, most)


def _name(element: Element) -> str:
    """Without the namespace, of which there are two for the same."""
    return element.tag.rpartition("}")[2]


def _attribute(element: Element, name: str) -> str:
    return next(value for key, value in element.items() if key.rpartition("}")[2] == name)


def _all(element: Element, *names: str) -> list[Element]:
    """What is below it on that way."""
    found = [element]
    for name in names:
        found = [one for each in found for one in each if _name(one) == name]
    return found


def _text_of(element: Element) -> str:
    """Of a text, or of its runs; how it is pronounced is no part of it."""
    runs = [one for each in element for one in ([each] if _name(each) == "t" else each)
            if _name(each) in ("t", "r") and _name(one) == "t"]  # fmt: skip
    return _plain("".join(one.text or "" for one in runs))


def _day_of(value: Any) -> str:
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)
