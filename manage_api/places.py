"""Lists in their order, read from a number or from a place on.

A place is what a row is ordered by, its values from the first column to the tie-break. What stands
behind it are the rows of a few conditions, one after the other, and each of them is a range of an
index: so a page far behind costs what the first one does. Joined by OR, no database would see that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import ValidationError
from django.db.models import F, OrderBy, Q, QuerySet, TextField, Value

from syteops.core.entities import Numbered
from syteops.core.prepared import Prepared
from syteops.core.search import HasRow

Place = Sequence[Any]
Fetched = Mapping[Any, Any]
"""What is shown of rows, or made of them, by their primary keys."""


class Row(NamedTuple):
    """What names a row, its place, and what it holds, where that was read with it."""

    key: Any
    place: Place
    read: tuple[Any, ...] | None = None


class Ordered(Protocol):
    """A list in an order in which no two rows have the same place."""

    def from_number(self, start: int, most: int) -> list[Row]:
        """So many rows from that number on; the first is 0."""

    def behind(self, place: Place, most: int) -> list[Row]:
        """So many rows behind the place. Raises ValueError for what is no place of this order."""

    def load(self, rows: Sequence[Row]) -> list[Any]:
        """What the rows are, without those that are gone by now."""

    def count(self, most: int | None = None) -> int | None:
        """How many there are; None if that is more than `most`."""


class Derived:
    """A list that is no table. `name` is the attribute by which it is sorted, alone."""

    def __init__(self, found: Sequence[Any], name: str) -> None:
        self._found, self._name = found, name

    def from_number(self, start: int, most: int) -> list[Row]:
        return [Row(one, [getattr(one, self._name)]) for one in self._found[start : start + most]]

    def behind(self, place: Place, most: int) -> list[Row]:
        if len(place) != 1 or not isinstance(place[0], str):
            raise ValueError(place)
        start = sum(getattr(one, self._name) <= place[0] for one in self._found)
        return self.from_number(start, most)

    def load(self, rows: Sequence[Row]) -> list[Any]:
        return [one.key for one in rows]

    def count(self, most: int | None = None) -> int | None:
        return len(self._found)


class Stored:
    """The rows of a queryset whose order ends with a column that no two of them share.

    First their keys are looked for, then `load` fetches the few that are shown: what is skipped or
    sorted is never read as a whole. `fetch` gives what those keys name.
    """

    def __init__(self, found: QuerySet[Any], fetch: Callable[[list[Any]], Fetched]) -> None:
        self._found, self._fetch = found, fetch
        self._columns = [_Column(f"place_{n}", by) for n, by in enumerate(order_of(found))]
        self._keys = found.annotate(**{one.name: one.by.expression for one in self._columns})

    def from_number(self, start: int, most: int) -> list[Row]:
        if start == 0:
            return self._collect(_from_the_first(self._columns), most)
        return self._read(Q(), self._columns, start, most)

    def behind(self, place: Place, most: int) -> list[Row]:
        return self._collect(_behind(self._columns, self._values(place)), most)

    def load(self, rows: Sequence[Row]) -> list[Any]:
        there = self._fetch([one.key for one in rows])
        return [there[one.key] for one in rows if one.key in there]

    def count(self, most: int | None = None) -> int | None:
        if most is None:
            return _counted(self._found).count()
        count = _counted(self._found).order_by()[: most + 1].count()
        return count if count <= most else None

    def _values(self, place: Place) -> list[Any]:
        """The place as the columns' own values."""
        fields = [self._keys.query.annotations[one.name].output_field for one in self._columns]
        try:
            return [field.to_python(one) for field, one in zip(fields, place, strict=True)]
        except (ValidationError, TypeError) as error:
            raise ValueError(place) from error

    def _collect(self, parts: "Iterator[_Part]", most: int) -> list[Row]:
        """The first rows of the parts, each of which stands behind the one before."""
        rows: list[Row] = []
        for condition, columns in parts:
            rows += self._read(condition, columns, 0, most - len(rows))
            if len(rows) == most:
                break
        return rows

    def _read(self, condition: Q, columns: "list[_Column]", start: int, most: int) -> list[Row]:
        return _rows(self._places(condition, columns)[start : start + most])

    def _places(self, condition: Q, columns: "list[_Column]") -> Any:
        found = self._keys.filter(condition).order_by(*(one.by for one in columns))
        return found.values_list("pk", *(one.name for one in self._columns))


class Settled(Stored):
    """The same of a list that depends on nothing but the database: it is composed once.

    `paths` are columns, the primary key in front, that suffice to show a row: those in front of the
    list, which nothing is skipped for, are read at once.
    """

    def __init__(
        self,
        found: QuerySet[Any],
        fetch: Callable[[list[Any]], Fetched],
        paths: Sequence[str] = (),
    ) -> None:
        super().__init__(found, fetch)
        self._width = len(paths)
        self._whole = _prepared(self._places(Q(), self._columns))
        self._parts = [self._part(paths, *part) for part in _from_the_first(self._columns)]
        self._counted = _prepared(_counted(found).order_by().values_list("pk"))

    def _part(self, paths: Sequence[str], *part: Any) -> Prepared[tuple[Any, ...]]:
        names = [one.name for one in self._columns]
        return _prepared(self._places(*part).values_list(*(paths or ("pk",)), *names))

    def from_number(self, start: int, most: int) -> list[Row]:
        if start:
            return _rows(self._whole.page(start, most))
        rows: list[Row] = []
        for part in self._parts:
            rows += _rows(part.page(0, most - len(rows)), self._width)
            if len(rows) == most:
                break
        return rows

    def load(self, rows: Sequence[Row]) -> list[Any]:
        if rows and rows[0].read is not None:
            return [one.read for one in rows]
        return super().load(rows)

    def count(self, most: int | None = None) -> int | None:
        return self._counted.count() if most is None else super().count(most)


def _counted(found: QuerySet[Any]) -> QuerySet[Any]:
    """As many rows, which are all in an index: whatever is live has a number, and what has a row of
    another table, and need have nothing else, has one of them.
    """
    model: Any = found.model
    if issubclass(model, Numbered) and found.query.where == model.objects.all().query.where:
        found = model.all_objects.filter(number__isnull=False)
    conditions = [getattr(one, "lhs", one) for one in found.query.where.children]
    if len(conditions) == 1 and isinstance(conditions[0], HasRow):
        found = conditions[0].rows
    return found


def _prepared(found: Any) -> Prepared[tuple[Any, ...]]:
    return Prepared(lambda: found)


def _rows(read: Iterable[tuple[Any, ...]], width: int = 0) -> list[Row]:
    """The rows that were read: of `width` columns and their place, or of a key and its place."""
    if width:
        return [Row(row[0], row[width:], row) for row in read]
    return [Row(row[0], row[1:]) for row in read]


def order_of(found: QuerySet[Any]) -> list[OrderBy]:
    """By what a queryset is ordered, as expressions."""
    given = found.query.order_by or found.model._meta.ordering
    return [one if isinstance(one, OrderBy) else _named_order(str(one)) for one in given]


def _named_order(name: str) -> OrderBy:
    return OrderBy(F(name.removeprefix("-")), descending=name.startswith("-"))


class _Column:
    """One column of an order, under the name that the queryset has it as. No value comes last."""

    def __init__(self, name: str, by: OrderBy) -> None:
        self.name, self.by = name, by

    @property
    def may_lack(self) -> bool:
        """Whether there may be rows without a value."""
        return bool(self.by.nulls_last)

    @property
    def of_values(self) -> "_Column":
        """The column where all rows have a value: whichever way, an index has that order."""
        return _Column(self.name, OrderBy(self.by.expression, descending=self.by.descending))

    def lacks(self) -> Q:
        return Q(**{f"{self.name}__isnull": True})

    def has(self) -> Q:
        return Q(**{f"{self.name}__isnull": False})

    def is_same(self, value: Any) -> Q:
        return self.lacks() if value is None else Q(**{self.name: _as_it_is(value)})

    def is_behind(self, value: Any) -> Q:
        return Q(**{f"{self.name}__{'lt' if self.by.descending else 'gt'}": _as_it_is(value)})


_Part = tuple[Q, list[_Column]]
"""Some rows, and what orders them among themselves."""


def _as_it_is(value: Any) -> Any:
    """A folded text is compared as it was read, and not folded anew."""
    return Value(value, TextField()) if isinstance(value, str) else value


def _from_the_first(columns: list[_Column]) -> Iterator[_Part]:
    first, *others = columns
    if not first.may_lack:
        yield Q(), columns
        return
    yield first.has(), [first.of_values, *others]
    yield first.lacks(), others


def _behind(columns: list[_Column], place: Sequence[Any]) -> Iterator[_Part]:
    """Nearest are those that differ in the last column only, and so on to the first."""
    for depth in reversed(range(len(columns))):
        column, value, others = columns[depth], place[depth], columns[depth + 1 :]
        if value is None:
            continue  # behind those without a value is nothing
        same = Q()
        for before, its in zip(columns[:depth], place[:depth], strict=True):
            same &= before.is_same(its)
        yield same & column.is_behind(value), [column.of_values, *others]
        if column.may_lack:
            yield same & column.lacks(), others
