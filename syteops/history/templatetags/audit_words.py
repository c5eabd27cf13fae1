"""Audit entries in templates."""

import json
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from django import template
from django.template import Context

from syteops.adminkit.moments import exact_moment
from syteops.audit import words
from syteops.audit.models import AuditEntry
from syteops.audit.visibility import may_read, visible_changes
from syteops.history.rights import may_undo
from syteops.lib.text_diff import Effort, Line, diff_lines

register = template.Library()

GLANCE = 80
"""Characters of a text that are compared at a glance: it stands whole on either side."""

MOST_LINES = 2000
"""Lines of one difference that a page shows: each takes some time to write."""

MOST_TOGETHER = 1_000_000
"""Steps and characters that it takes to compare and show what many entries have changed."""


register.filter("in_words", words.sentence)
register.filter("door", words.door_in_words)
register.filter("actor", words.actor_name)


@register.filter
def undoable_by(entry: AuditEntry, person: Any) -> bool:
    """Whether that person may undo the change, as far as the entry tells."""
    return may_undo(person, entry)


@register.filter
def changes_for(entry: AuditEntry, person: Any) -> dict[str, Any]:
    """The changed fields whose values that person may read."""
    return visible_changes(entry.changes, entry.object_resource, partial(may_read, person))


@register.filter
def value(stored: Any, field: str = "") -> str:
    """The value of a field before or after, as a person reads it; times in that person's zone."""
    if field.endswith("_at") and isinstance(stored, str):
        with suppress(ValueError, TypeError, OverflowError):
            return exact_moment(datetime.fromisoformat(stored))
    if stored is None or stored == "":
        return "—"
    if isinstance(stored, bool):
        return "yes" if stored else "no"
    if isinstance(stored, list) and all(isinstance(one, str | int | float) for one in stored):
        return ", ".join(map(str, stored)) or "—"
    if isinstance(stored, list | dict):
        return json.dumps(stored, ensure_ascii=False, indent=2)
    return str(stored)


@register.simple_tag
def shared_effort() -> Effort:
    """What several entries may take together to compare and show, as `effort` of a template."""
    return Effort(MOST_TOGETHER)


@register.simple_tag(takes_context=True)
def difference(context: Context, change: dict[str, Any]) -> list[Line] | None:
    """How a long text changed, by lines; nothing for what is read at a glance, or came or went.

    None where the other entries on the page took all the effort that they share, which is what
    comparing takes and how many characters are shown.
    """
    before, after = (value(change[side]) for side in ("before", "after"))
    if max(len(before), len(after)) <= GLANCE:
        return []
    effort = context.get("effort") or Effort()
    if effort.left <= 0:
        return None
    if value(None) in (before, after):
        effort.left -= len(before) + len(after)
        return []
    lines = _shown(diff_lines(before, after, effort))
    effort.left -= sum(len(text) for line in lines for text, _ in line.parts)
    return lines


def _shown(lines: list[Line]) -> list[Line]:
    """No more of them than a page can hold, and how many others there are."""
    if (more := len(lines) - MOST_LINES) <= 0:
        return lines
    return [*lines[:MOST_LINES], Line("gap", [(f" {more:,} more lines", False)])]


@register.filter
def field_name(name: str) -> str:
    """A column's name as a label."""
    return name.replace("_", " ")
