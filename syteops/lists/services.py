"""Every change of how people look at lists.

What somebody sees in a list of his own is no business of others: only what is shared has entries in
the audit trail.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from syteops.audit.services import record_about
from syteops.core.actors import Actor
from syteops.core.errors import Forbidden, Invalid, LimitReached, field_errors
from syteops.core.events import Noun, Verb
from syteops.lists.models import ColumnChoice, SavedView
from syteops.lists.queries import SHARE

MOST_VIEWS = 30
"""Of one person for one list: each is a tab."""


def choose_columns(person: Any, place: str, columns: Sequence[str]) -> None:
    """Show that person these columns there from now on; the list's own ones if none are given."""
    if columns:
        ColumnChoice.objects.update_or_create(
            person=person, place=place, defaults={"columns": list(columns)}
        )
    else:
        ColumnChoice.objects.filter(person=person, place=place).delete()


@transaction.atomic
def save_view(
    actor: Actor,
    owner: Any,
    *,
    place: str,
    name: str,
    is_shared: bool,
    asked: Mapping[str, Sequence[str]],
    order: Sequence[str],
    columns: Sequence[str],
) -> SavedView:
    """Keep a list as it is looked at. Raises Invalid, LimitReached, and Forbidden (sharing)."""
    if SavedView.objects.filter(owner=owner, place=place).count() >= MOST_VIEWS:
        raise LimitReached(f"There are {MOST_VIEWS} views of this list already. Delete one first.")
    view = SavedView(owner=owner, place=place, asked=asked, order=order, columns=columns)
    _store(actor, owner, view, name, is_shared)
    return view


@transaction.atomic
def change_view(
    actor: Actor, person: Any, view: SavedView, *, name: str, is_shared: bool
) -> SavedView:
    """Rename it, share it or stop that. Raises Invalid, and Forbidden (for what is shared)."""
    _store(actor, person, view, name, is_shared)
    return view


@transaction.atomic
def delete_view(actor: Actor, view: SavedView) -> None:
    """Delete it: for everybody where it was shared."""
    if view.is_shared:
        _record(actor, view, Verb.DELETED, {"name": (view.name, None)})
    view.delete()


def delete_shared_views(actor: Actor, owner: Any) -> None:
    """Delete what that person shares: for the others it is gone, so the trail tells of it."""
    for view in SavedView.objects.filter(owner=owner, is_shared=True).order_by("pk"):
        delete_view(actor, view)


def _store(actor: Actor, person: Any, view: SavedView, name: str, is_shared: bool) -> None:
    was, had = view.is_shared, view.name
    if (was or is_shared) and not person.has_perm(SHARE):
        raise Forbidden("Sharing a view takes a right of its own. Keep it to yourself.")
    view.name, view.is_shared = name, is_shared
    try:
        view.full_clean()
    except ValidationError as error:
        raise Invalid(field_errors(error)) from error
    view.save()
    if is_shared and not was:
        _record(actor, view, Verb.CREATED, {"name": (None, name)})
    elif was and not is_shared:
        _record(actor, view, Verb.DELETED, {"name": (had, None)})
    elif was and had != name:
        _record(actor, view, Verb.UPDATED, {"name": (had, name)})


def _record(
    actor: Actor, view: SavedView, verb: Verb, changes: Mapping[str, tuple[Any, Any]]
) -> None:
    about = ("saved_views", f"{view.place} {view.pk}", view.name)
    record_about(actor, Noun.SAVED_VIEW, verb, about, changes)
