"""Searching texts for words, and numbers for the word that is one."""

import re
from collections.abc import Callable, Iterable
from functools import reduce
from operator import and_, or_
from typing import Any, cast

from django.db.models import (
    BooleanField,
    Exists,
    Func,
    IntegerField,
    ManyToOneRel,
    Model,
    OuterRef,
    Q,
    QuerySet,
)

import syteops.core.among  # noqa: F401 - the look-up of that name
from syteops.core.text_index import SHORTEST, indexed_texts, is_in_many
from syteops.lib.folding import fold

MOST_WORDS = 10
"""Of the words of a search these many count: each costs a condition on every text."""
MOST_LETTERS = 200
"""Of a word these many count: a text may have to be compared with all of it at each letter."""
MANY = 2000
"""A word in more objects than these is no way to find them: reading on until a page is full takes
less than to collect and sort all that fit. So many are counted."""
_NUMBER = re.compile("[0-9]{1,9}")


def words_of(text: str) -> list[str]:
    """The words of a search, folded, as many as count; none in a text in which nobody sees any.

    NUL, which no text holds and PostgreSQL does not take, ends a word.
    """
    words = fold(text).replace("\0", " ").split()[:MOST_WORDS]
    return [one[:MOST_LETTERS] for one in words]


def search(
    found: QuerySet[Any], fields: Iterable[str], text: str, also: Iterable[Callable[[str], Q]] = ()
) -> QuerySet[Any]:
    """Those in which each word of `text` occurs in one of `fields`, which are folded columns, or
    meets a condition of `also`, each of which is made of a folded word.

    A plain column with "=" in front, such as "=request_id", fits as a whole only. In a column of
    whole numbers the word must be the number: `002` and `2` find 2, and not 12.
    """
    names, conditions = list(fields), list(also)
    for word in words_of(text):
        further = [condition(word) for condition in conditions]
        found = found.filter(_has_word(found.model, word, names, further))
    return found


def _has_word(model: type[Model], word: str, names: list[str], further: list[Q]) -> Q:
    if not indexed_texts(model):
        return reduce(or_, (*(_occurs(model, word, name) for name in names), *further))
    if len(word) >= SHORTEST and not any(_is_frequent(model, word, name) for name in names):
        # One after the other, each by its index: of alternatives PostgreSQL would try all on each
        # row. And once: a page of the list asks for what was found by several statements.
        first, *others = (_keys(model, word, name) for name in names)
        met = (model._base_manager.filter(one).order_by() for one in further)
        keys = first.union(*others, *(one.values_list("pk", flat=True) for one in met))
        found = frozenset(keys.order_by()[: MANY + 1])
        if len(found) <= MANY:
            return Q(pk__among=found)
    return reduce(or_, (*(_is_seen(model, word, name) for name in names), *further))


def _keys(model: type[Model], word: str, name: str) -> QuerySet[Any, Any]:
    """The keys of the objects in which the word occurs there."""
    place, _, inner = name.partition("__")
    if inner and isinstance(field := model._meta.get_field(place), ManyToOneRel):
        # They are in the rows that belong to the objects, which are not looked at themselves.
        rows = field.related_model._base_manager.filter(_occurs(field.related_model, word, inner))
        return rows.order_by().values_list(field.field.attname, flat=True)
    found = model._base_manager.filter(_occurs(model, word, name)).order_by()
    return found.values_list("pk", flat=True)


def _is_frequent(model: type[Model], word: str, name: str) -> bool:
    """Whether more than MANY have the word there, where an index can tell."""
    place, _, inner = name.partition("__")
    field = model._meta.get_field(place.removeprefix("="))
    if inner and isinstance(field, ManyToOneRel):
        model, name = field.related_model, inner
    return name in indexed_texts(model) and is_in_many(model, name, word, MANY)


def _is_seen(model: type[Model], word: str, name: str) -> Q:
    """Whether one object has the word there, as it comes by: by none of the indexes."""
    place, _, inner = name.partition("__")
    if inner and isinstance(field := model._meta.get_field(place), ManyToOneRel):
        theirs = {field.field.attname: OuterRef("pk"), f"{inner}__contains": word}
        return Q(Exists(field.related_model._base_manager.filter(**theirs).order_by()))
    is_of_one = name in indexed_texts(model) or (inner and field.many_to_one)
    return Q(**{f"{name}__contains": word}) if is_of_one else _occurs(model, word, name)


class _IsPlain(Func):
    """Whether a text is all ASCII, which folds to its small letters."""

    arity = 1
    output_field = BooleanField()
    template = "LENGTH(CAST(%(expressions)s AS BLOB)) = LENGTH(%(expressions)s)"

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        plain = "OCTET_LENGTH(%(expressions)s) = LENGTH(%(expressions)s)"
        return self.as_sql(compiler, connection, template=plain)


def search_unfolded(
    found: QuerySet[Any], fields: Iterable[str], text: str, also: Iterable[Callable[[str], Q]] = ()
) -> QuerySet[Any]:
    """As `search`, where the columns are not folded, such as Django's own: the database compares
    plain texts, and each row that has another one is folded.

    It looks into nothing but these.
    """
    words, names = words_of(text), list(fields)
    if not words:
        return found
    plain = reduce(and_, (reduce(or_, (Q(**{f"{n}__icontains": w}) for n in names)) for w in words))
    is_other = reduce(or_, (~Q(_IsPlain(name)) for name in names))
    others = found.filter(is_other).order_by().values_list("pk", *names)
    folded = {pk: fold(" ".join(texts)) for pk, *texts in others}
    fitting = frozenset(pk for pk, one in folded.items() if all(w in one for w in words))
    return found.filter(plain | Q(pk__among=fitting))


def _occurs(model: type[Model], word: str, name: str) -> Q:
    if name.startswith("="):
        return Q(**{f"{name[1:]}__iexact": word})
    place, _, inner = name.partition("__")
    field: Any = model._meta.get_field(place)
    if inner:
        # The others are searched first, by themselves: of a join, SQLite would read all rows of the
        # table that grows. And it would list an object once for each of its rows that fits.
        others = field.related_model
        fitting = others._base_manager.filter(_occurs(others, word, inner)).order_by()
        if isinstance(field, ManyToOneRel):
            return Q(pk__in=fitting.values(field.field.attname))
        return Q(**{f"{place}__in": fitting.values("pk")})
    if not isinstance(field, IntegerField):
        return Q(**{f"{name}__has": word})
    return Q(**{name: int(word)}) if _NUMBER.fullmatch(word) else Q(pk__in=())


class HasRow(Exists):
    """Whether an object has one of `rows`, of which each object has one at most."""

    def __init__(self, rows: QuerySet[Any], name: str) -> None:
        self.rows: QuerySet[Any] = rows
        super().__init__(rows.filter(**{name: OuterRef("pk")}))


def has_row(model: type[Model], name: str, value: str) -> Q:
    """Whether an object has the row, in another table, in which the column `name` is that.

    No object has two of them. Few are found by them; where many have one, each object is asked as
    it comes by in the order of its list.
    """
    place, _, inner = name.partition("__")
    field = cast(ManyToOneRel, model._meta.get_field(place))
    rows = field.related_model._base_manager.filter(**{inner: value}).order_by()
    found = frozenset(rows.values_list(field.field.attname, flat=True)[: MANY + 1])
    return Q(pk__among=found) if len(found) <= MANY else Q(HasRow(rows, field.field.attname))
