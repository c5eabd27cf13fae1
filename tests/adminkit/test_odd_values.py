"""What a field's own type can be and the field is not is refused beside it, in rows as well."""

from contextlib import suppress
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.auth.models import User

from estimates.models import Estimate
from notes.models import Note
from syteops.core.search import search, words_of
from syteops.lib.paths import ADMIN_PREFIX
from tests.admin_forms import row
from tests.adminkit.test_linear_forms import (
    addresses_of,
    inputs,
    refused,
    takes_any_text,
    untouched,
    values_for,
)
from tests.fixtures import signed_in

pytestmark = pytest.mark.django_db

ODD = ("sNaN", "-Infinity", "1e999999", "\0", "9" * 30, "0x10", "[[]]", "٣")
NO_NUMBERS = ("sNaN", "NaN", "-Infinity", "1e999999", "\0")


def test_no_form_fails_over_odd_values(alice: User) -> None:
    client, walked = signed_in(alice), 0
    tried: set[Any] = set()
    for url in (url for model in admin.site._registry for url in addresses_of(model)):
        page = client.get(url)
        sent, fields = untouched(page), [one for one in inputs(page) if not takes_any_text(one[0])]
        numbers = {bound.html_name for bound, _ in fields if is_number(bound.field)}
        for odd in values_for([bound.field for bound, _ in fields], ODD, tried):
            told = refused(client, url, {**sent, **{n: odd for _, names in fields for n in names}})
            assert odd not in NO_NUMBERS or numbers <= told, odd
            for bound, _ in fields:
                if not isinstance(bound.field, forms.MultiValueField):
                    compare_with(odd, bound)
            walked += 1
    assert walked > 60


def compare_with(odd: str, bound: Any) -> None:
    """As a form does where its hidden field says that it held that when it was opened."""
    with suppress(forms.ValidationError):
        bound.field.has_changed(bound.field.to_python(odd), bound.value())


def is_number(field: Any) -> bool:
    return isinstance(field, forms.IntegerField | forms.DecimalField)


@pytest.mark.combination
@pytest.mark.parametrize("odd", ODD)
def test_nor_does_looking_for_a_client(alice: User, odd: str) -> None:
    path = f"{ADMIN_PREFIX}estimates/estimate/clients/"
    assert signed_in(alice).get(path, {"q": odd}).json() == {"clients": []}


@pytest.mark.combination
@pytest.mark.parametrize("text", ["\0", "a\0b", "\0\0"])
def test_nor_does_any_search(text: str) -> None:
    for model in (Note, Estimate):
        assert not search(model.objects.all(), ["searched"], f"{text} zzz").exists()
    assert words_of(text) == text.replace("\0", " ").split()


@pytest.mark.combination
@pytest.mark.parametrize("odd", NO_NUMBERS)
def test_nor_does_what_is_shown_while_a_form_is_filled_in(alice: User, odd: str) -> None:
    line = row("line_items", 0, description="d", quantity=odd, unit_price=odd, tax_percent=odd)
    sent = {"currency": "EUR", "discount_percent": odd, "line_items-TOTAL_FORMS": "1", **line}
    answer = signed_in(alice).post(f"{ADMIN_PREFIX}estimates/estimate/amounts/", sent)
    assert answer.json()["lines"] == {"0": ""}
