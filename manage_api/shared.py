"""Serializers built once for each thread: to build their fields takes longer than to use them."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from manage_api.operations import SerializerClass

_local = threading.local()


def represent(serializer_class: SerializerClass, shown: Any, context: Mapping[str, Any]) -> Any:
    """`shown` as the serializer represents it."""
    return _serializer(serializer_class, False, context).to_representation(shown)


def represent_each(
    serializer_class: SerializerClass, shown: Iterable[Any], context: Mapping[str, Any]
) -> list[Any]:
    """Each of `shown` so."""
    return [*map(_serializer(serializer_class, False, context).to_representation, shown)]


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
