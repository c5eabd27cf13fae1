"""Queries that are composed once and asked often: composing one takes Django longer than asking."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from django.db import connections, models
from django.db.transaction import TransactionManagementError

R = TypeVar("R")
_LENGTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Prepared(Generic[R]):
    """What `compose` asks for, of values that differ from call to call.

    `compose` takes one argument for each of them and gives a queryset, of objects or of
    `values_list`; in it the argument stands for the value, or for the list of values after `__in`.
    It may not depend on anything else that changes. Calling the prepared query gives the list of
    what is found; for an empty list of values that is nothing.
    """

    def __init__(self, compose: Callable[..., "models.QuerySet[Any, R]"]) -> None:
        self._compose = compose
        # By connection: each thread has its own, and what reads a column belongs to one.
        self._plans: WeakKeyDictionary[Any, dict[tuple[int, ...], _Plan]] = WeakKeyDictionary()

    def __call__(self, *values: Any) -> list[R]:
        if [] in values:
            return []
        values = tuple(_filled_up(one) if isinstance(one, list) else one for one in values)
        shape = tuple(len(one) if isinstance(one, list) else 0 for one in values)
        connection: Any = connections["default"]
        plans = self._plans.setdefault(connection, {})
        if shape not in plans:
            plans[shape] = _Plan(self._compose(*map(_Placeholder, count(), shape)), connection)
        return plans[shape].ask(values)


class _Placeholder(models.Expression):
    """Stands for a value, or a list of `length` values, that is not known yet.

    Among the parameters of the statement, the place of each value stands for it.
    """

    def __init__(self, place: int, length: int) -> None:
        super().__init__()
        self.place, self.length = place, length

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if not self.length:
            return "%s", [_Place(self.place)]
        places = [_Place(self.place, position) for position in range(self.length)]
        return f"({', '.join(['%s'] * self.length)})", places


class _Place(NamedTuple):
    """Where a value is among those of a call."""

    place: int
    position: int | None = None

    def value(self, values: Sequence[Any]) -> Any:
        found = values[self.place]
        return found if self.position is None else found[self.position]


class _Plan:
    """A queryset whose SQL is there, for one connection; Django reads the rows as ever."""

    def __init__(self, queryset: Any, connection: Any) -> None:
        query = queryset.query
        self._connection, self._locks = connection, query.select_for_update
        compiler = query.get_compiler(connection=connection)
        self._sql, self._parameters = compiler.as_sql()
        converters = compiler.get_converters([one[0] for one in compiler.select])
        compiler.get_converters = lambda expressions: converters
        query.get_compiler = lambda *args, **kwargs: compiler
        self._compiler, self._found = compiler, queryset._iterable_class(queryset)
        self._prefetched = queryset._prefetch_related_lookups

    def ask(self, values: Sequence[Any]) -> list[Any]:
        if self._locks and not self._connection.in_atomic_block:
            raise TransactionManagementError("A lock needs a transaction.")
        parameters = tuple(
            one.value(values) if isinstance(one, _Place) else one for one in self._parameters
        )
        self._compiler.as_sql = lambda *args, **kwargs: (self._sql, parameters)
        found = list(self._found)
        models.prefetch_related_objects(found, *self._prefetched)
        return found


def _filled_up(values: list[Any]) -> list[Any]:
    """The list with its last value again and again, so that few lengths ever need a statement."""
    length = next((one for one in _LENGTHS if one >= len(values)), len(values))
    return [*values, *values[-1:] * (length - len(values))]
