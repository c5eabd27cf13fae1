"""Uploads: kept sealed, tried, and then imported as a whole or not at all."""

import json
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from syteops.adminkit.races import check_references, races_refused
from syteops.audit.visibility import readable_resources
from syteops.core.actors import Actor
from syteops.core.encryption import open_sealed, seal
from syteops.core.errors import Conflict
from syteops.core.locks import repeated
from syteops.lib.text import cut, to_line
from syteops.team.places import wait_for_erasures
from syteops.transfer.budget import Tell, keep_latest
from syteops.transfer.choices import Kind
from syteops.transfer.files import Table
from syteops.transfer.importing import Report, carry_out_rows, named_in, try_rows
from syteops.transfer.models import Import
from syteops.transfer.offers import AT_ONCE, CHARACTERS
from syteops.transfer.sheets import Sheet

KEPT = timedelta(days=1)
GONE = "This file was imported already, or was kept for too long. Choose it once more."
_DONE = {Kind.FILE: "Imported", Kind.EDIT: "Edited", Kind.DELETION: "Done"}
CHANGED = "Nothing was stored: something was changed meanwhile. Look at it once more."


class _TakenBack(Exception):
    """The rows would do something else than was shown; `report` says what."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def keep(user: Any, sheet: Sheet, table: Table, file_name: str, kind: Kind = Kind.FILE) -> Import:
    """The upload, kept for a day at most, and as one of the person's latest."""
    name = cut(to_line(file_name), 200)
    upload = Import(person=user, resource=sheet.viewset.resource, file_name=name, kind=kind)
    with transaction.atomic():
        _put(upload, table)
        upload.save(force_insert=True)
        keep_latest(Import, user)
    return upload


@transaction.atomic
def fill(upload: Import, table: Table) -> None:
    """Keep that table in it instead; what storing it would do is to be found out anew.

    Raises Conflict if it is gone.
    """
    _put(upload, table)
    values = {"row_count": upload.row_count, "content": upload.content, "report": None}
    if not Import.objects.filter(pk=upload.pk).update(**values):
        raise Conflict(GONE)


def _put(upload: Import, table: Table) -> None:
    upload.row_count, upload.report = len(table.rows), None
    kept = [*_meant(upload), table.header, table.rows]
    upload.content = seal(upload, "content", json.dumps(kept, ensure_ascii=False))


def _meant(upload: Import) -> list[str]:
    """What the rows are of, and what is to be done with them."""
    return [upload.resource, str(upload.kind)]


def report_of(upload: Import) -> Report | None:
    """What importing it would do; None as long as that was not tried."""
    kept = open_sealed(upload, "report")
    return Report.from_data(json.loads(kept)) if kept else None


def find(
    user: Any, sheet: Sheet, key: Any, lock: bool = False, kinds: Collection[Kind] = tuple(Kind)
) -> Import:
    """That person's upload. Raises Conflict if it is not there any more, or of another kind."""
    kept = Import.objects.select_for_update() if lock else Import.objects.all()
    mine = kept.filter(pk=key, person=user, resource=sheet.viewset.resource)
    found = mine.filter(kind__in=kinds).first()
    if found is None:
        raise Conflict(GONE)
    return found


def try_upload(upload: Import, sheet: Sheet, actor: Actor, tell: Tell) -> Report:
    """Find out what importing it would do, and keep that to be shown. Raises Conflict if gone.

    Who is being erased is not read any more; who is erased from now on has the upload deleted.
    """
    wait_for_erasures()
    work = partial(try_rows, sheet, table_of(upload), upload.person, _seeing(upload, actor), tell)
    report = repeated(work)
    _note(upload, report)
    return report


def store_upload(
    upload: Import,
    sheet: Sheet,
    actor: Actor,
    tell: Tell,
    storing: Callable[[], AbstractContextManager[Any]] = transaction.atomic,
) -> Report:
    """Import it, if that still does what was shown; else nothing is stored. Raises Conflict."""
    shown, seeing = report_of(upload), _seeing(upload, actor)

    def store() -> Report:
        with races_refused(), storing():
            table = table_of(find(upload.person, sheet, upload.pk, lock=True))
            report = carry_out_rows(sheet, table, upload.person, seeing, tell)
            if report.problem_count or shown is None or report.digest != shown.digest:
                raise _TakenBack(report)
            check_references()
            Import.objects.filter(pk=upload.pk).delete()
        return report

    try:
        return repeated(store)
    except _TakenBack as refusal:
        _mark_changed(refusal.report, shown)
        _note(upload, refusal.report)
        raise Conflict(CHANGED) from refusal


def takes_long(upload: Import, sheet: Sheet) -> bool:
    """Whether nobody should wait for it: it is long, deletes, or is about long objects."""
    if upload.row_count > AT_ONCE or upload.kind == Kind.DELETION:
        return True
    table = table_of(upload)
    length = sum(len(cell) for _, cells in table.rows for cell in cells)
    return length > AT_ONCE * CHARACTERS or not sheet.are_read_at_once(named_in(sheet, table))


def outcome(upload: Import, report: Report) -> str:
    """What to say once it is stored."""
    return f"{_DONE[Kind(upload.kind)]}: {in_words(report)}."


def in_words(report: Report) -> str:
    """How many of what: "3 new, 2 changed"."""
    counts = {"new": report.new, "changed": report.changed, "deleted": report.deleted}
    told = [f"{count:,} {name}" for name, count in counts.items() if count]
    return ", ".join(told) or "Nothing"


def forget_imports() -> None:
    """Delete what was uploaded more than a day ago."""
    Import.objects.filter(begun_at__lt=timezone.now() - KEPT).delete()


def _seeing(upload: Import, actor: Actor) -> Actor:
    """The actor, who may be told what the person may read; a worker knows nothing of that."""
    return replace(actor, trail=[], readable=partial(readable_resources, upload.person))


def table_of(upload: Import) -> Table:
    """What is to be stored. Raises Conflict where it was meant for something else."""
    *meant, header, rows = json.loads(open_sealed(upload, "content") or "[[], []]")
    if meant != _meant(upload):
        raise Conflict(GONE)
    return Table(header, [(number, cells) for number, cells in rows], Kind(upload.kind))


def _mark_changed(report: Report, shown: Report | None) -> None:
    """Mark the rows that would do something else than was shown."""
    before = {one["row"]: one["fields"] for one in shown.changes} if shown else {}
    for one in report.changes:
        one["is_stale"] = before.get(one["row"]) != one["fields"]


def _note(upload: Import, report: Report) -> None:
    with transaction.atomic():
        upload.report = seal(upload, "report", json.dumps(report.as_data(), ensure_ascii=False))
        if not Import.objects.filter(pk=upload.pk).update(report=upload.report):
            raise Conflict(GONE)
