"""A form that others overtook: what the person touched is kept, all else becomes what is stored.

Each field carries, hidden, what it held when the form was opened: Django's `show_hidden_initial`.
So what a person touched is told from what only looks different by now, and a field that nobody
touched is never put back. A field that both have changed is a `Choice`, in which the person's own
value counts until they take the other one. Of a long text the digest is carried, so that no page
holds it twice.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.choices import flatten_choices
from django.utils.text import capfirst

from syteops.core.form_fields import SecretField
from syteops.lib.text import with_plain_line_ends

SHORT = 200
"""Characters of a text that is carried as it is."""
_DIGEST = "sha256:"
MARK = "_holds_initials"
"""Sent by a form whose fields carry what they held. A script's form is compared with the row."""
_TAKE = re.compile("_take-(.+)")
_PART = re.compile(r"_\d+\Z")
"""Of a field that has more than one input, such as a day and a time."""


def told(text: str) -> str:
    """The text as a form carries it: itself, or its digest."""
    plain = with_plain_line_ends(text)
    if len(plain) <= SHORT:
        return plain
    return _DIGEST + hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


class CarriedText(forms.HiddenInput):
    """What a field of text held, as it is `told`."""

    def format_value(self, value: Any) -> Any:
        shown = super().format_value(value)
        return told(shown) if isinstance(shown, str) else shown


class MergeableForm(forms.BaseForm):
    """A form whose fields carry what they held, once there is something stored that they show."""

    def __getitem__(self, name: str) -> Any:
        if field := self.fields.get(name):
            field.show_hidden_initial = self._is_of_a_row and self._carries(name, field)
            if field.hidden_widget is forms.HiddenInput:
                field.hidden_widget = CarriedText
        return super().__getitem__(name)

    def _widget_data_value(self, widget: forms.Widget, html_name: str) -> Any:
        """What was sent. Of a long text that is to be as it is stored, only the digest was."""
        sent = super()._widget_data_value(widget, html_name)  # type: ignore[misc]
        if not (isinstance(sent, str) and sent.startswith(_DIGEST)):
            return sent
        for name, field in self.fields.items():
            if self.add_prefix(name) == html_name:
                initial = field.prepare_value(self.get_initial_for_field(field, name))
                stored = field.widget.format_value(initial)
                return stored if isinstance(stored, str) and told(stored) == sent else sent
        return sent

    @property
    def _is_of_a_row(self) -> bool:
        """Whether it shows something stored. A row that is gone by now still names itself."""
        if self.is_bound and MARK not in self.data:
            return False
        has_row = not isinstance(self, forms.ModelForm) or self.instance.pk is not None
        return has_row or bool(self.prefix and self.data.get(self.add_prefix("id")))

    def _carries(self, name: str, field: forms.Field) -> bool:
        """Not the fields that Django adds to a row, nor secrets, nor files, which no page holds."""
        kept = isinstance(field, (forms.FileField, SecretField))
        is_secret = isinstance(field.widget, forms.PasswordInput)
        return name in self.base_fields and not (field.disabled or kept or is_secret)  # type: ignore[attr-defined]

    @cached_property
    def changed_data(self) -> list[str]:
        """Without what comes back as it went, even where that is no valid value any more."""
        bound = (self[name] for name in self.fields)
        return [one.name for one in bound if not _came_back(one) and _is_touched(one)]


@dataclass(frozen=True)
class Choice:
    """A field that both have changed: what the person entered, and what is stored now."""

    name: str
    label: str
    mine: str
    theirs: str


def with_choices(data: QueryDict) -> QueryDict:
    """What was sent, with the other value where a person has chosen it."""
    takes = (match[1] for key in data if (match := _TAKE.fullmatch(key)) and data[key] == "theirs")
    if not (chosen := {*takes}):
        return data
    made = data.copy()
    for name in chosen:
        made.pop(name, None)
    for key in data:
        held = key.removeprefix("initial-")
        if held != key and chosen & {held, _PART.sub("", held)}:
            made.setlist(held, data.getlist(key))
    return made


def merge(data: QueryDict, mine: Any, theirs: Any, about: str = "") -> list[Choice]:
    """Bring what is stored into `data`, which is what `mine` was sent; `theirs` shows the row."""
    choices = []
    for name in _carried(mine):
        here, there = mine[name], theirs[name]
        is_touched, stored = name in mine.changed_data, _inputs_of(there)
        differs = any(_held(data, f"initial-{key}") != stored[key] for key in stored)
        if is_touched and differs and _differs(here, there.initial):
            label = f"{about}{here.label}"
            choices.append(Choice(here.html_name, label, _shown(here), _shown(there)))
        _put(data, stored, {} if is_touched else _inputs_of(there, in_full=True))
    return choices


def merge_rows(data: QueryDict, mine: Any, theirs: Any) -> list[Choice]:
    """The same for the rows of an inline: also those that others added or removed meanwhile.

    What was removed stays away, unless the person has changed it: then it counts as a new row.
    """
    stored = {str(one.instance.pk): one for one in theirs.initial_forms}
    kept: list[Row] = []
    new: list[Row] = []
    choices: list[Choice] = []
    for form in mine.forms:
        pk = data.get(form.add_prefix("id"), "")
        if there := stored.pop(pk, None):
            there.prefix = form.prefix
            about = f"{capfirst(mine.model._meta.verbose_name)} {len(kept) + 1}, "
            place = f"{mine.prefix}-{len(kept)}"
            found = merge(data, form, there, about)
            choices += [replace(c, name=c.name.replace(form.prefix, place, 1)) for c in found]
            kept.append(_row(data, form.prefix))
        elif not pk or (_was_edited(form) and not data.get(form.add_prefix("DELETE"))):
            new.append({**_row(data, form.prefix, carried=False), "id": [""]})
    for pk, there in stored.items() if MARK in data else ():
        added = QueryDict(mutable=True)
        for name in _carried(there):
            _put(added, _inputs_of(there[name]), _inputs_of(there[name], in_full=True))
        kept.append({**_row(added, there.prefix), "id": [pk]})
    _put_rows(data, mine.prefix, kept, new)
    return choices


Row = dict[str, list[Any]]
"""What was sent of a row, by name within it; `initial-text` is what its `text` held."""


def _put_rows(data: QueryDict, prefix: str, kept: list[Row], new: list[Row]) -> None:
    """In place of the rows that were sent. Django wants those that are stored before the others."""
    for key in [key for key in data if re.match(rf"(initial-)?{re.escape(prefix)}-\d+-", key)]:
        del data[key]
    for index, row in enumerate([*kept, *new]):
        for name, values in row.items():
            held, within = ("initial-", name[8:]) if name.startswith("initial-") else ("", name)
            data.setlist(f"{held}{prefix}-{index}-{within}", values)
    data[f"{prefix}-INITIAL_FORMS"] = str(len(kept))
    data[f"{prefix}-TOTAL_FORMS"] = str(len(kept) + len(new))


def _row(data: QueryDict, prefix: str, *, carried: bool = True) -> Row:
    kinds = {f"{prefix}-": "", **({f"initial-{prefix}-": "initial-"} if carried else {})}
    return {
        f"{kind}{key.removeprefix(start)}": data.getlist(key)
        for start, kind in kinds.items()
        for key in data
        if key.startswith(start)
    }


def _put(data: QueryDict, carried: dict[str, list[str]], entered: dict[str, list[str]]) -> None:
    for key, values in carried.items():
        data.setlist(f"initial-{key}", values)
    for key, values in entered.items():
        data.setlist(key, values)


def _was_edited(row: Any) -> bool:
    return bool({*row.changed_data} - {"id"})


def _carried(form: Any) -> list[str]:
    return [name for name in form.fields if form[name].field.show_hidden_initial]


def _inputs_of(bound: Any, *, in_full: bool = False) -> dict[str, list[str]]:
    """What a browser would send of the field as it is stored: what is carried, or what is shown."""
    hidden = bound.field.hidden_widget()
    if in_full and isinstance(hidden, CarriedText):
        hidden = forms.HiddenInput()
    hidden.is_localized = bound.field.localize
    found: dict[str, list[str]] = {bound.html_name: []} if _is_a_list(hidden) else {}
    widget = hidden.get_context(bound.html_name, bound.value(), {})["widget"]
    for one in widget.get("subwidgets", [widget]):
        text = "" if one["value"] is None else with_plain_line_ends(str(one["value"]))
        found.setdefault(one["name"], []).append(text)
    return found


def _is_a_list(hidden: Any) -> bool:
    return isinstance(hidden, forms.MultipleHiddenInput)


def _held(data: QueryDict, key: str) -> list[str]:
    return [with_plain_line_ends(one) for one in data.getlist(key)]


def _came_back(bound: Any) -> bool:
    """Whether the field was sent as it was shown, by a form that says how."""
    if not bound.field.show_hidden_initial:
        return False
    data = bound.form.data
    keys = _inputs_of(bound)  # for their names: the value may be anything
    return all(_came_back_as(_held(data, key), _held(data, f"initial-{key}")) for key in keys)


def _came_back_as(sent: list[str], held: list[str]) -> bool:
    return sent == held or [told(one) for one in sent] == held


def _is_touched(bound: Any) -> bool:
    try:
        return bool(bound._has_changed())
    except forms.ValidationError:
        return True


def _differs(bound: Any, initial: Any) -> bool:
    """Whether what was entered is another value than `initial`; what is no value is."""
    try:
        return bool(bound.field.has_changed(initial, bound.data))
    except forms.ValidationError:
        return True


def _shown(bound: Any) -> str:
    """What the field holds, in words."""
    value = bound.value()
    if isinstance(bound.field, forms.BooleanField):
        return "Yes" if value else "No"
    held = value if isinstance(value, (list, tuple)) else [value]
    if choices := getattr(bound.field, "choices", None):
        flat: list[tuple[Any, Any]] = list(flatten_choices(choices))
        labels = {str(one): str(label) for one, label in flat}
        return ", ".join(labels.get(str(one), str(one)) for one in held if one not in (None, ""))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, text in value.items() if text)
    return " ".join(str(one) for one in held if one not in (None, ""))
