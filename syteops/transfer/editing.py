"""Rows that were chosen in a list, and what is to become of them: a table as a file would hold it.

So each row goes the way of an imported one: through the same operation, tried before it is stored.
Which fields can be set is derived: what a change of the API takes and a person can write in a box.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from django import forms
from django.db.models import QuerySet, UniqueConstraint
from rest_framework import serializers
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from syteops.core.folding import folded_fields
from syteops.core.form_fields import LineField, SwitchField, TextField
from syteops.transfer import files
from syteops.transfer.files import Table
from syteops.transfer.sheets import Column, Sheet

LONGEST = 20_000
"""Characters of a value that many rows get."""
LEAVE = "Leave as it is"
_CLEAR = "clear_"


@cache  # each list asks whether there are any
def fields_of(sheet: Sheet) -> dict[str, Column]:
    """What can be set in many rows at once: nothing that names a row, or must differ in each."""
    alone = {sheet.lookup, *sheet.updates.path_params, *_unique(sheet.viewset.model())}
    return {
        name: one
        for name, one in sheet.columns.items()
        if name not in alone and one.changed is not None and _is_plain(one.changed)
    }


def _unique(model: Any) -> set[str]:
    """The columns of which no two rows have the same."""
    found = {one.name for one in model._meta.fields if one.unique}
    for one in model._meta.constraints:
        if isinstance(one, UniqueConstraint) and len(one.fields) == 1:
            found.update(one.fields)
    return found | {
        source for one in folded_fields(model) if one.name in found for source in one.made_of
    }


def _is_plain(field: Any) -> bool:
    """Whether its text is what a person would write: no JSON, and no secret."""
    if getattr(field, "secret", False):
        return False
    if isinstance(field, serializers.ListField):
        return _is_plain(field.child)
    kinds = (serializers.BaseSerializer, serializers.DictField, serializers.JSONField)
    return not isinstance(field, kinds)


# --- The table -----------------------------------------------------------------------------


def chosen(sheet: Sheet, queryset: QuerySet[Any]) -> Table:
    """The names of those that were chosen, as far as the API lists them."""
    names = (cells[0] for cells in sheet.exported(queryset))
    return Table([sheet.lookup], [(number, [name]) for number, name in enumerate(names, 1)])


def filled(sheet: Sheet, table: Table, values: Mapping[str, str]) -> Table:
    """The same rows, each with these values. Raises Invalid for more than may be kept.

    An operation that takes all of an object gets the rest of it as it is stored now.
    """
    names = {number: cells[0] for number, cells in table.rows}
    kept: dict[str, dict[str, str]] = {}
    header = [*values]
    if sheet.updates.method == "PUT":
        kept = sheet.stored(names.values())
        header += [one for one in fields_of(sheet) if one not in values]
    if sum(map(len, values.values())) * len(names) > files.MOST_BYTES:
        raise files.refused("That is too much for so many rows. Choose fewer of them.")
    rows = [
        (number, [name, *({**kept.get(name, {}), **values}.get(one, "") for one in header)])
        for number, name in names.items()
    ]
    return Table([sheet.lookup, *header], rows)


def labels(
    sheet: Sheet, table: Table, most: int | None = None, only: Collection[int] | None = None
) -> dict[int, str]:
    """What people call the rows, by number: "HubSpot (001)"."""
    rows = [(n, cells[0]) for n, cells in table.rows if only is None or n in only][:most]
    titles = sheet.titles(name for _, name in rows)
    return {
        number: name if title in ("", name) else f"{title} ({name})"
        for number, name in rows
        for title in [titles.get(name, "")]
    }


# --- The form ------------------------------------------------------------------------------


class EditForm(forms.Form):
    """A field that is left empty is left as it is; a tick clears one."""

    def values(self) -> dict[str, str]:
        """The cells of each row, by column."""
        given = {
            name: text
            for name, text in self.cleaned_data.items()
            if not name.startswith(_CLEAR) and text
        }
        emptied = (
            name.removeprefix(_CLEAR) for name, on in self.cleaned_data.items() if on is True
        )
        return {**dict.fromkeys(emptied, ""), **given}

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError where nothing is to be done."""
        if not self.errors and not self.values():
            raise forms.ValidationError("Fill in at least one field, or clear one.")
        return self.cleaned_data

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """Each field and, where it can be emptied, the tick that does it."""
        names = [name for name in self.fields if not name.startswith(_CLEAR)]
        return [
            (self[name], self[_CLEAR + name] if _CLEAR + name in self.fields else None)
            for name in names
        ]


def form_for(sheet: Sheet, data: Any = None) -> EditForm:
    """A form with a field for each that can be set."""
    fields: dict[str, forms.Field] = {}
    for name, one in fields_of(sheet).items():
        fields[name] = _field(one.changed)
        if _can_be_empty(one.changed):
            fields[_CLEAR + name] = SwitchField(
                required=False,
                label=f"Clear “{one.changed.label}”",
                widget=UnfoldBooleanSwitchWidget,
            )
    made: EditForm = type("Form", (EditForm,), fields)(data)
    return made


def _can_be_empty(field: Any) -> bool:
    is_list = isinstance(field, serializers.ListField) and field.allow_empty
    return bool(is_list or field.allow_null or getattr(field, "allow_blank", False))


def _field(field: Any) -> forms.Field:
    label, help_text = str(field.label), str(field.help_text or "")
    choices: list[tuple[str, str]] = []
    if isinstance(field, serializers.BooleanField):
        choices = [("true", "Yes"), ("false", "No")]
    elif isinstance(field, serializers.ChoiceField):
        choices = [(str(value), str(text)) for value, text in field.choices.items() if value != ""]
    if choices:
        offered = [("", LEAVE), *choices]
        return forms.ChoiceField(
            label=label, help_text=help_text, required=False, choices=offered,
            widget=UnfoldAdminSelectWidget,
        )  # fmt: skip
    if isinstance(field, serializers.ListField):
        help_text = f"{help_text} Parted by commas.".strip()
    is_long = isinstance(field, serializers.CharField) and not getattr(field, "one_line", True)
    widget = UnfoldAdminTextareaWidget if is_long else UnfoldAdminTextInputWidget
    given = {"label": label, "help_text": help_text, "max_length": LONGEST, "widget": widget}
    if is_long:
        return TextField(required=False, **given)
    return LineField(required=False, strip=False, **given)  # what the API's field takes, it says
