"""`meta`: a JSON object in which tools keep what is theirs."""

import json
from typing import Any

from django.core.exceptions import ValidationError

MAX_META_BYTES = 16_384


def _is_sound(text: str) -> bool:
    """Whether no half of a surrogate pair is in it."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def validate_meta(value: Any) -> None:
    """Raise ValidationError unless `value` is a JSON object of 16 KiB at most, free of NUL."""
    if not isinstance(value, dict):
        raise ValidationError("Send a JSON object.", "invalid")
    text = json.dumps(value, ensure_ascii=False)
    if "\\u0000" in text or not _is_sound(text):
        raise ValidationError("A text contains a character that cannot be stored.", "invalid")
    if len(text.encode()) > MAX_META_BYTES:
        raise ValidationError(f"It may have {MAX_META_BYTES} bytes at most.", "max_length")
