"""What a browser would send of an admin form that nobody has touched."""

from typing import Any


def untouched(response: Any) -> dict[str, Any]:
    """The form of a change or add page, with its inlines, as data to post."""
    inlines = [inline.formset for inline in response.context["inline_admin_formsets"]]
    forms = [response.context["adminform"].form]
    forms += [one for formset in inlines for one in (formset.management_form, *formset.forms)]
    return {name: value for form in forms for name, value in _values(form)}


def _values(form: Any) -> Any:
    for bound in form:
        value = bound.value()
        if isinstance(value, (list, tuple)):
            yield bound.html_name, [str(one) for one in value]
        elif value is True:
            yield bound.html_name, "on"
        elif value is not None and value is not False:
            yield bound.html_name, str(value)


def row(prefix: str, index: int, **values: Any) -> dict[str, Any]:
    """The data of one more row of an inline."""
    return {f"{prefix}-{index}-{name}": value for name, value in values.items()}
