"""What is wrong with a form that came back, all of it at once and above the form."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django import forms, template
from django.core.exceptions import NON_FIELD_ERRORS

from syteops.core.errors import DomainError, Invalid

register = template.Library()


class Problem(NamedTuple):
    """What is wrong with a field: its label, the id of its input, and why."""

    label: str
    field: str
    text: str


def problems_of(context: Mapping[str, Any]) -> list[Problem]:
    """Those of a form's page, in the order of the fields. The theme shows those of no field."""
    found = problems_of_form(context["adminform"].form)
    for inline in context.get("inline_admin_formsets", ()):
        noun = str(inline.opts.verbose_name).capitalize()
        for index, row in enumerate(inline.formset.forms):
            found += problems_of_form(row, f"{noun} {index + 1}, ")
    return found


@register.simple_tag
def problems_of_form(form: Any, about: str = "") -> list[Problem]:
    """Those of one form; `about` stands before each label."""
    return [*_of_form(form, about)] if form.is_bound else []


def _of_form(form: Any, about: str) -> Iterator[Problem]:
    for name in (one for one in form.fields if one in form.errors and one != NON_FIELD_ERRORS):
        bound = form[name]
        for text in form.errors[name]:
            yield Problem(f"{about}{bound.label}", _id_of_input(bound), str(text))


def _id_of_input(bound: forms.BoundField) -> str:
    """What leads to the field: of several boxes, such as a day and a time, the first."""
    widget, own = bound.field.widget, bound.id_for_label or str(bound.auto_id)
    parts = getattr(widget, "widgets_names", None)
    return f"{own}{parts[0]}" if parts and not own.endswith(parts[0]) else own


def show_refusal(form: forms.BaseForm, refusal: DomainError) -> None:
    """Show in the form what a service refused: beside the fields that it names, else above all."""
    if not isinstance(refusal, Invalid):
        form.add_error(None, refusal.detail)
        return
    for error in refusal.errors:
        name = str(error.path[0]) if error.path else None
        form.add_error(name if name in form.fields else None, error.detail)
