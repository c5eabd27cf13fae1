from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from notes.choices import NoteStatus
from syteops.core.events import Verb
from syteops.core.folding import FoldedField, SearchField
from syteops.core.records import Record
from syteops.core.texts import LAST, TextEntity

LONGEST_TAG = 50
MOST_TAGS = 50
LONGEST_NAME = 201
"""First and last name of a team member who has left, and the blank between them."""


class Note(TextEntity):
    """What was said and agreed: a text, who was there, and what is to be done."""

    resource: ClassVar[str] = "notes_items"
    noun: ClassVar[str] = "note"
    verbs: ClassVar[frozenset[Verb]] = TextEntity.verbs | {
        Verb.ACTION_ITEM_DUE,
        Verb.MEMBER_ERASED,
    }

    status = models.CharField(max_length=10, choices=NoteStatus, default=NoteStatus.DRAFT)
    author = models.ForeignKey(
        "team.TeamMember",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="notes_written",
    )
    attendee_names: "models.JSONField[list[str], list[str]]" = models.JSONField(
        default=list, blank=True, help_text="Who else was there."
    )
    meeting_date = models.DateField(null=True, blank=True)
    follow_up_date = models.DateField("follow-up date", null=True, blank=True)

    searched = SearchField("title", "content", "excerpt", "attendee_names")
    text_indexes = ("searched",)

    class Meta(TextEntity.Meta):
        verbose_name = "note"
        ordering = ("-updated_at", "-id")
        constraints = [
            *TextEntity.Meta.constraints,
            models.UniqueConstraint(fields=["slug"], name="notes_slug"),
            models.CheckConstraint(condition=Q(status__in=NoteStatus.values), name="notes_status"),
        ]
        indexes = (
            models.Index(fields=["status", "-updated_at"], name="notes_by_status"),
            models.Index(fields=["follow_up_date"], name="notes_by_follow_up"),
            models.Index(fields=["title_folded"], name="notes_by_title"),
            models.Index(fields=["updated_at", "id"], name="notes_by_update"),
            models.Index(fields=["created_at", "id"], name="notes_by_creation"),
            models.Index(fields=["meeting_date", "id"], name="notes_by_meeting"),
        )


class NoteAttendee(models.Model):
    """A team member who was there. Written through the note's services."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="attendances")
    member = models.ForeignKey(
        "team.TeamMember", on_delete=models.CASCADE, related_name="notes_attended"
    )

    class Meta:
        default_permissions = ()
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=["note", "member"], name="notes_attendee_once"),
        )

    def __str__(self) -> str:
        return str(self.member)


class NoteTag(Record):
    """A word under which a note is found. Written through the note's services.

    Tags that fold alike are one tag, whichever way a note spells it.
    """

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="tag_rows")
    name = models.CharField(max_length=LONGEST_TAG)
    name_folded = FoldedField("name")
    text_indexes = ("name_folded",)

    class Meta:
        default_permissions = ()
        ordering = ("name_folded",)
        indexes = (models.Index(fields=["name_folded", "note"], name="notes_by_tag"),)
        constraints = (
            models.UniqueConstraint(fields=["note", "name_folded"], name="notes_tag_once"),
            models.CheckConstraint(condition=~Q(name=""), name="notes_tag_has_name"),
        )

    def __str__(self) -> str:
        return self.name


class ActionItem(Record):
    """Something to be done. Written through the note's services, as one list."""

    SHOWN: ClassVar[tuple[str, ...]] = ("text", "assignee", "due_date", "done")

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="action_items")
    position = models.PositiveIntegerField(default=LAST)
    text = models.CharField(max_length=500)
    assignee = models.ForeignKey(
        "team.TeamMember",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="notes_action_items",
    )
    due_date = models.DateField(null=True, blank=True)
    done = models.BooleanField(default=False)
    reminded_of = models.DateField(null=True, editable=False)
    """The due date of which an event has told."""

    searched = SearchField("text")
    text_indexes = ("searched",)

    class Meta:
        default_permissions = ()
        ordering = ("position", "id")
        indexes = (
            models.Index(fields=["due_date", "id"], name="notes_action_by_due"),
            models.Index(
                # All that a count looks at, so that it reads the index alone.
                fields=["due_date", "id", "note", "done"],
                condition=Q(done=False),
                name="notes_action_to_do",
            ),
            models.Index(fields=["assignee", "due_date", "id"], name="notes_action_by_assignee"),
        )
        constraints = (models.CheckConstraint(condition=~Q(text=""), name="notes_action_has_text"),)

    def __str__(self) -> str:
        return self.text

    @property
    def is_overdue(self) -> bool:
        """Whether it should have been done before today."""
        return not self.done and self.due_date is not None and self.due_date < timezone.localdate()
