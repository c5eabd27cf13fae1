"""Statements that are composed once: for Django, composing one takes longer than running it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache, lru_cache
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models
from django.db.models.query import ValuesListIterable
from django.db.transaction import TransactionManagementError

R = TypeVar("R")
_AS_THEY_ARE = {int, str}
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

    def __call__(self, *values: Any) -> list[R]:
        if [] in values:
            return []
        plan, values = self._planned(values)
        return plan.ask(values)

    def page(self, start: int, most: int) -> list[R]:
        """So many of them from that number on; of a query that takes no values."""
        plan, _ = self._planned(())
        return plan.ask((), " LIMIT %s OFFSET %s", (most, start))

    def count(self) -> int:
        """How many there are; of a query that takes no values."""
        plan, _ = self._planned(())
        return plan.count()

    def _planned(self, values: tuple[Any, ...]) -> "tuple[_Plan, tuple[Any, ...]]":
        values = tuple(_pad(one) if isinstance(one, list) else one for one in values)
        shape = tuple(len(one) if isinstance(one, list) else 0 for one in values)
        connection: Any = connections[DEFAULT_DB_ALIAS]
        # Each thread has its own connection, and what reads a column belongs to one.
        plans: dict[Any, _Plan] = vars(connection).setdefault("prepared", {})
        if (self, shape) not in plans:
            composed = self._compose(*map(_Placeholder, count(), shape))
            plans[self, shape] = _Plan(composed, connection)
        return plans[self, shape], values


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


class _Parameters:
    """What a statement takes: values that are known, and places of those of a call."""

    def __init__(self, composed: Sequence[Any]) -> None:
        self._composed = tuple(composed)
        places = [one for one in composed if type(one) is _Place]
        listed = [_Place(0, position) for position in range(len(places))]
        self._is_one_list = bool(places) and [*composed] == listed

    def filled(self, given: Sequence[Any]) -> tuple[Any, ...]:
        """All of them for these values of a call."""
        if self._is_one_list:  # as most that ask for many rows: nothing need be looked for
            return tuple(given[0])
        return tuple(one.value(given) if type(one) is _Place else one for one in self._composed)


class _Plan:
    """A queryset whose SQL is there, for one connection; Django reads the rows as ever."""

    def __init__(self, queryset: Any, connection: Any) -> None:
        query = queryset.query
        self._connection, self._locks = connection, query.select_for_update
        compiler = query.get_compiler(connection=connection)
        self._sql, parameters = compiler.as_sql()
        self._parameters = _Parameters(parameters)
        converters = compiler.get_converters([one[0] for one in compiler.select])
        compiler.get_converters = lambda expressions: converters
        compiler.execute_sql = lambda *args, **kwargs: None
        compiler.results_iter = self._rows
        self._width = compiler.col_count if compiler.has_extra_select else None
        self._read: Sequence[Any] = ()
        self._converters = [(place, *each) for place, each in converters.items()]
        # Values that need nothing done to them are the rows as they come.
        self._is_plain = not converters and issubclass(queryset._iterable_class, ValuesListIterable)
        query.get_compiler = lambda *args, **kwargs: compiler
        self._compiler, self._found = compiler, queryset._iterable_class(queryset)
        self._prefetched = queryset._prefetch_related_lookups

    def count(self) -> int:
        with preparing_cursor(self._connection) as cursor:
            counting = f"SELECT COUNT(*) FROM ({self._sql}) AS counted"  # noqa: S608 - our own
            cursor.execute(counting, self._parameters.filled(()))
            return int(cursor.fetchone()[0])

    def ask(
        self, values: Sequence[Any], limits: str = "", further: tuple[int, ...] = ()
    ) -> list[Any]:
        if self._locks and not self._connection.in_atomic_block:
            raise TransactionManagementError("A lock needs a transaction.")
        adapted = self._connection.ops.adapt_unknown_value
        given = [
            (value if _AS_THEY_ARE.issuperset(map(type, value)) else [*map(adapted, value)])
            if isinstance(value, list)
            else adapted(value)
            for value in values
        ]
        parameters = self._parameters.filled(given)
        with preparing_cursor(self._connection) as cursor:
            cursor.execute(self._sql + limits, parameters + further)
            self._read = cursor.fetchall()
        if self._is_plain:
            return [*self._read]
        found = list(self._found)
        models.prefetch_related_objects(found, *self._prefetched)
        return found

    def _rows(self, *args: Any, tuple_expected: bool = False, **kwargs: Any) -> Iterator[Any]:
        """What was read, with Python's values: as the compiler's own, which is asked for rows."""
        read, self._read = self._read, ()
        if self._width is not None:
            read = [row[: self._width] for row in read]
        if not self._converters:
            return iter(read)
        connection, rows = self._connection, [*map(list, read)]
        for place, convert, expression in self._converters:
            for one in convert:
                for row in rows:
                    row[place] = one(row[place], expression, connection)
        return map(tuple, rows) if tuple_expected else iter(rows)


def preparing_cursor(connection: Any) -> Any:
    """A cursor whose statements the database keeps ready, where it can: see `core.postgresql`.

    For statements that come again and again. SQLite's client keeps all of them ready.
    """
    return getattr(connection, "preparing_cursor", connection.cursor)()


def _pad(values: list[Any]) -> list[Any]:
    """The list with its last value again and again, so that few lengths ever need a statement."""
    most = _LENGTHS[-1]
    length = next((one for one in _LENGTHS if one >= len(values)), -(-len(values) // most) * most)
    return [*values, *values[-1:] * (length - len(values))]


def insert_row(instance: models.Model) -> None:
    """Store a new row as `save(force_insert=True)` does, without signals.

    The database chooses the primary key.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    columns, statement, returns = _insertion(type(instance), connection.vendor)
    values = _stored_values(instance, columns, connection, add=True)
    with preparing_cursor(connection) as cursor:
        cursor.execute(statement + returns, values)
        instance.pk = cursor.fetchone()[0] if returns else cursor.lastrowid
    instance._state.adding, instance._state.db = False, DEFAULT_DB_ALIAS


def insert_rows(instances: Sequence[models.Model]) -> None:
    """Store new rows of one model, without signals; none is told its primary key."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    columns, statement, _ = _insertion(type(instances[0]), connection.vendor)
    rows = [_stored_values(one, columns, connection, add=True) for one in instances]
    with preparing_cursor(connection) as cursor:
        cursor.executemany(statement, rows)


def update_row(instance: models.Model, names: Collection[str]) -> None:
    """Store those columns of a row as `save(update_fields=names)` does, without signals.

    Raises DatabaseError for a row that is not there.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    columns, statement = _change(type(instance), frozenset(names), connection.vendor)
    values = _stored_values(instance, columns, connection, add=False)
    with preparing_cursor(connection) as cursor:
        cursor.execute(statement, [*values, instance.pk])
        if cursor.rowcount != 1:
            raise DatabaseError("The row to be changed is not there.")


def _stored_values(
    instance: models.Model, columns: "Columns", connection: Any, add: bool
) -> list[Any]:
    """What the columns are to hold. A text is that already; Django would ask six methods for it."""
    values = []
    for name, field in columns:
        value = getattr(instance, name) if name else None
        if type(value) is not str:
            value = field.get_db_prep_save(field.pre_save(instance, add=add), connection)
        values.append(value)
    return values


Columns = Sequence[tuple[str, Any]]
"""Fields, each with the attribute where its text is, or "" where a text is not stored as it is."""


def _columns(fields: Sequence[Any]) -> Columns:
    return [(field.attname if _keeps_texts(field) else "", field) for field in fields]


def _keeps_texts(field: "models.Field[Any, Any]") -> bool:
    """Whether a text is stored as it is, by Django's own methods and no other."""
    kind, base = type(field), models.TextField if _is_long(field) else models.CharField
    return issubclass(kind, base) and all(
        getattr(kind, name) is getattr(base, name)
        for name in ("pre_save", "get_db_prep_save", "get_db_prep_value", "get_prep_value")
    )


def _is_long(field: "models.Field[Any, Any]") -> bool:
    return isinstance(field, models.TextField)


@cache
def _insertion(model: type[models.Model], vendor: str) -> tuple[Columns, str, str]:
    """The columns of a new row, the statement, and what has it return the primary key."""
    connection: Any = connections[DEFAULT_DB_ALIAS]
    quote, key = connection.ops.quote_name, _primary_key(model)
    fields = [field for field in model._meta.concrete_fields if field is not key]
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608
    if not connection.features.can_return_columns_from_insert:  # SQLite before 3.35
        return _columns(fields), statement, ""
    return _columns(fields), statement, f" RETURNING {quote(key.column)}"


@lru_cache(maxsize=512)
def _change(model: type[models.Model], names: frozenset[str], vendor: str) -> tuple[Columns, str]:
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    fields: list[Any] = [field for field in model._meta.concrete_fields if field.name in names]
    columns = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    where = f"{quote(_primary_key(model).column)} = %s"
    statement = f"UPDATE {quote(model._meta.db_table)} SET {columns} WHERE {where}"  # noqa: S608
    return _columns(fields), statement


def _primary_key(model: type[models.Model]) -> Any:
    return model._meta.pk
