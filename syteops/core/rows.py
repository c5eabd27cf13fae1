"""Rows without a detour: read by SQL that was compiled once, or put there in one statement."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import Model

M = TypeVar("M", bound=Model)


def load_row(model: type[M], row: Sequence[Any]) -> M:
    """The object whose concrete fields the row has, in their order."""
    database, values = connections[DEFAULT_DB_ALIAS], list(row)
    for place, field, converters in _converters(model, database.vendor):
        for convert in converters:
            values[place] = convert(values[place], field, database)
    return model.from_db(DEFAULT_DB_ALIAS, _names(model), values)


@cache
def _names(model: type[Model]) -> list[str]:
    return [one.attname for one in model._meta.concrete_fields]


@cache
def _converters(model: type[Model], vendor: str) -> list[tuple[int, Any, list[Callable[..., Any]]]]:
    """What makes a database's values Python's, by the place in a row; as Django does it."""
    found = []
    for place, field in enumerate(model._meta.concrete_fields):
        column = field.get_col(model._meta.db_table)
        of_backend = connection.ops.get_db_converters(column)
        if converters := [*of_backend, *column.get_db_converters(connection)]:
            found.append((place, column, converters))
    return found


def put_row(instance: Model) -> None:
    """Store that row, new or in the place of the one with its primary key, in one statement."""
    fields = type(instance)._meta.concrete_fields
    with transaction.atomic(durable=True):
        type(instance)._base_manager.bulk_create(
            [instance],
            update_conflicts=True,
            unique_fields=[one.name for one in fields if one.primary_key],
            update_fields=[one.name for one in fields if not one.primary_key],
        )
