"""Cells of tables for spreadsheets: texts that no spreadsheet runs, and that can be read again."""

import csv
import re
from collections.abc import Callable, Iterable

ACTIVE = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would run."""
_BEGINS = r"(?:^|(?<=[;\t\r\n|]))"
_RUNS = rf"(?=\"*[{re.escape(''.join(ACTIVE))}'])"
_BEGINNING = re.compile(_BEGINS + _RUNS)
_MADE_INERT = re.compile(f"{_BEGINS}'{_RUNS}")


def inert(text: str) -> str:
    """A cell that no spreadsheet runs: where a formula could begin, ' comes before it.

    That is at the beginning, and after what some spreadsheets part cells by. Before a ' that stands
    there comes another one: whoever takes one away at each such place reads what was there.
    """
    return _BEGINNING.sub("'", text)


def original(cell: str) -> str:
    """The text of which `inert` made the cell."""
    return _MADE_INERT.sub("", cell)


class _Line:
    """Takes the lines that a csv writer writes, and gives each one back."""

    def write(self, text: str) -> str:
        return text


def line_writer() -> Callable[[Iterable[str]], str]:
    """What makes a line of CSV (RFC 4180) of cells."""
    return csv.writer(_Line()).writerow
