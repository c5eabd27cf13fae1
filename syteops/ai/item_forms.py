"""The forms in which a person looks at suggested items, and changes them before accepting."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from manage_api.fields import StrictTextField
from syteops.ai.editing import Field
from syteops.ai.models import AiSuggestion
from syteops.ai.queries import get_area
from syteops.ai.suggesting import Item, Suggesting
from syteops.lib.text import with_plain_line_ends


class ItemForm(forms.Form):
    """One item: its fields take any text, and what is wrong with it the API's own rules say."""

    def __init__(self, suggests: Suggesting, index: int, item: Item, words: str, data: Any) -> None:
        initial = {name: value for name, value in item.items() if value is not None}
        super().__init__(data, prefix=f"item-{index}", initial=initial)
        self.index, self.words = index, words
        self.is_wanted = data is None or str(index) in data.getlist("item")
        self.rules = suggests.fields()
        choices = suggests.choices()
        for name, rule in self.rules.items():
            self.fields[name] = _form_field(name, rule, choices.get(name))

    @property
    def changes(self) -> dict[str, Any]:
        """What the person has changed of the item, as the API takes it."""
        found = {}
        for name, rule in self.rules.items():
            if self.add_prefix(name) not in self.data:
                continue
            text = with_plain_line_ends(self[name].value() or "")
            if text != self.initial.get(name, ""):
                found[name] = None if rule.allow_null and not text.strip() else text
        return found

    def show_errors(self, named: Mapping[str, Any]) -> None:
        """Show what the rules refuse beside the fields."""
        for name, errors in named.items():
            self.add_error(name if name in self.fields else None, [*map(str, errors)])


def item_forms(suggestion: AiSuggestion, data: Any = None) -> list[ItemForm]:
    """A form for each item; with `data` it shows what a person has sent."""
    suggests = get_area(suggestion.area).get_suggests()
    return [
        ItemForm(suggests, index, item, suggests.words(item), data)
        for index, item in enumerate(suggestion.items)
    ]


def show_errors(items: Sequence[ItemForm], refusal: ValidationError) -> None:
    """Show in each form what `editing.Edits` refuses of it."""
    detail: Any = refusal.detail
    for one in items:
        one.show_errors(detail["changes"].get(str(one.index), {}))


def _form_field(name: str, rule: Field, choices: Sequence[tuple[str, str]] | None) -> forms.Field:
    label = rule.label or name.replace("_", " ").capitalize()
    if choices is not None:
        widget: forms.Widget = UnfoldAdminSelectWidget(choices=[("", "–"), *choices])
    elif isinstance(rule, StrictTextField):
        widget = UnfoldAdminTextareaWidget({"rows": 4, "dir": "auto"})
    else:
        widget = UnfoldAdminTextInputWidget(_attributes(rule))
    return forms.CharField(required=False, strip=False, label=label, widget=widget)


def _attributes(rule: Field) -> dict[str, str]:
    if isinstance(rule, serializers.DateField):
        return {"type": "date"}
    return {"dir": "auto"} if isinstance(rule, serializers.CharField) else {"inputmode": "decimal"}
