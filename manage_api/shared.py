"""Serializers built once for each thread: to build their fields takes longer than to use them."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from manage_api.operations import SerializerClass
from manage_api.rows import RowPlan, plan_rows
from manage_api.serializers import StrictSerializer

_local = threading.local()


def represent(serializer_class: SerializerClass, shown: Any, context: Mapping[str, Any]) -> Any:
    """`shown` as the serializer represents it."""
    return _serializer(serializer_class, False, context).to_representation(shown)


def represent_each(
    serializer_class: SerializerClass, shown: Iterable[Any], context: Mapping[str, Any]
) -> list[Any]:
    """Each of `shown` so."""
    return [*map(_serializer(serializer_class, False, context).to_representation, shown)]


def represent_rows(
    viewset: Any, rows: Sequence[tuple[Any, ...]], context: Mapping[str, Any]
) -> list[Any]:
    """Rows of the viewset's `row_plan` as its list shows them."""
    plan = row_plan(viewset)
    assert plan is not None
    _serializer(viewset.listed_class(), False, context)  # the plan's fields are this one's
    return plan.show(rows, viewset.related_values([row[0] for row in rows]))


def row_plan(viewset: Any) -> RowPlan | None:
    """How the viewset's list shows rows; None if it has to show objects."""
    planned: dict[Any, RowPlan | None] = _local.__dict__.setdefault("planned", {})
    if viewset not in planned:
        serializer = _serializer(viewset.listed_class(), False, {})
        is_usual = type(serializer).to_representation is StrictSerializer.to_representation
        related = viewset.related_values([])
        planned[viewset] = (
            plan_rows(serializer.fields, viewset.queryset, related) if is_usual else None
        )
    return planned[viewset]


def validate(
    serializer_class: SerializerClass,
    data: Mapping[str, Any],
    context: Mapping[str, Any],
    *,
    partial: bool,
) -> dict[str, Any]:
    """`data` as the serializer takes it. Raises DRF's ValidationError."""
    serializer = _serializer(serializer_class, partial, context)
    serializer.initial_data = data
    return dict(serializer.run_validation(data))


def _serializer(
    serializer_class: SerializerClass, partial: bool, context: Mapping[str, Any]
) -> Any:
    """The one of this thread, in the context of this call."""
    built: dict[Any, Any] = _local.__dict__.setdefault("built", {})
    key = serializer_class, partial
    if key not in built:
        built[key] = serializer_class(partial=partial)
    built[key]._context = context
    return built[key]
