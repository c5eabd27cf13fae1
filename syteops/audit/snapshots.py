"""What an object looks like in the audit trail: its columns as plain JSON values."""

import json
from collections.abc import Container
from decimal import Decimal
from functools import cache
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.fields.files import FieldFile

from syteops.core.encryption import Sealed
from syteops.core.entities import Entity
from syteops.core.folding import FoldedField

EMPTY: tuple[Any, ...] = (None, "", [], {})
"""What counts as no value, and is left out of the entry of a new object."""

_UNSHOWN = ("id", "uid")


def snapshot(instance: models.Model, only: Container[str] | None = None) -> dict[str, Any]:
    """Each column of `instance` by name. A secret stays `Sealed`, for `describe_change`.

    What it refers to is named; of what has no trail that tells whose name that was, such as a
    person, the key is beside it. `only` limits it to the columns named.
    """
    shown: dict[str, Any] = {}
    for field, has_no_trail in _shown_columns(type(instance)):
        if only is not None and field.name not in only:
            continue
        shown[field.name] = _value(instance, field)
        if has_no_trail:
            shown[field.attname] = getattr(instance, field.attname)
    return shown


@cache
def _shown_columns(model: type[models.Model]) -> list[tuple[Any, bool]]:
    """The columns that are shown, and whether they refer to what has no trail."""
    found = []
    for field in model._meta.concrete_fields:
        is_clock = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        if field.name in _UNSHOWN or is_clock or isinstance(field, FoldedField):
            continue
        other = field.related_model
        found.append((field, isinstance(other, type) and not issubclass(other, Entity)))
    return found


def _value(instance: models.Model, field: "models.Field[Any, Any]") -> Any:
    if isinstance(field, models.ForeignKey):
        related = getattr(instance, field.name)
        return related.public_id if isinstance(related, Entity) else related and str(related)
    value = getattr(instance, field.attname)
    if type(value) is str:
        return value
    if isinstance(value, Sealed):
        return value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"  # 2 and 2.0000 are one number
    return value.name if isinstance(value, FieldFile) else json_value(value)


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs between two snapshots: name → (before, after)."""
    return {n: (before[n], after[n]) for n in after if not _same(before[n], after[n])}


def _same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: to Python, 1 and true and 1.0 are equal as well."""
    if one != other or not isinstance(one, dict | list):
        return bool(one == other)
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def describe_change(before: Any, after: Any) -> dict[str, Any]:
    """One field's change as the trail keeps it. Of a secret only whether it is there."""
    if not isinstance(before, Sealed) and not isinstance(after, Sealed):
        return {"before": before, "after": after}
    if after is None:
        return {"before": "set", "after": "cleared"}
    if before is None:
        return {"before": None, "after": "set"}
    return {"before": "set", "after": "replaced"}


def json_value(value: Any) -> Any:
    """`value` as it looks after a trip through JSON (dates as ISO 8601, decimals as strings)."""
    if value is None or type(value) in (str, int, bool):
        return value
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
