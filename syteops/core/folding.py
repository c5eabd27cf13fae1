"""Columns that hold other columns folded: what texts are searched, ordered and unique by.

A model that has one is a `Record`, whose `save` stores them with the columns they are made of.
"""

from collections.abc import Collection
from typing import Any

from django.db import models
from django.db.models.functions import Length, Lower
from django.db.models.lookups import GreaterThanOrEqual
from django.db.models.query_utils import DeferredAttribute

from syteops.lib.folding import fold

_BATCH = 100


class _FoldedText(str):
    """A text that is folded already; to fold it again would take time, and change nothing."""

    __slots__ = ()


class _FoldedAttribute(DeferredAttribute):
    """Always what the other columns are now: it cannot be set, nor be out of date."""

    field: "FoldedField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        return self if instance is None else self.field.text_of(instance)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = None  # there it has to be, to be saved


class FoldedField(models.Field):  # type: ignore[type-arg]
    """A column folded, or others where it is blank: what that column is ordered and unique by.

    Of very long texts the beginning counts. No form, API, audit entry or export shows it. A text
    that it is compared with is folded, too.
    """

    descriptor_class = _FoldedAttribute
    longest = 200  # no database has an index of texts of any length

    def __init__(self, *sources: str, otherwise: Collection[str] = (), **kwargs: Any) -> None:
        self.sources, self.otherwise = sources, tuple(otherwise)
        super().__init__(**{**kwargs, "editable": False, "blank": True})

    def deconstruct(self) -> Any:
        name, path, _, kwargs = super().deconstruct()
        del kwargs["editable"], kwargs["blank"]
        if self.otherwise:
            kwargs["otherwise"] = self.otherwise
        return name, path, self.sources, kwargs

    @property
    def made_of(self) -> set[str]:
        """The columns on which it depends."""
        return {*self.sources, *self.otherwise}

    def text_of(self, instance: Any) -> str:
        """What the column holds for `instance` as it is now."""
        return self._joined(instance, self.sources) or self._joined(instance, self.otherwise)

    def _joined(self, instance: Any, names: Collection[str]) -> str:
        return self._folded(" ".join(_words(getattr(instance, name)) for name in names))

    def _folded(self, text: str) -> str:
        return _FoldedText(fold(text)[: self.longest].rstrip())

    def get_prep_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return str(value if isinstance(value, _FoldedText) else self._folded(value))

    def get_internal_type(self) -> str:
        return "TextField"

    def db_parameters(self, connection: Any) -> Any:
        """Ordered by code points, as SQLite does, in whatever language PostgreSQL sorts."""
        collation = "C" if connection.vendor == "postgresql" else None
        return {**super().db_parameters(connection), "collation": collation}


def _words(value: str | list[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)


class SearchField(FoldedField):
    """Columns of any length, and lists of texts, folded: what `search` looks into.

    Nothing is ordered by it.
    """

    longest = 200_000  # a text is shorter, but some characters fold to eighteen


def may_contain(field: FoldedField, text: str) -> models.Q:
    """Whether the column has a folded text, or is cut short, so that nobody knows by it."""
    is_cut = GreaterThanOrEqual(Length(field.name), field.longest - 1)  # a blank at the end goes
    return models.Q(**{f"{field.name}__contains": text}) | models.Q(is_cut)


def folded_fields(model: Any, made_of: Collection[str] | None = None) -> list[FoldedField]:
    """The folded columns of a model, of those given where they are made of any of them."""
    found = [field for field in model._meta.concrete_fields if isinstance(field, FoldedField)]
    return [one for one in found if made_of is None or not one.made_of.isdisjoint(made_of)]


class _InCodePoints(models.Func):
    """A text to be ordered by code points on every database."""

    template = "%(expressions)s"
    arity = 1

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        return self.as_sql(compiler, connection, template='%(expressions)s COLLATE "C"')


def ordered_by(model: type[models.Model], name: str, *, descending: bool) -> models.OrderBy:
    """The order of the column `name`: that of its folding, for a text that has one.

    Other texts, such as slugs, are in the order of their code points. What has no value comes last
    either way, on every database.
    """
    for folded in folded_fields(model):
        if folded.sources == (name,) and not isinstance(folded, SearchField):
            return models.OrderBy(models.F(folded.name), descending=descending)
    field = model._meta.get_field(name)
    by = _InCodePoints(name) if _is_text(field) else models.F(name)
    # Said of a column that always has a value, it would keep databases from using its index.
    return models.OrderBy(by, descending=descending, nulls_last=field.null or None)


def ordered_by_unfolded(
    model: type[models.Model], name: str, *, descending: bool
) -> models.OrderBy:
    """As `ordered_by`, where no column is folded, such as in Django's own tables.

    Folds each row, and names those in the statement whose folding takes more than small letters:
    for tables with few of these only.
    """
    if not _is_text(model._meta.get_field(name)):
        return ordered_by(model, name, descending=descending)
    texts = model._default_manager.values_list("pk", name)
    others = ((pk, fold(text)) for pk, text in texts if not _folds_to_small_letters(text))
    cases = (models.When(pk=pk, then=models.Value(text)) for pk, text in others)
    by = models.Case(*cases, default=Lower(name), output_field=models.TextField())
    return models.OrderBy(_InCodePoints(by), descending=descending)


def _folds_to_small_letters(text: str) -> bool:
    return text.isascii() and fold(text) == text.lower()


def _is_text(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField)


def fill_folded(apps: Any, *labels: str) -> None:
    """For migrations: fill the folded columns of those models, such as "notes.Note"."""
    for label in labels:
        model = apps.get_model(label)
        names = [field.name for field in folded_fields(model)]
        ids = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), _BATCH):
            batch = model._base_manager.filter(pk__in=ids[start : start + _BATCH])
            model._base_manager.bulk_update(batch, names)
