"""The attributes and options of a form's fields, in one piece of text.

Django has a template for each and includes it for every single one: two thousand times in a form
with all time zones and countries. `templates/django/forms` says the same with these filters.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.forms.widgets import Select
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def as_attributes(attrs: Mapping[str, Any]) -> SafeString:
    """Each with a blank before it; one that is `True` by its name alone, one that is not is not."""
    shown = (
        f" {conditional_escape(name)}"
        + ("" if value is True else f'="{conditional_escape(value)}"')
        for name, value in attrs.items()
        if value is not False
    )
    return mark_safe("".join(shown))  # noqa: S308 - all escaped


@register.filter
def as_input(widget: Mapping[str, Any]) -> SafeString:
    """The `<input>` of what a widget's `get_context` has."""
    own = {"type": widget["type"], "name": widget["name"]}
    if widget["value"] is not None:
        own["value"] = str(widget["value"])
    return mark_safe(f"<input{as_attributes(own)}{as_attributes(widget['attrs'])}>")  # noqa: S308 - escaped


@register.filter
def as_options(groups: Iterable[tuple[Any, Iterable[dict[str, Any]], int]]) -> SafeString:
    """Those of a `<select>`, as `Select.optgroups` has them."""
    return mark_safe("".join(_group(label, of_group) for label, of_group, _ in groups))  # noqa: S308 - all escaped


def _group(label: Any, of_group: Iterable[dict[str, Any]]) -> str:
    shown = "".join(_option(one) for one in of_group)
    return (
        f'\n<optgroup label="{conditional_escape(label)}">{shown}\n</optgroup>' if label else shown
    )


def _option(option: dict[str, Any]) -> str:
    if option["template_name"] != Select.option_template_name:
        return render_to_string(option["template_name"], {"widget": option})
    value, label = conditional_escape(option["value"]), conditional_escape(option["label"])
    return f'\n<option value="{value}"{as_attributes(option["attrs"])}>{label}</option>'
