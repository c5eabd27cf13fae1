"""Every change of a note. Notes passed in are locked by the caller."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from notes.models import LONGEST_TAG, ActionItem, Note, NoteAttendee, NoteTag
from notes.queries import normal_tag
from syteops.audit import services as audit
from syteops.audit.rows import RowsPlan, describe_rows, plan_rows
from syteops.core.actors import Actor
from syteops.core.errors import Invalid
from syteops.core.texts import changed_texts, keep_slug, new_texts
from syteops.modules.queries import config_of
from syteops.team.models import TeamMember

Items = Sequence[Mapping[str, Any]]


@transaction.atomic
def create_note(
    actor: Actor,
    *,
    action_items: Items = (),
    attendees: Iterable[TeamMember] = (),
    tags: Iterable[str] = (),
    **values: Any,
) -> Note:
    """A new note with its action items, attendees and tags. Raises Invalid.

    What is left out follows the module's config: the status, and the follow-up date where there
    is a meeting date.
    """
    config = config_of("notes")
    values = _normal(_following_up(values, config))
    texts = new_texts(values, Note.objects.all(), Note.noun, config["excerpt_length"])
    note = Note(**{"status": config["default_status"], **values, **texts})
    members, names = _unique(attendees), _tag_names(tags)
    items = plan_rows(ActionItem, (), action_items, "action_items")
    audit.insert(actor, note, **_belongings(items, members, names))
    _store_belongings(note, items, members, names)
    return note


@transaction.atomic
def restore_note(
    actor: Actor,
    note: Note,
    *,
    action_items: Items = (),
    attendees: Iterable[TeamMember] = (),
    tags: Iterable[str] = (),
) -> Note:
    """A deleted note again, exactly as it was: nothing is derived. `note` holds its columns.

    Raises Invalid, also for a slug that another note has by now.
    """
    keep_slug(note, {"slug": note.slug}, Note.objects.all())
    members, names = _unique(attendees), _tag_names(tags)
    items = plan_rows(ActionItem, (), action_items, "action_items")
    audit.reinsert(actor, note, **_belongings(items, members, names))
    _store_belongings(note, items, members, names)
    return note


@transaction.atomic
def update_note(
    actor: Actor,
    note: Note,
    *,
    action_items: Items | None = None,
    attendees: Iterable[TeamMember] | None = None,
    tags: Iterable[str] | None = None,
    **values: Any,
) -> Note:
    """Change the fields given; a list given replaces the one there is.

    An action item with the id of a stored one changes it. Raises Invalid.
    """
    others, length = Note.objects.exclude(pk=note.pk), config_of("notes")["excerpt_length"]
    columns = changed_texts(note, _normal(values), others, length)
    return _change(actor, note, columns, action_items, attendees, tags)


@transaction.atomic
def put_back_note(
    actor: Actor,
    note: Note,
    *,
    action_items: Items | None = None,
    attendees: Iterable[TeamMember] | None = None,
    tags: Iterable[str] | None = None,
    **values: Any,
) -> Note:
    """Make the fields given what they were: as `update_note`, but nothing is derived."""
    keep_slug(note, values, Note.objects.exclude(pk=note.pk))
    return _change(actor, note, values, action_items, attendees, tags)


def _change(
    actor: Actor,
    note: Note,
    columns: Mapping[str, Any],
    action_items: Items | None,
    attendees: Iterable[TeamMember] | None,
    tags: Iterable[str] | None,
) -> Note:
    before = _attendees_of(note)
    members = before if attendees is None else _unique(attendees)
    names_before = [tag.name for tag in note.tag_rows.all()]
    names = names_before if tags is None else _tag_names(tags)
    items = _plan_items(note, action_items)
    also = {
        "attendees": ([m.public_id for m in before], [m.public_id for m in members]),
        "tags": (names_before, names),
        **({"action_items": items.change} if items else {}),
    }
    if audit.update(actor, note, columns, also=also):
        _store_attendees(note, members)
        _store_tags(note, names)
        if items:
            items.store(note=note)
    return note


@transaction.atomic
def delete_note(actor: Actor, note: Note) -> None:
    """Delete the note and what belongs to it, for good."""
    audit.remove(actor, note, **belongings_of(note))


# --- Values ------------------------------------------------------------------------------------


def _following_up(values: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    days, meeting = config["follow_up_days"], values.get("meeting_date")
    if not days or meeting is None or "follow_up_date" in values:
        return values
    return {**values, "follow_up_date": meeting + timedelta(days=days)}


def _normal(values: dict[str, Any]) -> dict[str, Any]:
    """`values` with each free name once, on one line."""
    if "attendee_names" not in values:
        return values
    names = (" ".join(name.split()) for name in values["attendee_names"])
    return {**values, "attendee_names": [*dict.fromkeys(filter(None, names))]}


# --- What belongs to a note ----------------------------------------------------------------------


def belongings_of(note: Note) -> dict[str, Any]:
    """What a note has beside its columns, as the audit trail shows it."""
    return {
        "action_items": describe_rows(note.action_items.all()),
        "attendees": [member.public_id for member in _attendees_of(note)],
        "tags": [tag.name for tag in note.tag_rows.all()],
    }


def _belongings(
    items: RowsPlan[ActionItem], members: list[TeamMember], names: list[str]
) -> dict[str, Any]:
    """What a new note has beside its columns, for the audit trail."""
    attended = [member.public_id for member in members]
    return {"action_items": items.after, "attendees": attended, "tags": names}


def _store_belongings(
    note: Note, items: RowsPlan[ActionItem], members: list[TeamMember], names: list[str]
) -> None:
    items.store(note=note)
    _store_attendees(note, members)
    _store_tags(note, names)


def _plan_items(note: Note, items: Items | None) -> RowsPlan[ActionItem] | None:
    if items is None:
        return None
    return plan_rows(ActionItem, note.action_items.all(), items, "action_items")


def _attendees_of(note: Note) -> list[TeamMember]:
    return [one.member for one in note.attendances.all()]


def _unique(members: Iterable[TeamMember]) -> list[TeamMember]:
    return list(dict.fromkeys(members))


def _tag_names(tags: Iterable[str]) -> list[str]:
    names = {normal_tag(tag) for tag in tags} - {""}
    if any(len(name) > LONGEST_TAG for name in names):  # some letters grow in lower case
        detail = f"A tag has {LONGEST_TAG} characters at most."
        raise Invalid.field("tags", detail, "too_long")
    return sorted(names)


def _store_attendees(note: Note, members: list[TeamMember]) -> None:
    stored = {one.member_id: one for one in NoteAttendee.objects.filter(note=note)}
    wanted = {member.pk: member for member in members}
    if list(stored) == list(wanted):
        return
    NoteAttendee.objects.filter(note=note).delete()
    NoteAttendee.objects.bulk_create(NoteAttendee(note=note, member=one) for one in members)


def _store_tags(note: Note, names: list[str]) -> None:
    stored = NoteTag.objects.filter(note=note)
    there = set(stored.values_list("name", flat=True))
    stored.exclude(name__in=names).delete()
    NoteTag.objects.bulk_create(NoteTag(note=note, name=n) for n in names if n not in there)
