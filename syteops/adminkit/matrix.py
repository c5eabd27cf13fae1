"""Rights as boxes to tick: a row for each thing there is, a column for what can be done with it.

The same for keys, people and groups. Without JavaScript everything works: *Select all read* is a
box, too, and the server knows what it means.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from syteops.core.sections import place_of, section_of


class Row(NamedTuple):
    """A thing in words, with the value that its box sends, by column.

    `code` is what tools call it, where that are other words. A box of no column ("") stands for the
    row as a whole: it may be done, or not.
    """

    app_label: str
    words: str
    code: str
    boxes: Mapping[str, str]

    @property
    def name(self) -> str:
        """Such as "Team members (users)"."""
        has_code = self.code and self.code.casefold() != self.words.casefold()
        return f"{self.words} ({self.code})" if has_code else self.words


class Matrix(NamedTuple):
    """The rows, and the columns in words, of which the first one is to read."""

    columns: Mapping[str, str]
    rows: Sequence[Row]

    @property
    def reads(self) -> list[str]:
        """The values of the boxes in the first column."""
        first = next(iter(self.columns))
        return [row.boxes[first] for row in self.rows if row.boxes.get(first)]


class MatrixWidget(forms.CheckboxSelectMultiple):
    """The boxes of `matrix`, section by section."""

    def __init__(self, caption: str, matrix: Matrix, attrs: Any = None) -> None:
        super().__init__(attrs)
        self.caption, self.matrix = caption, matrix

    class Media:
        js = (forms.Script("syteops/matrix.js", defer=True),)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        chosen = super().value_from_datadict(data, files, name) or []
        reads = self.matrix.reads if data.get(f"{name}_all_read") else []
        return [*dict.fromkeys((*chosen, *reads))]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        # Ours is no template of a form renderer, which looks into those of installed apps only.
        chosen = {str(one) for one in value or ()}
        ordered = sorted(self.matrix.rows, key=lambda row: place_of(row.app_label))
        sections = [
            (section, [self._row(row, chosen) for row in rows])
            for section, rows in groupby(ordered, key=lambda row: section_of(row.app_label))
        ]
        columns = [*self.matrix.columns.values()]
        shown = {"name": name, "caption": self.caption, "columns": columns, "sections": sections}
        return render_to_string("admin/widgets/matrix.html", shown)

    def _row(self, row: Row, chosen: set[str]) -> dict[str, Any]:
        cells = [
            (value := row.boxes.get(column, ""))
            and {
                "value": value,
                "column": words,
                "says": f"{row.name}: {words}",
                "checked": value in chosen,
            }
            for column, words in self.matrix.columns.items()
        ]
        whole = row.boxes.get("", "")
        return {"row": row, "cells": cells, "whole": whole, "checked": whole in chosen}
