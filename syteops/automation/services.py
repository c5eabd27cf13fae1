"""Every change of a free-form variable or a variable set. Objects passed in are locked."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Length

from syteops.audit import services as audit
from syteops.automation import names, queries
from syteops.automation.models import Variable, VariableSet, VariableSetValue
from syteops.automation.queries import Row
from syteops.core.actors import Actor
from syteops.core.errors import FieldError, Forbidden, Invalid, LimitReached, field_errors
from syteops.core.events import Noun, Verb
from syteops.core.limits import require_room
from syteops.lib.text import is_blank

RESYNCED = f"{Noun.VARIABLES}.{Verb.RESYNCED}"
"""The event by which the next `variables.changed` names every variable."""
MOST_TOGETHER = 2_000_000
"""Characters that the values of all sets have, and those of all free-form variables: one answer
lists them."""
MOST_FREE = 50_000
"""Free-form variables, however short: each list and comparison derives all there are."""
MOST_SETS = 2000
"""Sets: one answer lists them, however few values they have."""
MOST_VALUES = 20_000
"""Values of all sets: each is a variable, however short."""
_SHORT = 200
"""Characters of a free-form value that is not refused for that, and for which none are counted."""


@transaction.atomic
def resync(actor: Actor) -> None:
    """Have all variables told anew, to whoever may have missed some.

    No value changes: only an audit entry asks for it, and whoever compares the variables reads it.
    """
    # With a trail of its own: to the caller this is no change.
    asking, about = actor.for_operation(actor.operation), (Variable.resource, "", "")
    audit.record_about(asking, Noun.VARIABLES, Verb.RESYNCED, about)


# --- Free-form variables -------------------------------------------------------------------


@transaction.atomic
def create_variable(actor: Actor, *, key: str, value: str, description: str = "") -> Variable:
    """A new free-form variable. Raises Invalid, also for a key that exists, and LimitReached."""
    queries.lock_key(key)
    _require_room_for_variable()
    variable = Variable(key=key, value=value, description=description)
    _require_room(value)
    audit.insert(actor, variable)
    return variable


@transaction.atomic
def update_variable(actor: Actor, variable: Variable, **values: Any) -> Variable:
    """Change the value, the description or both. Raises Invalid, LimitReached."""
    _require_room(values.get("value", ""), before=variable.value)
    audit.update(actor, variable, values)
    return variable


@transaction.atomic
def delete_variable(actor: Actor, variable: Variable) -> None:
    """Remove the variable for good."""
    audit.remove(actor, variable)


@transaction.atomic
def restore_variable(actor: Actor, variable: Variable) -> Variable:
    """A removed variable again; `variable` holds its columns. Raises Invalid, LimitReached."""
    queries.lock_key(variable.key)
    _require_room_for_variable()
    _require_room(variable.value)
    audit.reinsert(actor, variable)
    return variable


@transaction.atomic
def set_variable(
    actor: Actor, key: str, *, value: str, description: str | None = None
) -> Variable | None:
    """Make `key` (or its full name) have this value; a blank one removes it and answers None.

    A description that is left out stays. Repeating it changes nothing. Raises Invalid for a key
    or value that cannot be, Protected for a derived name.
    """
    if names.is_derived(key):
        raise queries.derived_is_protected(key)
    key = names.free_key(key)
    try:
        names.validate_key(key)
    except ValidationError as error:
        raise Invalid.field("key", str(error.message)) from error
    queries.lock_key(key)
    variable = Variable.objects.select_for_update().filter(key=key).first()
    if is_blank(value):
        if variable:
            delete_variable(actor, variable)
        return None
    values = {"value": value} | ({} if description is None else {"description": description})
    if variable:
        return update_variable(actor, variable, **values)
    return create_variable(actor, key=key, **values)


def _require_room_for_variable() -> None:
    require_room(Variable.objects.all(), MOST_FREE, "free-form variables")


def _require_room(value: str, before: str = "") -> None:
    """Raises LimitReached where this value in place of that is too much for all together."""
    if len(value) > max(len(before), _SHORT):
        characters = Variable.objects.aggregate(all=Sum(Length("value")))["all"] or 0
        if characters - len(before) + len(value) > MOST_TOGETHER:
            raise _too_much("free-form variables")


def _too_much(whose: str) -> LimitReached:
    return LimitReached(
        f"The values of all {whose} can have {MOST_TOGETHER:,} characters together. "
        "Delete some first, or make them shorter.",
        limit=MOST_TOGETHER,
    )


# --- Variable sets -------------------------------------------------------------------------


@transaction.atomic
def create_variable_set(
    actor: Actor, *, name: str, acronym: str, values: Sequence[Row] = ()
) -> VariableSet:
    """A new set with its values (suffix, type, value each). Raises Invalid, LimitReached."""
    _require_room_for_set()
    made = VariableSet(name=name, acronym=acronym)
    rows = _rows(values)
    audit.insert(actor, made, values=[one.as_row() for one in rows])
    _store(made, rows)
    return made


@transaction.atomic
def update_variable_set(
    actor: Actor, changed: VariableSet, *, values: Sequence[Row] | None = None, **fields: Any
) -> VariableSet:
    """Change the fields given; `values`, where given, are all that the set has afterwards.

    Raises Invalid, LimitReached.
    """
    before = [one.as_row() for one in changed.values.all()]
    rows = None if values is None else _rows(values)
    after = before if rows is None else [one.as_row() for one in rows]
    audit.update(actor, changed, fields, also={"values": (before, after)})
    if rows is not None and before != after:
        changed.values.all().delete()
        _store(changed, rows, before=before)
    return changed


def refuse_to_remove(owner: VariableSet, **values: Any) -> None:
    """Raises Forbidden, naming them, if variables go with these values of an update."""
    if names := queries.names_that_go(owner, **values):
        raise Forbidden(f"You may not delete variables, and this removes {', '.join(names)}.")


def refuse_to_add(owner: VariableSet, **values: Any) -> None:
    """The same if variables come with them."""
    if names := queries.names_that_come(owner, **values):
        raise Forbidden(f"You may not add variables, and this makes {', '.join(names)}.")


@transaction.atomic
def delete_variable_set(actor: Actor, gone: VariableSet) -> None:
    """Delete the set; its variables are gone with it."""
    audit.remove(actor, gone, values=[one.as_row() for one in gone.values.all()])


@transaction.atomic
def restore_variable_set(
    actor: Actor, again: VariableSet, *, values: Sequence[Row] = ()
) -> VariableSet:
    """A deleted set again; `again` holds its columns. Raises Invalid, LimitReached."""
    _require_room_for_set()
    rows = _rows(values)
    audit.reinsert(actor, again, values=[one.as_row() for one in rows])
    _store(again, rows)
    return again


def _require_room_for_set() -> None:
    require_room(VariableSet.objects.all(), MOST_SETS, "variable sets")


def _rows(values: Sequence[Row]) -> list[VariableSetValue]:
    """The rows validated, in canonical form and in order. Raises Invalid naming each wrong one."""
    rows = [
        VariableSetValue(**{name: row[name] for name in ("suffix", "type", "value") if name in row})
        for row in values
    ]
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, row in enumerate(rows):
        path = ("values", index)
        try:
            row.full_clean(exclude=["set"], validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            errors += [one.within(*path) for one in field_errors(error)]
        if row.suffix in seen:
            detail = "Another value of this set has this suffix."
            errors.append(FieldError((*path, "suffix"), "not_unique", detail))
        seen.add(row.suffix)
    if errors:
        raise Invalid(errors)
    return sorted(rows, key=lambda one: one.suffix)


def _store(
    owner: VariableSet, rows: Sequence[VariableSetValue], before: Sequence[Row] = ()
) -> None:
    """Store these values in place of those before. Raises LimitReached."""
    for row in rows:
        row.set = owner
    VariableSetValue.objects.bulk_create(rows)
    if len(rows) > len(before) and VariableSetValue.objects.count() > MOST_VALUES:
        raise LimitReached(
            f"All variable sets can have {MOST_VALUES:,} values together. Delete some first.",
            limit=MOST_VALUES,
        )
    if sum(len(row.value) for row in rows) > sum(len(one["value"]) for one in before):
        together = VariableSetValue.objects.aggregate(characters=Sum(Length("value")))
        if together["characters"] > MOST_TOGETHER:
            raise _too_much("variable sets")
