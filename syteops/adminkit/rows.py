"""Editing the rows that belong to an object within the object's own form."""

from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from unfold.admin import TabularInline

from syteops.adminkit.merging import MergeableForm
from syteops.adminkit.strict import ExactFields
from syteops.audit.rows import MAX_ROWS

MOST_SENT = MAX_ROWS + 100
"""Rows in a form: those that an object may have, and some that are taken out. Of more that it only
claims to have, Django would make as many as two thousand, and show each."""


class RowForm(MergeableForm, forms.ModelForm):  # type: ignore[type-arg]
    """A row of an inline."""


class PartsInline(ExactFields, TabularInline):  # type: ignore[misc]
    """Rows that are part of the object: who may change the object may change its rows."""

    extra = 0
    form = RowForm

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        bounds = {"max_num": MOST_SENT, "absolute_max": MOST_SENT}
        return super().get_formset(request, obj, **{**bounds, **kwargs})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """In a table only the column has a heading, which names no input (WCAG 2.2, 4.1.2)."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs.setdefault("aria-label", str(field.label))
        return field

    def _owner(self) -> "ModelAdmin[Any]":
        owner: ModelAdmin[Any] = self.admin_site.get_model_admin(self.parent_model)
        return owner

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._owner().has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        owner = self._owner()
        if obj is None:
            return owner.has_add_permission(request) or owner.has_change_permission(request)
        return owner.has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


class RowsInline(PartsInline):
    """Rows in an order of their own, dragged into it, or moved there by buttons.

    `position` is the last of its `fields`: it is hidden, and the handle stands in the first.
    """

    show_title = False
    if not hasattr(TabularInline, "show_title"):  # the theme for Python 3.11
        hide_title = True
    ordering_field = "position"
    hide_ordering_field = True

    class Media:
        js = (forms.Script("syteops/rows.js", type="module"),)


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An inline's rows as the person has ordered them, without the positions if they have any."""
    ordered = sorted(rows, key=lambda row: row.get("position", 0))
    return [{name: row[name] for name in row if name != "position"} for row in ordered]
