"""A box of one line takes one line, in every form: others see in lists what is kept of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import get_resolver

NOT_KEPT = {
    "SignInForm.username", "FirstCodeForm.code", "SecondStepForm.code", "CatalogueFilter.search",
}  # fmt: skip
"""Only compared with what is there."""
WRONG = ("a\u202eb", "a\nb", "a\x0bb", "a\u2066b")


def of_ours(base: type[Any]) -> Iterator[type[Any]]:
    for one in base.__subclasses__():
        yield from of_ours(one)
        if one.__module__.partition(".")[0] in ("syteops", "manage_api", "notes", "estimates"):
            yield one


def boxes() -> dict[str, forms.CharField]:
    """The boxes of one line in the forms that are written down, not made by an admin."""
    made_by_admins = {one.form for one in admin.site._registry.values()}
    return {
        f"{form.__name__}.{name}": field
        for form in of_ours(forms.BaseForm)
        if form not in made_by_admins
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, forms.CharField) and isinstance(field.widget, forms.TextInput)
        if field.widget.input_type == "text"
    }


def test_no_box_of_one_line_takes_more_or_hides_some_of_it() -> None:
    assert get_resolver().url_patterns  # so all pages are imported, and their forms
    found = boxes()
    assert {"AcceptForm.first_name", "PasskeyForm.name", "CreateKeyForm.name"} <= found.keys()
    assert found.keys() >= NOT_KEPT
    for name in found.keys() - NOT_KEPT:
        for text in WRONG:
            with pytest.raises(ValidationError):
                found[name].clean(text)
