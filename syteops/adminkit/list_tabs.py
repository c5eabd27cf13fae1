"""Quick filters: tabs above a list, each with how many there are.

They follow from the list's `list_filter`: its first filter by a column with choices, or its first
`TabFilter`, has a tab for each of its values.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin


class TabFilter(admin.SimpleListFilter):
    """A filter whose values are the tabs of the list."""

    def counts(self, request: HttpRequest, model_admin: Any) -> Mapping[str, int]:
        """How many there are of each value, whatever else is asked for."""
        raise NotImplementedError


class ListTabsAdmin(ModelAdmin):  # type: ignore[misc]
    """Shows them."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            shown["tabs"] = self._tabs(request, shown["cl"])
        return response

    def _tabs(self, request: HttpRequest, listed: Any) -> list[dict[str, Any]]:
        for one in self.get_list_filter(request):
            if isinstance(one, type) and issubclass(one, TabFilter):
                spec = next(spec for spec in listed.filter_specs if isinstance(spec, one))
                values = dict(spec.lookup_choices)
                return _made(listed, one.parameter_name, values, spec.counts(request, self))
            name = one[0] if isinstance(one, tuple) else one
            field = next((f for f in self.opts.fields if f.name == name and f.choices), None)
            if field is not None:
                counts = self._counts(request, field.name)
                return _made(listed, f"{name}__exact", dict(field.flatchoices), counts)
        return []

    def _counts(self, request: HttpRequest, name: str) -> dict[str, int]:
        pks = self.get_queryset(request).order_by().values("pk")
        found = self.model._default_manager.filter(pk__in=pks).order_by()
        return dict(found.values_list(name).annotate(Count("pk")))


def _made(
    listed: Any, parameter: str | None, values: Mapping[str, Any], counts: Mapping[str, int]
) -> list[dict[str, Any]]:
    """A tab for each value, whose address keeps what else was asked for."""
    chosen = listed.params.get(parameter) or listed.filter_params.get(parameter) or ""
    chosen = chosen[0] if isinstance(chosen, list) else chosen
    return [
        {
            "label": label,
            "count": None if value == "" else counts.get(value, 0),
            "address": listed.get_query_string({parameter: value or None}, ["p"]),
            "is_chosen": str(value) == chosen,
        }
        for value, label in {"": "All", **values}.items()
    ]
