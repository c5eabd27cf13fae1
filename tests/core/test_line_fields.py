"""A box of one line takes one line, in every form: others see in lists what is kept of it."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import get_resolver

OURS = ("syteops", "manage_api", "notes", "estimates")
NOT_KEPT = {
    "SignInForm.username", "FirstCodeForm.code", "SecondStepForm.code", "CatalogueFilter.search",
}  # fmt: skip
"""Only compared with what is there."""
WRONG = ("a\u202eb", "a\nb", "a\x0bb", "a\u2066b")


def of_ours(base: type[Any]) -> Iterator[type[Any]]:
    for one in base.__subclasses__():
        yield from of_ours(one)
        is_ours = one.__module__.partition(".")[0] in OURS
        # Not what is made of a schema for one page, while another test asks for it.
        if is_ours and getattr(sys.modules[one.__module__], one.__name__, None) is one:
            yield one


def boxes() -> dict[str, Callable[[str], bool]]:
    """The boxes of one line in the forms that are written down, not made by an admin: what tells of
    each whether it takes a text.
    """
    made_by_admins = {one.form for one in admin.site._registry.values()}
    return {
        f"{form.__name__}.{name}": partial(takes, form, name)
        for form in of_ours(forms.BaseForm)
        if form not in made_by_admins
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, forms.CharField) and isinstance(field.widget, forms.TextInput)
        if field.widget.input_type == "text"
    }


def takes(form: Any, name: str, text: str) -> bool:
    """Whether the box takes the text, and the model of its form as well, if it has one."""
    try:
        value = form.base_fields[name].clean(text)
        if model := getattr(form, "_meta", None) and form._meta.model:
            model._meta.get_field(name).run_validators(value)
    except ValidationError:
        return False
    return True


def test_no_box_of_one_line_takes_more_or_hides_some_of_it() -> None:
    assert get_resolver().url_patterns  # so all pages are imported, and their forms
    found = boxes()
    assert {"AcceptForm.first_name", "PasskeyForm.name", "CreateKeyForm.name"} <= found.keys()
    assert found.keys() >= NOT_KEPT
    kept = found.keys() - NOT_KEPT
    assert [name for name in kept if not found[name]("Ada")] == []
    assert [(name, text) for name in kept for text in WRONG if found[name](text)] == []
