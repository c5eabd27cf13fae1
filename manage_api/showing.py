"""How the fields of an answer are shown: worked out once for each serializer and class of objects.

As DRF shows them, without its questions about each value of each object: what is a column is read
where the object keeps it, and what is JSON already is taken as it is. Every other value is for the
field's own `to_representation`, so whatever a serializer declares is shown, and only later.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.query_utils import DeferredAttribute
from rest_framework import serializers
from rest_framework.fields import SkipField, empty
from rest_framework.settings import api_settings

_UNKNOWN = object()
_TEXT_OR_NOTHING = {str, type(None)}
_TEXT, _LIST, _DICT = {str}, {list}, {dict}

Field = Any
"""A field of a serializer."""


class Shown(NamedTuple):
    """A field of an answer, and where its value is.

    `column` is the column that it shows; `attribute` the object's, and `inner` one of that
    attribute's. Each is "" where the field finds its value otherwise. `cached_as` is under what
    name an object that is referred to is at hand once it was read. A value of the type `as_is`
    is shown as it is, one that `quick` takes as it says (None if that cannot), and others by
    `show`.
    """

    name: str
    column: str
    attribute: str
    inner: str
    cached_as: str
    as_is: type | None
    quick: Callable[[Any], Any] | None
    show: Callable[[Any], Any]
    field: Field
    is_file: bool

    def holds_texts(self, values: Sequence[Any]) -> bool:
        """Whether these are lists of texts, or texts under names, as `quick` takes them."""
        if self.quick is _texts_in_list:
            return _LIST.issuperset(map(type, values)) and _are_texts(values)
        is_each = self.quick is _texts_by_name and _DICT.issuperset(map(type, values))
        return is_each and _are_texts(values) and _are_texts(map(dict.values, values))


class Plan(NamedTuple):
    """How objects of one class are shown."""

    names: dict[str, Any]
    texts: list[str]
    read_texts: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    others: list[Shown]
    all: list[Shown]

    def show(self, instance: Any) -> dict[str, Any]:
        """The fields by name, in their order."""
        shown = self.names.copy()
        stored, fields = vars(instance), self.others
        if self.texts:
            try:
                values = self.read_texts(stored)
            except KeyError:  # one is not loaded
                values = (_UNKNOWN,)
            if _TEXT_OR_NOTHING.issuperset(map(type, values)):
                shown.update(zip(self.texts, values, strict=True))
            else:
                fields = self.all
        _show(instance, stored, fields, shown)
        return shown


def plan_for(fields: Mapping[str, Field], kind: type) -> Plan:
    """How a serializer with those fields shows objects of that class."""
    every = [shown_by(name, one, kind) for name, one in fields.items() if not one.write_only]
    texts = [one for one in every if one.column and one.as_is is str]
    if len(texts) < 2:  # of one alone, itemgetter gives no tuple
        texts = []
    read = itemgetter(*(one.column for one in texts)) if texts else lambda stored: ()
    others = [one for one in every if one not in texts]
    return Plan(
        dict.fromkeys(one.name for one in every), [one.name for one in texts], read, others, every
    )


def _show(
    instance: Any, stored: Mapping[str, Any], fields: Iterable[Shown], shown: dict[str, Any]
) -> None:
    for name, column, attribute, inner, cached_as, as_is, quick, show, field, is_file in fields:
        value = stored.get(column, _UNKNOWN) if column else _UNKNOWN
        if cached_as and instance._state.fields_cache.get(cached_as, _UNKNOWN) is None:
            value = None  # it refers to nothing: its descriptor would take six calls to say so
        if value is _UNKNOWN:
            if is_file and not stored.get(attribute, True):
                continue  # there is none, and nothing need be made of that
            value = getattr(instance, attribute, _UNKNOWN) if attribute else _UNKNOWN
            if inner and value is not None:
                value = getattr(value, inner, _UNKNOWN)
            if value is _UNKNOWN or callable(value):
                try:
                    value = field.get_attribute(instance)
                except SkipField:
                    del shown[name]
                    continue
        if value is None or type(value) is as_is:
            shown[name] = value
        elif quick is None or (made := quick(value)) is None:
            shown[name] = show(value)
        else:
            shown[name] = made


def shown_by(name: str, field: Field, kind: type) -> Shown:
    """How that field shows objects of that class."""
    attribute, inner = _plain_attributes(field)
    described = getattr(kind, attribute, None)
    is_column = not inner and type(described) is DeferredAttribute
    return Shown(
        name,
        attribute if is_column else "",
        attribute,
        inner,
        _cached_as(described) if inner else "",
        _shown_as_it_is(field),
        _quick_way(field),
        field.to_representation,
        field,
        _shows_as(serializers.FileField, field),
    )


def _plain_attributes(field: Field) -> tuple[str, str]:
    """The attribute that a field shows, and one of that attribute's; "" for none."""
    if type(field).get_attribute is serializers.Field.get_attribute:
        match field.source_attrs:
            case [one]:
                return one, ""
            case [one, inner] if field.allow_null and field.default is empty:
                return one, inner
    return "", ""


def _cached_as(described: Any) -> str:
    """Where an object keeps what it refers to by that attribute, if that may be nothing."""
    may_be_nothing = isinstance(described, ForwardManyToOneDescriptor) and described.field.null
    return str(described.field.cache_name) if may_be_nothing else ""


_SAME = (
    (serializers.CharField, str),
    (serializers.IntegerField, int),
    (serializers.BooleanField, bool),
)


def _shown_as_it_is(field: Field) -> type | None:
    if _shows_as(serializers.BigIntegerField, field):
        as_text = getattr(field, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING)
        return None if as_text else int
    return next((kind for base, kind in _SAME if _shows_as(base, field)), None)


def _quick_way(field: Field) -> Callable[[Any], Any] | None:
    """For texts in a list, or under names."""
    if _shows_as(serializers.ListField, field) and _shows_as(serializers.CharField, field.child):
        return _texts_in_list
    if _shows_as(serializers.DictField, field) and _shows_as(serializers.CharField, field.child):
        return _texts_by_name
    return None


def _are_texts(values: Iterable[Iterable[Any]]) -> bool:
    return _TEXT.issuperset(map(type, chain.from_iterable(values)))


def _texts_in_list(value: Any) -> Any:
    return [*value] if type(value) is list and _TEXT.issuperset(map(type, value)) else None


def _texts_by_name(value: Any) -> Any:
    if type(value) is not dict or not _TEXT.issuperset(map(type, value)):
        return None
    return {**value} if _TEXT.issuperset(map(type, value.values())) else None


def _shows_as(kind: Any, field: Field) -> bool:
    return type(field).to_representation is kind.to_representation
