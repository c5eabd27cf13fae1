"""Reading what a language model answers: never trusted, often wrapped in words or fences."""

from datetime import date
from typing import Any

from syteops.lib.json_reader import Refused, read
from syteops.lib.text import cut, is_blank, to_line


def objects_in(answer: str) -> list[dict[str, Any]] | None:
    """The JSON objects of the list in `answer`, whatever is around it; None if there is none."""
    start, end = answer.find("["), answer.rfind("]")
    if start < 0 or end < start:
        return None
    try:
        found = read(answer[start : end + 1])
    except Refused:
        return None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else None


def text_of(value: Any, length: int) -> str:
    """`value` as one line of text, cut to `length`; "" for anything but a text."""
    if not isinstance(value, str):
        return ""
    storable = to_line(value.replace("\x00", "").encode(errors="ignore").decode())
    return "" if is_blank(storable) else cut(storable, length).strip()


def date_of(value: Any) -> date | None:
    """The date that `value` writes as 2026-01-31; None for anything else."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
