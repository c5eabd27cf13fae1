"""Lists that follow from columns alone: shown from the rows, and no object is made of any.

To make an object of a row and to read it again takes most of the time of a list. So where every
field of a serializer is a column, follows from some (`of_columns`), or is known by primary key
(`related_values`), the values are shown as they were read, a column at a time. Where one field is
anything else, there is no plan, and the list shows objects as `showing` does.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple

from django.db.models import (
    BooleanField,
    CharField,
    FileField,
    IntegerField,
    Model,
    QuerySet,
    TextField,
)
from django.db.models.fields.files import FieldFile, FileDescriptor, ImageFieldFile
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.query_utils import DeferredAttribute

from manage_api.showing import Field, Shown, shown_by
from syteops.core.columns import columns_of

Values = Iterable[Any]
"""One for each row."""
Related = Mapping[str, Mapping[Any, Any]]
"""What is shown of others: by attribute and primary key."""


_KEY = "pk"


class Source(NamedTuple):
    """What one field of an answer shows.

    `paths` are the columns whose values `make`, if there is one, makes its own of; without any, the
    value is known by primary key as `related`. `plain` columns are shown as they are read.
    """

    paths: tuple[str, ...] = ()
    make: Callable[..., Values] | None = None
    related: str = ""
    plain: bool = False

    def values(self, read: Mapping[str, Values], related: Related) -> Values:
        """The values, one for each row."""
        if self.related:
            return map(related[self.related].__getitem__, read[_KEY])
        own = [read[path] for path in self.paths]
        return self.make(*own) if self.make else own[0]


class RowPlan:
    """How a list shows rows of `paths`, of which the first is the primary key."""

    def __init__(self, fields: Sequence[tuple[Shown, Source]]) -> None:
        asked = (path for _, source in fields for path in source.paths)
        self.paths = (*dict.fromkeys((_KEY, *asked)),)
        self._names = [shown.name for shown, _ in fields]
        self._fields = [
            (source, None if source.plain else _presenter(shown)) for shown, source in fields
        ]

    def show(self, rows: Sequence[tuple[Any, ...]], related: Related) -> list[dict[str, Any]]:
        """Each of the rows, of which there is one, as the serializer would show its object.

        They may go on behind what `paths` names.
        """
        read = dict(zip(self.paths, zip(*rows, strict=True), strict=False))
        shown = []
        for source, present in self._fields:
            values = source.values(read, related)
            shown.append(present(values) if present else values)
        return [*map(dict, map(zip, repeat(self._names), zip(*shown, strict=True)))]


def plan_rows(
    fields: Mapping[str, Field], found: "QuerySet[Any]", related: Iterable[str]
) -> RowPlan | None:
    """How rows of `found` are shown with those fields; None if that takes objects."""
    if found._prefetch_related_lookups:  # type: ignore[attr-defined]
        return None
    plan = []
    for name, field in fields.items():
        if field.write_only:
            continue
        shown = shown_by(name, field, found.model)
        source = _source(shown, found.model, frozenset(related))
        if source is None:
            return None
        plan.append((shown, source))
    return RowPlan(plan)


def _source(shown: Shown, model: type[Model], related: frozenset[str]) -> Source | None:
    described = getattr(model, shown.attribute, None)
    if shown.attribute in related and not shown.inner:
        return Source(related=shown.attribute)
    if shown.inner:
        return _of_another(shown, described)
    if shown.column:
        return Source((shown.column,), plain=_is_plain(shown, described))
    if isinstance(described, FileDescriptor):
        return _of_file(shown, described.field)
    columns = columns_of(described)
    if columns and all(type(getattr(model, one)) is DeferredAttribute for one in columns):
        following: Any = described
        holder = partial(tuple.__new__, namedtuple("Columns", columns))
        return Source(
            columns, lambda *read: map(following.fget, map(holder, zip(*read, strict=True)))
        )
    return None


def _of_another(shown: Shown, described: Any) -> Source | None:
    """A column of what the object refers to, or nothing where it refers to nothing."""
    if not isinstance(described, ForwardManyToOneDescriptor):
        return None
    inner = getattr(described.field.related_model, shown.inner, None)
    if type(inner) is not DeferredAttribute:
        return None
    return Source((f"{shown.attribute}__{shown.inner}",), plain=_is_plain(shown, inner))


def _of_file(shown: Shown, field: "FileField") -> Source | None:
    if field.attr_class not in (FieldFile, ImageFieldFile):
        return None  # one of its own may ask its object for anything
    no_object: Any = None
    return Source(
        (shown.attribute,),
        lambda names: [name and field.attr_class(no_object, field, name) for name in names],
    )


_PLAIN = ((str, (CharField, TextField)), (int, IntegerField), (bool, BooleanField))
"""Of which columns each value is of that type, or nothing."""


def _is_plain(shown: Shown, described: Any) -> bool:
    """Whether whatever the column holds is shown as it is."""
    field = described.field
    kinds: Any = next((kinds for kind, kinds in _PLAIN if kind is shown.as_is), ())
    return isinstance(field, kinds) and not hasattr(field, "from_db_value")


def _presenter(one: Shown) -> Callable[[Values], list[Any]]:
    """What shows the values of that field."""
    as_is, quick, show = one.as_is, one.quick, one.show
    if one.is_file:
        return lambda values: [show(value) if value else None for value in values]
    if quick is None:
        return lambda values: [
            value if value is None or type(value) is as_is else show(value) for value in values
        ]

    def present(values: Values) -> list[Any]:
        each = [*values]
        if one.holds_texts(each):
            return each
        return [
            None if value is None else show(value) if (made := quick(value)) is None else made
            for value in each
        ]

    return present
