"""A form for a config: one field for each setting that its JSON Schema describes."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from syteops.core.errors import FieldError
from syteops.core.form_fields import (
    JsonField,
    LineField,
    ListField,
    NumberField,
    PictureField,
    SwitchField,
    TextField,
    WholeField,
)
from syteops.core.schemas import is_one_line_text

Schema = dict[str, Any]

PREFIX = "config_"


def config_fields(schema: Schema, config: dict[str, Any]) -> dict[str, forms.Field]:
    """A field for each setting. None is required: the services judge the config as a whole."""
    return {
        f"{PREFIX}{name}": _field(name, inner, config.get(name))
        for name, inner in schema.get("properties", {}).items()
    }


def patch_of(form: forms.Form) -> dict[str, Any]:
    """The settings that were changed in the form, as a merge patch: a blank one is taken back."""
    changed = ((name, form.cleaned_data[name]) for name in form.changed_data)
    return {
        name.removeprefix(PREFIX): None if value in ("", [], None) else value
        for name, value in changed
        if name.startswith(PREFIX)
    }


def field_of(error: FieldError, form: forms.Form) -> str | None:
    """The field of the form that an error of the services is about."""
    within = error.path[:1] == ("config",) and len(error.path) > 1
    name = f"{PREFIX}{error.path[1]}" if within else "".join(map(str, error.path[:1]))
    return name if name in form.fields else None


def _field(name: str, schema: Schema, value: Any) -> forms.Field:
    made = _bare_field(schema)
    made.required = False
    made.initial = value
    made.label = schema.get("title", name.replace("_", " ").capitalize())
    made.help_text = schema.get("description", "")
    return made


def _bare_field(schema: Schema) -> forms.Field:
    kind = schema.get("type")
    if "enum" in schema:
        return _choice(schema)
    if kind == "boolean":
        return SwitchField(widget=UnfoldBooleanSwitchWidget)
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "string":
        return _text(schema)
    if kind == "array" and schema.get("items", {}).get("type") == "string":
        return ListField("\n", widget=UnfoldAdminTextareaWidget)
    return JsonField(widget=UnfoldAdminTextareaWidget)


def _choice(schema: Schema) -> forms.Field:
    by_text = {str(one): one for one in schema["enum"]}
    blank = [] if "default" in schema else [("", "–")]
    choices = [*blank, *((text, _label(text)) for text in by_text)]
    return forms.TypedChoiceField(
        choices=choices,
        coerce=lambda value: by_text.get(str(value)),  # a form may say that it held anything
        widget=UnfoldAdminSelectWidget,
    )


def _label(text: str) -> str:
    return text.replace("_", " ").capitalize() if text.islower() else text


def _number(schema: Schema) -> forms.Field:
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if schema["type"] == "integer":
        widget = UnfoldAdminIntegerFieldWidget
        return WholeField(min_value=lowest, max_value=highest, widget=widget)
    widget = UnfoldAdminDecimalFieldWidget
    return NumberField(min_value=lowest, max_value=highest, widget=widget)


def _text(schema: Schema) -> forms.Field:
    longest = schema.get("maxLength")
    if schema.get("format") == "picture" and longest:
        return PictureField(longest=longest, required=False)
    if is_one_line_text(schema):
        return LineField(max_length=longest, widget=UnfoldAdminTextInputWidget)
    return TextField(max_length=longest, widget=UnfoldAdminTextareaWidget)
