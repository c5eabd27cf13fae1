"""Audit entries as files: CSV for spreadsheets, JSON Lines for tools. Written as they are read.

Each is written for a reader, in pieces. On its way to a slow client, others are served by the same
database connection: nothing stays open there between two pieces.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet, Sum, TextField
from django.db.models.functions import Cast, Length

from manage_api.fields import StrictChoiceField
from manage_api.filters import fields_of
from manage_api.principals import Principal
from manage_api.rendering import dump
from manage_api.serializers import StrictSerializer
from syteops.audit.models import AuditEntry
from syteops.audit.queries import fitting
from syteops.core.errors import Invalid
from syteops.history.filters import AuditFilter
from syteops.history.serializers import AuditEntrySerializer
from syteops.lib.cells import inert, line_writer

COLUMNS = (
    "id", "at", "outcome", "actor_kind", "actor_id", "actor_label", "door", "operation", "event",
    "resource", "object", "object_label", "changes", "code", "request_id", "address",
)  # fmt: skip
"""The columns of the CSV; `changes` is JSON."""
MOST_EXPORTED, MOST_BYTES = 10_000, 16 * 1024 * 1024
"""So many entries with changes of so many bytes go into one answer of the API, made as a whole."""
CHUNK = 1000
"""So many entries are read at once, and are one piece."""


def refuse_too_much(found: QuerySet[AuditEntry]) -> None:
    """Raises Invalid, before any of it is read, for more than one answer may hold."""
    some = found.order_by().values("pk")[: MOST_EXPORTED + 1]
    kept = AuditEntry.objects.filter(pk__in=some)
    size = Sum(Length(Cast("changes", TextField())))
    told = kept.aggregate(entries=Count("pk"), bytes=size)
    if told["entries"] > MOST_EXPORTED or (told["bytes"] or 0) > MOST_BYTES:
        detail = (
            f"More than {MOST_EXPORTED} entries fit, or their changes come to more than "
            f"{MOST_BYTES} bytes. Narrow them with since and until."
        )
        raise Invalid.field("since", detail, "out_of_range")


def as_csv(found: QuerySet[AuditEntry], reader: Principal) -> Iterator[str]:
    """The entries as CSV (RFC 4180), with a line of column names; every cell is inert text."""
    line = line_writer()
    yield line(COLUMNS)
    for page in _pages(found, reader):
        yield "".join(line(_cells(row)) for row in page)


def as_json_lines(found: QuerySet[AuditEntry], reader: Principal) -> Iterator[str]:
    """The entries as `audit.list` shows them, one on each line."""
    for page in _pages(found, reader):
        yield "".join(f"{dump(row).decode()}\n" for row in page)


def _pages(found: QuerySet[AuditEntry], reader: Principal) -> Iterator[list[dict[str, Any]]]:
    """What `audit.list` shows that reader of each, the newest first, CHUNK at a time."""
    shown, found = AuditEntrySerializer(context={"reader": reader}), found.order_by("-pk")
    left = found
    while keys := list(left.values_list("pk", flat=True)[:CHUNK]):
        entries = list(left[: fitting(keys)])
        yield [shown.to_representation(one) for one in entries]
        left = found.filter(pk__lt=entries[-1].pk)


def _cells(row: dict[str, Any]) -> list[str]:
    actor = {f"actor_{name}": value for name, value in row["actor"].items()}
    cells = {**row, **actor, "changes": dump(row["changes"]).decode()}
    return [inert(str(cells[name])) for name in COLUMNS]


class Format(NamedTuple):
    """A kind of file."""

    media_type: str
    write: Callable[[QuerySet[AuditEntry], Principal], Iterator[str]]


FORMATS = {
    "csv": Format("text/csv", as_csv),
    "jsonl": Format("application/x-ndjson", as_json_lines),
}


_FORMAT = StrictChoiceField(
    choices=("json", *FORMATS),
    required=False,
    help_text="`csv`: a line of column names, then a line each. `jsonl`: JSON, a line each. "
    "Left out, it is what `Accept` asks for, or `json`.",
)
AuditExportInput: Any = type(
    "AuditExportInput", (StrictSerializer,), {**fields_of(AuditFilter), "format": _FORMAT}
)
"""The filters of the list, and the form of the answer."""
