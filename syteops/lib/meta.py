"""`meta`: a JSON object in which tools keep what is theirs."""

import json
from typing import Any

from django.core.exceptions import ValidationError

from syteops.lib.json_reader import Refused, check

MAX_META_BYTES = 16_384
DEEPEST = 32
"""Levels: fewer than of a whole call, so that it goes in by every door by which it came out."""


def validate_meta(value: Any) -> None:
    """Raise ValidationError unless `value` is a JSON object of 16 KiB at most, fit to be stored."""
    if not isinstance(value, dict):
        raise ValidationError("Send a JSON object.", "invalid")
    try:
        check(value, DEEPEST)
    except Refused as refusal:
        raise ValidationError(str(refusal), "invalid") from refusal
    if len(json.dumps(value, ensure_ascii=False).encode()) > MAX_META_BYTES:
        raise ValidationError(f"It may have {MAX_META_BYTES} bytes at most.", "max_length")
