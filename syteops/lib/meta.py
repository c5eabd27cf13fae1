"""`meta`: a JSON object in which tools keep what is theirs."""

import json
import re
from typing import Any

from django.core.exceptions import ValidationError

MAX_META_BYTES = 16_384


def validate_meta(value: Any) -> None:
    """Raise ValidationError unless `value` is a JSON object of 16 KiB at most, free of NUL."""
    if not isinstance(value, dict):
        raise ValidationError("Send a JSON object.", "invalid")
    text = json.dumps(value, ensure_ascii=False)
    if "\\u0000" in text or re.search("[\ud800-\udfff]", text):  # half of a surrogate pair
        raise ValidationError("A text contains a character that cannot be stored.", "invalid")
    if len(text.encode()) > MAX_META_BYTES:
        raise ValidationError(f"It may have {MAX_META_BYTES} bytes at most.", "max_length")
