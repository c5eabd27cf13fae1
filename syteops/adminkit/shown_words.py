"""What a list shows is found by its search: conditions derived from the columns of `list_display`.

A column with choices is found by their labels, one of numbers by the number, any other text by its
folding where there is one. What a column makes of several things is told in `shown_words`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, Field, IntegerField, Q, TextField

import syteops.core.among  # noqa: F401 - the look-up of that name
from syteops.core.folding import FoldedField, SearchField, folded_fields
from syteops.lib.folding import fold

Condition = Callable[[str], Q]
"""That what is shown has a word, which is folded."""
NEVER = Q(pk__in=())


def conditions(page: Any, request: Any) -> Iterator[Condition]:
    """One for each column of the list of `page` that its `search_fields` do not look into."""
    told = page.get_shown_words(request)
    for column in page.get_list_display(request):
        name = column if isinstance(column, str) else column.__name__
        if name in told:
            yield told[name]
        elif derived := _derived(page, column):
            yield derived


def by_texts(texts: Callable[[], Iterable[tuple[str, Q]]]) -> Condition:
    """Of a column that shows one of a few texts, each under its condition: not of what grows."""

    def condition(word: str) -> Q:
        found = NEVER
        for text, meant in texts():
            found |= meant if word in fold(text) else NEVER
        return found

    return condition


def among_few(rows: Callable[[], Iterable[Any]], shown: Callable[[Any], str]) -> Condition:
    """Of a column whose text is made of each row, for tables with few rows only."""

    def condition(word: str) -> Q:
        return Q(pk__in=[one.pk for one in rows() if word in fold(shown(one))])

    return condition


def among_values(
    rows: Callable[[], Iterable[tuple[Any, ...]]], shown: Callable[..., str], of: str = "pk"
) -> Condition:
    """Of a column whose text is made of a few values. A row begins with what the column `of` has.

    No model is made of a row, so there may be thousands.
    """

    def condition(word: str) -> Q:
        found = frozenset(key for key, *has in rows() if word in fold(shown(*has)))
        return Q(**{f"{of}__among": found})

    return condition


def _derived(page: Any, column: Any) -> Condition | None:
    field = _field_of(page, column)
    if field is None or field.is_relation:
        return None
    if field.choices:
        labels = [(str(label), Q(**{field.name: value})) for value, label in field.flatchoices]
        return by_texts(lambda: labels)
    if isinstance(field, IntegerField):
        return partial(_is_number, field.name)
    return _text_condition(page, field)


def _text_condition(page: Any, field: "Field[Any, Any]") -> Condition | None:
    if not isinstance(field, CharField | TextField):
        return None
    folded = [one for one in folded_fields(page.model) if field.name in one.made_of]
    if any(isinstance(one, SearchField) and one.name in page.search_fields for one in folded):
        return None
    plain = next((one for one in folded if one.sources == (field.name,)), None)
    lookup = "has" if isinstance(plain, FoldedField) else "icontains"
    return partial(_has, plain.name if plain else field.name, lookup)


def _has(name: str, lookup: str, word: str) -> Q:
    return Q(**{f"{name}__{lookup}": word})


def _is_number(name: str, word: str) -> Q:
    return Q(**{name: int(word)}) if word.isascii() and word.isdigit() and len(word) < 10 else NEVER


def _field_of(page: Any, column: Any) -> "Field[Any, Any] | None":
    """The column of the database that is shown, or that the shown one is ordered by."""
    shown = getattr(page, column, None) if isinstance(column, str) else column
    name = getattr(shown, "admin_order_field", None) or column
    if not isinstance(name, str):
        return None
    try:
        found = page.model._meta.get_field(name.removeprefix("-"))
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, Field) else None
