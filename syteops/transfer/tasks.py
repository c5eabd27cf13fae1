"""Large files in the background: tried, and imported, while whoever asked sees how far it is."""

from functools import partial
from typing import TypeVar

from syteops.core.actors import Actor, ActorKind
from syteops.core.errors import Conflict
from syteops.core.tasks import task
from syteops.tasks.jobs import Storing, tell_progress
from syteops.tasks.working import carry_out
from syteops.transfer import downloads, uploads
from syteops.transfer.models import Download, Import
from syteops.transfer.restoring import restore
from syteops.transfer.sheets import sheet_named

Kept = TypeVar("Kept", Import, Download)


@task(queue_name="slow")
def try_file(job: str, upload: str) -> None:
    """Find out what importing a file would do."""

    def work(actor: Actor, storing: Storing) -> str:
        kept = _found(Import, upload, actor, uploads.GONE)
        uploads.try_upload(kept, sheet_named(kept.resource), actor, partial(tell_progress, job))
        return "All rows were looked through."

    carry_out(try_file, job, upload, work)


@task(queue_name="slow")
def store_file(job: str, upload: str) -> None:
    """Import a file."""

    def work(actor: Actor, storing: Storing) -> str:
        kept = _found(Import, upload, actor, uploads.GONE)
        sheet = sheet_named(kept.resource)
        report = uploads.store_upload(kept, sheet, actor, partial(tell_progress, job), storing)
        return uploads.outcome(kept, report)

    carry_out(store_file, job, upload, work)


@task(queue_name="slow")
def restore_rows(job: str, upload: str) -> None:
    """Bring deleted ones back, all or none."""

    def work(actor: Actor, storing: Storing) -> str:
        kept = _found(Import, upload, actor, uploads.GONE)
        return restore(kept, actor, partial(tell_progress, job), storing)

    carry_out(restore_rows, job, upload, work)


@task(queue_name="slow")
def make_workbook(job: str, download: str) -> None:
    """Make a workbook of what a list shows."""

    def work(actor: Actor, storing: Storing) -> str:
        kept = _found(Download, download, actor, downloads.GONE)
        sheet = sheet_named(kept.resource)
        downloads.make(kept, sheet, partial(tell_progress, job), storing)
        return "Your file is ready."

    carry_out(make_workbook, job, download, work)


def _found(model: type[Kept], key: str, actor: Actor, gone: str) -> Kept:
    """That of the actor, with whose rights it is read and stored.

    Raises Conflict, saying `gone`, for what is not there any more: nothing of it was done.
    """
    found = model._default_manager.filter(pk=key).first()
    if found is None or (ActorKind.PERSON, str(found.person_id)) != (actor.kind, actor.id):
        raise Conflict(gone)
    return found
