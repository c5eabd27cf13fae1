"""Every change of a note. Notes passed in are locked by the caller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from notes.models import (
    LONGEST_NAME,
    LONGEST_TAG,
    MOST_TAGS,
    ActionItem,
    Note,
    NoteAttendee,
    NoteTag,
)
from notes.queries import normal_tag, notes_naming, ways_named, without
from syteops.ai.suggestions import forget_suggestions_about
from syteops.audit import services as audit
from syteops.audit.rows import MAX_ROWS, RowsPlan, describe_rows, plan_rows
from syteops.audit.snapshots import snapshot
from syteops.core.actors import Actor
from syteops.core.errors import Invalid
from syteops.core.events import Verb
from syteops.core.texts import changed_texts, keep_slug, new_texts
from syteops.lib.folding import fold
from syteops.lib.text import is_blank
from syteops.modules.queries import config_of
from syteops.team.models import TeamMember


@transaction.atomic
def create_note(actor: Actor, **values: Any) -> Note:
    """A new note, also with `action_items` (dicts), `attendees` and `tags`. Raises Invalid.

    What is left out follows the module's config: the status, and the follow-up date where there
    is a meeting date.
    """
    config = config_of("notes")
    columns, new = _split(None, _normal(_following_up(values, config)))
    texts = new_texts(columns, Note.objects.all(), Note.noun, config["excerpt_length"])
    note = Note(**{"status": config["default_status"], **columns, **texts})
    audit.insert(actor, note, **new.described())
    new.store(note)
    return note


@transaction.atomic
def restore_note(actor: Actor, note: Note, **belongings: Any) -> Note:
    """A deleted note again, exactly as it was: nothing is derived. `note` holds its columns.

    Raises Invalid, also for a slug that another note has.
    """
    keep_slug(note, {"slug": note.slug}, Note.objects.all())
    _, new = _split(None, belongings)
    audit.reinsert(actor, note, **new.described())
    new.store(note)
    return note


@transaction.atomic
def update_note(actor: Actor, note: Note, **values: Any) -> Note:
    """Change the fields given; `action_items`, `attendees` and `tags` replace what there is.

    An action item with the id of a stored one changes it. Raises Invalid.
    """
    columns, new = _split(note, _normal(values))
    others, length = Note.objects.exclude(pk=note.pk), config_of("notes")["excerpt_length"]
    return _change(actor, note, changed_texts(note, columns, others, length), new)


@transaction.atomic
def put_back_note(actor: Actor, note: Note, **values: Any) -> Note:
    """Make the fields given what they were: as `update_note`, but nothing is derived."""
    columns, new = _split(note, values)
    keep_slug(note, columns, Note.objects.exclude(pk=note.pk))
    return _change(actor, note, columns, new)


def _change(actor: Actor, note: Note, columns: Mapping[str, Any], new: "_Belongings") -> Note:
    before = belongings_of(note)
    also = {name: (before[name], after) for name, after in new.described().items()}
    if new.items:
        also["action_items"] = new.items.change  # planning it has changed the rows at hand
    if audit.update(actor, note, columns, also=also):
        new.store(note)
    return note


@transaction.atomic
def complete_action(actor: Actor, item: ActionItem, *, done: bool = True) -> ActionItem:
    """Tick off an action item, or say that it is still to do. `item.note` is locked, and has it."""
    rows = [{"id": one.pk} for one in item.note.action_items.all()]
    ticked = [{**row, "done": done} if row["id"] == item.pk else row for row in rows]
    update_note(actor, item.note, action_items=ticked)
    return next(one for one in item.note.action_items.all() if one.pk == item.pk)


@transaction.atomic
def remind_of(actor: Actor, item: ActionItem) -> None:
    """Tell by an event that the item is due, once for each due date. `item.note` is locked."""
    shown = snapshot(item, only=("text", "assignee", "due_date"))
    told = {name: (None, value) for name, value in {"action_item": item.pk, **shown}.items()}
    audit.record(actor, item.note, Verb.ACTION_ITEM_DUE, told)
    ActionItem.objects.filter(pk=item.pk).update(reminded_of=item.due_date)


@transaction.atomic
def delete_note(actor: Actor, note: Note) -> None:
    """Delete the note and what belongs to it, and what was suggested for it, for good."""
    forget_suggestions_about(note)
    audit.remove(actor, note, **belongings_of(note))


@transaction.atomic
def forget_member(actor: Actor, member: TeamMember) -> int:
    """Let no note name the member any more, nor keep the name instead; how many did.

    Each has an entry of how often it did. What else was in its lists is not repeated there: of
    thousands of notes that would take a minute, in which nobody else could write.
    """
    found = list(notes_naming(member).select_for_update(of=("self",)).order_by("pk"))
    how = ways_named(member)
    changed = [(note, {way: (times, 0) for way, times in how[note.pk].items()}) for note in found]
    audit.record_each(actor, changed, Verb.MEMBER_ERASED)
    NoteAttendee.objects.filter(member=member).delete()
    ActionItem.objects.filter(assignee=member).update(assignee=None)
    named = Note.objects.filter(pk__among={note.pk for note in found})
    named.update(author=without(member), updated_at=timezone.now())
    return len(found)


# --- Values ------------------------------------------------------------------------------------


def _following_up(values: dict[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    days, meeting = config["follow_up_days"], values.get("meeting_date")
    if not days or meeting is None or "follow_up_date" in values:
        return values
    try:
        return {**values, "follow_up_date": meeting + timedelta(days=days)}
    except OverflowError:
        detail = f"There is no date {days} days later. Give an earlier one, or a follow_up_date."
        raise Invalid.field("meeting_date", detail, "out_of_range") from None


def _normal(values: dict[str, Any]) -> dict[str, Any]:
    """`values` with each free name once, on one line."""
    if "attendee_names" not in values:
        return values
    names = [" ".join(name.split()) for name in values["attendee_names"] if not is_blank(name)]
    _require_few_and_short("attendee_names", names, MAX_ROWS, LONGEST_NAME)
    return {**values, "attendee_names": [*dict.fromkeys(names)]}


def _require_few_and_short(field: str, texts: Sequence[str], most: int, longest: int) -> None:
    if len(texts) > most:
        raise Invalid.field(field, f"There can be {most} at most.", "too_long")
    if any(len(one) > longest for one in texts):
        raise Invalid.field(field, f"Each has {longest} characters at most.", "too_long")


# --- What belongs to a note ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Belongings:
    """What a note is to have beside its columns. None: whatever it has."""

    items: RowsPlan[ActionItem] | None
    members: list[TeamMember] | None
    tags: list[str] | None

    def described(self) -> dict[str, Any]:
        """As the audit trail shows it."""
        found: dict[str, Any] = {}
        if self.items:
            found["action_items"] = self.items.after
        if self.members is not None:
            found["attendees"] = [member.public_id for member in self.members]
        if self.tags is not None:
            found["tags"] = self.tags
        return found

    def store(self, note: Note) -> None:
        if self.items:
            self.items.store(note=note)
        if self.members is not None:
            _store_attendees(note, self.members)
        if self.tags is not None:
            _store_tags(note, self.tags)


def belongings_of(note: Note) -> dict[str, Any]:
    """What a note has beside its columns, as the audit trail shows it."""
    return {
        "action_items": describe_rows(note.action_items.all()),
        "attendees": [one.member.public_id for one in note.attendances.all()],
        "tags": [tag.name for tag in note.tag_rows.all()],
    }


def _split(note: Note | None, values: Mapping[str, Any]) -> tuple[dict[str, Any], _Belongings]:
    """The columns among `values`, and what is to belong to the note. Raises Invalid."""
    columns = dict(values)
    items, members, tags = (columns.pop(n, None) for n in ("action_items", "attendees", "tags"))
    stored = note.action_items.all() if note else ()
    new = _Belongings(
        None if items is None else plan_rows(ActionItem, stored, items, "action_items"),
        None if members is None else list(dict.fromkeys(members)),
        None if tags is None else _tag_names(tags),
    )
    return columns, new


def _tag_names(tags: Iterable[str]) -> list[str]:
    """Each tag once, sorted, in the spelling that comes first."""
    names = [normal_tag(tag) for tag in tags if not is_blank(tag)]
    # Here for the API too: some letters grow in lower case.
    _require_few_and_short("tags", names, MOST_TAGS, LONGEST_TAG)
    first = {fold(name): name for name in reversed(names)}
    return [first[folded] for folded in sorted(first)]


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
