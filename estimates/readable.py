"""How the admin shows values where one may only read them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from estimates.templatetags.amounts import number


class Readable:
    """Mixin: what is only read has numbers without needless zeros, and no link to what is gone."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        found: Any = super().get_fieldsets(request, obj)  # type: ignore[misc]
        if obj is None or self.has_change_permission(request, obj):  # type: ignore[attr-defined]
            return found
        return [
            (title, {**options, "fields": [self._shown(one, obj) for one in options["fields"]]})
            for title, options in found
        ]

    def _shown(self, name: Any, obj: Any) -> Any:
        if isinstance(name, (list, tuple)):
            return tuple(self._shown(one, obj) for one in name)
        field = {one.name: one for one in self.opts.fields}.get(name)  # type: ignore[attr-defined]
        if isinstance(field, models.DecimalField):
            return _column(field, number)
        is_gone = isinstance(field, models.ForeignKey) and _is_deleted(getattr(obj, name))
        return _column(field, with_deletion) if is_gone else name


def with_deletion(named: Any) -> str:
    """Its name, and whether it was deleted."""
    return f"{named} (deleted)" if _is_deleted(named) else str(named)


def _is_deleted(named: Any) -> bool:
    return getattr(named, "deleted_at", None) is not None


def _column(field: Any, written: Callable[[Any], str]) -> Callable[[Any], str]:
    @admin.display(description=field.verbose_name)
    def shown(obj: Any) -> str:
        return written(getattr(obj, field.name))

    shown.__name__ = field.name  # of which the theme makes classes, and Django the help
    return shown
