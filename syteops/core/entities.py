"""What every managed object has in common, and the numbered ones beside."""

import re
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, ClassVar, Generic, Self, TypeVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import connection, models
from django.db.models import Q

from syteops.core import identifiers
from syteops.core.columns import of_columns
from syteops.core.errors import FieldError, Invalid, LimitReached, NotFound
from syteops.core.events import Verb
from syteops.core.locks import transaction_lock
from syteops.core.prepared import Prepared, preparing_cursor
from syteops.core.records import Record

_SLOT = re.compile(identifiers.SLOT)
_ROW_ID = re.compile(identifiers.ROW_ID)


class Entity(Record):
    """A managed object: it has a public id, and it is counted, audited and announced by name."""

    resource: ClassVar[str]
    """Its dispatch resource, such as `crm`."""
    noun: ClassVar[str]
    """Its name in events, such as `crm_system`."""
    told_as: ClassVar[str] = ""
    """What people call it where events are chosen, if not by its name in the plural."""
    verbs: ClassVar[frozenset[Verb]] = frozenset(
        (Verb.CREATED, Verb.UPDATED, Verb.DELETED, Verb.RESTORED)
    )
    """What can happen to it: each is an event, such as `crm_system.updated`."""
    identified_by: ClassVar[str] = "pk"
    """The column that its `public_id` is made of."""
    counted: ClassVar[bool] = True
    """Whether status shows how many there are."""
    credential_addresses: ClassVar[Mapping[str, str]] = {}
    """By credential, the field with the address that it is sent to: another origin clears it."""
    values_of_others: ClassVar[Mapping[str, str]] = {}
    """By field of its audit entries whose values belong to another resource, that resource."""

    unvalidated: ClassVar[frozenset[str]] = frozenset()
    """The columns that only our own code sets, so that nothing of them needs validation."""

    class Meta:
        abstract = True

    @classmethod
    def listed(cls) -> "models.QuerySet[Any]":
        """What counts as one of them."""
        return cls._default_manager.all()

    @property
    def public_id(self) -> str:
        """What names this object in the API and the audit trail."""
        return str(getattr(self, self.identified_by))

    def get_constraints(self) -> list[tuple[type[models.Model], Sequence[models.BaseConstraint]]]:
        """What `full_clean` tries beforehand: what is unique, and what has words for people.

        The others stand behind the services' own rules and are the database's to keep: Django would
        ask it a question for each, which is a third of the time that a write takes.
        """
        found: list[Any] = super().get_constraints()
        return [(model, [one for one in has if _is_for_people(one)]) for model, has in found]

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """As Django's own, which composes a query before it looks whether a constraint is asked."""
        if any(self._is_asked(one, exclude or ()) for one in _constraints_of(type(self))):
            super().validate_constraints(exclude)

    def _is_asked(self, one: models.BaseConstraint, exclude: Collection[str]) -> bool:
        if not isinstance(one, models.UniqueConstraint) or one.nulls_distinct is not None:
            return True
        return all(name not in exclude and self._has(name) for name in one.fields)

    def _has(self, name: str) -> bool:
        field: Any = self._meta.get_field(name)
        return getattr(self, field.attname) is not None


@cache
def _constraints_of(model: type[Entity]) -> list[models.BaseConstraint]:
    return [one for _, has in model().get_constraints() for one in has]


def _is_for_people(one: models.BaseConstraint) -> bool:
    has_words = one.violation_error_message != one.default_violation_error_message
    return has_words or isinstance(one, models.UniqueConstraint)


class LiveManager(models.Manager[Any]):
    """Only what is not deleted."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(deleted_at=None)


class Numbered(Entity):
    """An entity with a public slot number, freed and reused when the object is deleted.

    Deleting is soft: the row stays (`deleted_at`), without its number.
    """

    identified_by: ClassVar[str] = "number"
    most: ClassVar[str]
    """The setting that says how many there can be."""
    # A number is taken under a lock.
    unvalidated = frozenset(("uid", "number"))

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.PositiveIntegerField(
        null=True, editable=False, unique=True, validators=[MinValueValidator(1)]
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    all_objects = models.Manager[Self]()
    objects = LiveManager()

    class Meta:
        abstract = True
        base_manager_name = "all_objects"
        default_manager_name = "objects"
        ordering = ("number",)
        constraints = (
            models.CheckConstraint(
                # Without isnull, no number would pass: to a database, unknown is no violation.
                condition=Q(deleted_at=None, number__isnull=False, number__gte=1)
                | Q(deleted_at__isnull=False, number=None),
                name="%(app_label)s_%(class)s_number_while_live",
            ),
        )

    @property
    @of_columns("number")
    def slot(self) -> str:
        """The public number, such as "001": zero-padded to three, growing beyond; "" for none."""
        return slot_of(self.number)

    @classmethod
    def listed(cls) -> "models.QuerySet[Any]":
        """What counts as one of them."""
        return cls._default_manager.all()

    @property
    def public_id(self) -> str:
        return self.slot or f"deleted-{self.pk}"

    @classmethod
    def lock_numbers(cls) -> None:
        """Let no other transaction take a number until this one ends."""
        transaction_lock(f"numbers of {cls._meta.db_table}")

    @classmethod
    def free_number(cls, former: int | None = None) -> int:
        """The former number if that is free, else the lowest; it is this transaction's to take.

        Raises LimitReached beyond the limit.
        """
        limit = getattr(settings, cls.most)
        cls.lock_numbers()
        if (
            former is not None
            and former <= limit
            and not cls.all_objects.filter(number=former).exists()
        ):
            return former
        count, highest = cls._count_and_highest()
        number: int = count + 1
        if highest is not None and highest > count:  # there is a gap
            taken = set(cls.all_objects.exclude(number=None).values_list("number", flat=True))
            number = next(n for n in range(1, number) if n not in taken)
        if number > limit:
            detail = (
                f"There can be {limit} {cls._meta.verbose_name_plural} at most. Delete one first."
            )
            raise LimitReached(detail, limit=limit)
        return number

    @classmethod
    def _count_and_highest(cls) -> tuple[int, int | None]:
        """How many numbers are taken, and the highest of them."""
        table = cls._meta.db_table
        # Of all rows, SQLite counts a page of an index at a time; of those with a number, each row.
        with_number = (
            f"(SELECT COUNT(*) FROM {table}) - (SELECT COUNT(*) FROM {table} WHERE number IS NULL)"  # noqa: S608
        )
        with preparing_cursor(connection) as cursor:
            cursor.execute(f"SELECT {with_number}, (SELECT MAX(number) FROM {table})")  # noqa: S608
            count, highest = cursor.fetchone()
        return count, highest


@lru_cache(maxsize=4096)
def slot_of(number: int | None) -> str:
    """A number as it is shown and sent, such as "001"."""
    return "" if number is None else f"{number:03d}"


N = TypeVar("N", bound=Numbered)


def by_slots(
    model: type[N], wanted: Mapping[tuple[str | int, ...], str]
) -> dict[tuple[str | int, ...], N]:
    """The live objects of the numbers wanted, in one query; the keys are paths into the input.

    Raises Invalid (`not_found`) that names each path whose number no live object has.
    """
    if not wanted:
        return {}
    numbers = {int(text) for text in wanted.values() if _SLOT.fullmatch(text)}
    found = {item.slot: item for item in model.objects.filter(number__in=numbers)}
    detail = f"There is no such {model._meta.verbose_name}."
    errors = [
        FieldError(path, "not_found", detail) for path, text in wanted.items() if text not in found
    ]
    if errors:
        raise Invalid(errors)
    return {path: found[text] for path, text in wanted.items()}


def by_slot(model: type[N], name: str, number: str) -> N:
    """The live object of the number that the input gives as `name`. Raises Invalid."""
    return by_slots(model, {(name,): number})[name,]


E = TypeVar("E", bound=Entity)


class Finder(Generic[E]):
    """Finds the object among `found` that a text names by `field`, which is unique.

    `field` is `number` for a slot such as "001", `pk` for a row's id, else a text such as a slug.
    """

    def __init__(self, found: "models.QuerySet[E]", field: str) -> None:
        self._name, self._field = found.model._meta.verbose_name, field
        found = found.order_by()  # it is one at most
        self._seen = Prepared[E](lambda value: found.filter(**{field: value}))
        locked = found.select_for_update(of=("self",))
        self._locked = Prepared[E](lambda value: locked.filter(**{field: value}))

    def find(self, text: str, lock: bool = False) -> E:
        """That object, locked on request. Raises NotFound."""
        return _the_one(self._locked if lock else self._seen, self._field, self._name, text)


def find(found: "models.QuerySet[E]", field: str, text: str, lock: bool = False) -> E:
    """As a `Finder` does it, among objects that differ from call to call."""
    rows = found.order_by()
    rows = rows.select_for_update(of=("self",)) if lock else rows
    name = found.model._meta.verbose_name
    return _the_one(lambda value: rows.filter(**{field: value}), field, name, text)


def _the_one(among: Callable[[Any], Iterable[E]], field: str, name: Any, text: str) -> E:
    value: int | str | None = text
    if field in ("number", "pk"):
        form = _SLOT if field == "number" else _ROW_ID
        value = int(text) if form.fullmatch(text) else None
    for item in among(value) if value is not None else ():
        if field != "number" or item.public_id == text:
            return item
    raise NotFound(f"There is no {name} {text}.")


def get_any(model: Any, pk: int, lock: bool = False) -> Any:
    """The object of that permanent id, deleted or not, locked on request. Raises NotFound."""
    found = model.all_objects.all()
    item = (found.select_for_update(of=("self",)) if lock else found).filter(pk=pk).first()
    if item is None:
        raise NotFound(f"There is no {model._meta.verbose_name} with the id {pk}.")
    return item
