"""Choosing among the rows of another table: all are listed while they are few, else searched for.

So the length of a page does not grow with the table. What is searched is answered by Django's page
for that, to whoever may see the other table's list; for everybody else all rows are listed.
"""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.contrib.filters.admin.dropdown_filters import RelatedDropdownFilter

from syteops.core.identifiers import ROW_ID

FEW = 50
"""So many are listed."""


def are_few(rows: QuerySet[Any]) -> bool:
    """Whether all of them are listed."""
    return not rows.order_by()[FEW : FEW + 1].exists()


class _Searched:
    """As `listed` shows it while there are few choices; without it they are always searched."""

    listed: forms.Select | None = None
    attrs: dict[str, Any]
    choices: Any
    is_required: bool

    def optgroups(self, name: str, value: Sequence[str], attr: Any = None) -> Any:
        """What was chosen if that is an id; Django asks the database for whatever was sent."""
        chosen = [one for one in value if re.fullmatch(ROW_ID, one)]
        return super().optgroups(name, chosen, attr)  # type: ignore[misc]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        shown: Any = self._shown or super()
        rendered: SafeString = shown.render(name, value, attrs, renderer)
        return rendered

    @property
    def media(self) -> forms.Media:
        shown: Any = self._shown or super()
        media: forms.Media = shown.media
        return media

    @cached_property
    def _shown(self) -> forms.Select | None:
        if self.listed is None or not are_few(self.choices.queryset):
            return None
        shown = copy(self.listed)
        shown.attrs = {**shown.attrs, **self.attrs}
        shown.choices, shown.is_required = self.choices, self.is_required
        return shown


class SearchedSelect(_Searched, AutocompleteSelect):
    """One of the rows."""


class SearchedSelectMultiple(_Searched, AutocompleteSelectMultiple):
    """Several of them."""


def make_searched(field: Any, model_field: Any, request: HttpRequest | None) -> None:
    """Let the form's `field` search for what the model's field refers to, once it is much."""
    if not may_search(model_field, request):
        return
    is_multiple = isinstance(field, forms.ModelMultipleChoiceField)
    made = (SearchedSelectMultiple if is_multiple else SearchedSelect)(model_field, admin.site)
    listed = field.widget
    made.listed, made.choices, made.is_required = listed, field.choices, field.required
    field.widget = made


def may_search(model_field: Any, request: HttpRequest | None) -> bool:
    """Whether the rows that it refers to have a list that can be searched by who asks."""
    page = admin.site._registry.get(model_field.remote_field.model)
    return bool(request and page and page.search_fields and page.has_view_permission(request))


class SearchedFilter(AutocompleteSelectFilter):  # type: ignore[misc]
    """A list's filter by rows of another table."""

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        few = are_few(field.remote_field.model._default_manager.all())
        is_searched = not few and may_search(field, request)
        self.kind: Any = AutocompleteSelectFilter if is_searched else RelatedDropdownFilter
        self.form_class = self.kind.form_class
        super().__init__(field, request, *args, **kwargs)

    def field_choices(self, *args: Any) -> Any:
        return self.kind.field_choices(self, *args)

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield from self.kind.choices(self, changelist)
