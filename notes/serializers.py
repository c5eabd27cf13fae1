"""Notes as the Manage API shows and takes them."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.validators import RegexValidator
from rest_framework import serializers

from manage_api.fields import (
    SlotField,
    StrictBooleanField,
    StrictCharField,
    StrictDateField,
    StrictListField,
)
from manage_api.serializers import StrictModelSerializer
from manage_api.texts import RowSerializer, RowsField, TextEntitySerializer
from notes import people
from notes.models import LONGEST_NAME, LONGEST_TAG, MOST_TAGS, ActionItem, Note
from syteops.audit.rows import MAX_ROWS
from syteops.lib.text import NO_LINE, UNSEEN

TAG_PATTERN = rf"\A(?:(?![{NO_LINE}])[{UNSEEN}])*[^,{NO_LINE}{UNSEEN}][^,{NO_LINE}]*\Z"
"""Something to be seen, in one line and without a comma. Linear: no text matches it in two ways."""


class ShownListField(StrictListField):
    """A list that the note holds in another form; `show` makes it of the note."""

    def __init__(self, show: Callable[[Note], list[Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.show = show

    def get_attribute(self, instance: Note) -> list[Any]:
        return self.show(instance)


class ActionItemSerializer(RowSerializer):
    text = StrictCharField(max_length=500)
    assignee = SlotField(required=False, allow_null=True, help_text="Number of a team member.")
    due_date = StrictDateField(required=False, allow_null=True)
    done = StrictBooleanField(required=False)


class NoteSerializer(TextEntitySerializer):
    examples: ClassVar[dict[str, Any]] = {"title": "Kick-off with ACME", "content": "## Decisions"}

    author = SlotField(required=False, allow_null=True, help_text="Number of a team member.")
    author_name = serializers.CharField(
        source="author", read_only=True, allow_null=True, help_text="Stays when they leave."
    )
    attendees = ShownListField(
        people.attendee_nums,
        required=False,
        max_length=MAX_ROWS,
        child=SlotField(),
        help_text="Numbers of team members.",
    )
    attendee_names = ShownListField(
        people.attendee_names,
        required=False,
        max_length=MAX_ROWS,
        child=StrictCharField(max_length=LONGEST_NAME),
        help_text="Everybody else, team members that were deleted among them.",
    )
    action_items = RowsField(ActionItemSerializer())
    tags = ShownListField(
        people.tags,
        required=False,
        max_length=MOST_TAGS,
        child=StrictCharField(
            max_length=LONGEST_TAG, validators=[RegexValidator(TAG_PATTERN, "No commas.")]
        ),
        help_text="Stored in lower case, each once, sorted.",
    )

    class Meta:
        model = Note
        fields = (
            "id", "title", "content", "excerpt", "slug", "status", "author", "author_name",
            "attendees", "attendee_names", "meeting_date", "follow_up_date", "action_items",
            "tags", "meta", "created_at", "updated_at",
        )  # fmt: skip


class AgendaItemSerializer(StrictModelSerializer):
    """An action item by itself: something to be done, and the note that says so."""

    note = serializers.IntegerField(source="note_id", read_only=True, help_text="Id of the note.")
    note_title = serializers.CharField(source="note.title", read_only=True)
    assignee = SlotField(
        read_only=True, allow_null=True, help_text="Number of the team member who is to do it."
    )
    assignee_name = serializers.CharField(
        source="assignee", read_only=True, allow_null=True, help_text="Stays when they leave."
    )
    overdue = serializers.BooleanField(
        source="is_overdue", read_only=True, help_text="Still to do, and due before today."
    )

    class Meta:
        model = ActionItem
        fields = (
            "id", "text", "assignee", "assignee_name", "due_date", "overdue", "done",
            "note", "note_title",
        )  # fmt: skip
        read_only_fields = fields
