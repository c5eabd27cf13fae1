"""Search, ordering and filters of lists, as DRF filter backends.

Each tells the strict fields that validate its query parameters (`get_fields`); the viewset puts
them together, so an unknown name or a wrong value is refused before anything is read.
"""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from manage_api.changes import PARAMETER as UPDATED_SINCE
from manage_api.fields import (
    MomentField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateField,
)
from manage_api.permissions import may_read
from syteops.core.folding import ordered_by
from syteops.core.search import MANY, MOST_WORDS, has_row, search, words_of

__all__ = ["FilterBackend", "FilterSet", "OrderingBackend", "RowFilter", "SearchBackend", "filters"]

# The first that fits: a ChoiceFilter is no CharFilter, but the other way round one may be.
_FIELDS: list[tuple[type[filters.Filter], type[Any]]] = [
    (filters.ChoiceFilter, StrictChoiceField),
    (filters.BooleanFilter, StrictBooleanField),
    (filters.IsoDateTimeFilter, MomentField),
    (filters.DateFilter, StrictDateField),
    (filters.CharFilter, StrictCharField),
]
_NOT_FOR_FIELDS = ("required", "label", "widget", "empty_label", "null_label", "null_value")


class FilterSet(filters.FilterSet):  # type: ignore[misc]
    """Base of an entity's filters: each filter is a query parameter."""


class RowFilter(filters.CharFilter):  # type: ignore[misc]
    """What has a row, in another table, in which the column `field_name` is that: see `has_row`."""

    def filter(self, found: QuerySet[Any], value: str) -> QuerySet[Any]:
        return found.filter(has_row(found.model, self.field_name, value))


class FilterBackend(filters.DjangoFilterBackend):  # type: ignore[misc]
    """django-filter's filter sets (`filterset_class`), fed with what is validated already."""

    def get_fields(self, view: Any) -> dict[str, Any]:
        filterset = getattr(view, "filterset_class", None)
        return fields_of(filterset) if filterset else {}

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        names = set(self.get_fields(view))
        if view.validated.get(UPDATED_SINCE):
            # What a default leaves out may have been changed: whoever keeps a copy would miss it.
            names &= view.call.input.keys()
        given = {n: view.validated[n] for n in names if view.validated.get(n) not in (None, "")}
        if not given:
            return queryset
        # What a default leaves out makes no list a filtered one.
        if not given.keys().isdisjoint(view.call.input):
            view.most_counted = MANY
        filterset = view.filterset_class(queryset=queryset, request=request)
        for name, value in given.items():
            queryset = filterset.filters[name].filter(queryset, value)
        return queryset


def fields_of(filterset: type[FilterSet]) -> dict[str, Any]:
    """The strict fields of a filter set, each by the name of its parameter."""
    return {name: _field(one) for name, one in filterset.base_filters.items()}


def _field(declared: filters.Filter) -> Any:
    """The strict field of a filter; what the filter is given beyond its own is the field's."""
    strict = next(field for kind, field in _FIELDS if isinstance(declared, kind))
    options = {n: v for n, v in declared.extra.items() if n not in _NOT_FOR_FIELDS}
    return strict(required=False, **options)


class SearchBackend(BaseFilterBackend):
    """`?search=`: every word must occur in one of the view's `search_fields`."""

    def get_fields(self, view: Any) -> dict[str, Any]:
        if not view.search_fields:
            return {}
        where = f"must all occur in {view.search_help}, in any case and with or without accents"
        help_text = f"Words ({MOST_WORDS} at most) that {where}."
        field = StrictCharField(
            required=False, allow_blank=True, max_length=200, help_text=help_text
        )
        return {"search": field}

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        text = view.validated.get("search", "")
        if not words_of(text):
            return queryset
        view.most_counted = MANY
        of_others, reader = view.search_reads, view.principal
        fields = [
            one
            for one in view.search_fields
            if one not in of_others or may_read(reader, of_others[one])
        ]
        return search(queryset, fields, text)


class OrderingBackend(BaseFilterBackend):
    """`?ordering=`: a name of the view's `ordering_fields`, with "-" in front for descending.

    Texts are in the order of their folding. What has no value comes last either way, on every
    database.
    """

    def get_fields(self, view: Any) -> dict[str, Any]:
        if not view.ordering_fields:
            return {}
        choices = [f"{sign}{name}" for name in view.ordering_fields for sign in ("", "-")]
        help_text = 'With "-" in front: descending.'
        field = StrictChoiceField(choices=choices, default=view.ordering, help_text=help_text)
        return {"ordering": field}

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: Any
    ) -> QuerySet[Any]:
        if not view.ordering_fields:
            return queryset
        wanted = view.validated["ordering"]
        name = wanted.removeprefix("-")
        columns = view.ordering_fields[name] or name
        columns = columns if isinstance(columns, tuple) else (columns,)
        down = wanted.startswith("-")
        sign = "-" if down else ""
        if columns == (view.ordering_tie_break.removeprefix("-"),):
            return queryset.order_by(f"{sign}{columns[0]}")  # nothing is left to tell apart
        by = [ordered_by(queryset.model, one, descending=down) for one in columns]
        return queryset.order_by(*by, view.ordering_tie_break)
