"""What notes and estimates have in common over the Manage API."""

from typing import Any

from manage_api.fields import (
    JsonObjectField,
    StrictCharField,
    StrictIntegerField,
    StrictListField,
    StrictTextField,
)
from manage_api.serializers import StrictModelSerializer, StrictSerializer
from syteops.audit.rows import MAX_ROWS
from syteops.core.slugs import SLUG_LENGTH
from syteops.core.texts import LONGEST_CONTENT, slug_validator
from syteops.lib.meta import validate_meta


class TextEntitySerializer(StrictModelSerializer):
    """Base of a `Described` object's serializer."""

    content = StrictTextField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_CONTENT,
        help_text="Markdown. HTML in it is shown as text.",
    )
    slug = StrictCharField(
        required=False,
        max_length=SLUG_LENGTH,
        validators=[slug_validator],
        help_text="Unique. Made from the title if left out; it stays when the title changes.",
    )
    meta = JsonObjectField(
        required=False, validators=[validate_meta], help_text="Yours to use; 16 KiB at most."
    )


class RowSerializer(StrictSerializer):
    """An item of a list that is sent whole."""

    id = StrictIntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Of a stored item, to change it: what else is left out keeps its value. "
        "Without an id the item is added.",
    )


class RowsField(StrictListField):
    """The rows of an object as one list, which replaces the one there is."""

    def __init__(self, row: RowSerializer, **kwargs: Any) -> None:
        super().__init__(
            child=row,
            required=False,
            max_length=MAX_ROWS,
            help_text="The whole list, in order.",
            **kwargs,
        )

    def get_attribute(self, instance: Any) -> Any:
        rows: Any = super().get_attribute(instance)
        return rows.all()
