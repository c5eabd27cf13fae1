"""The pages beside each list that import a file into it, or change many chosen rows."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin.actions import delete_selected
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from unfold.widgets import UnfoldAdminFileFieldWidget

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.errors import show_refusal
from syteops.adminkit.list_pages import ListAction, ListPage
from syteops.core.errors import Conflict, DomainError, Invalid, LimitReached
from syteops.tasks.jobs import begin
from syteops.tasks.progress import page_to_wait_on
from syteops.transfer import editing, files, uploads
from syteops.transfer.budget import PER_FILE, spend
from syteops.transfer.choices import Kind
from syteops.transfer.files import Table
from syteops.transfer.importing import Report
from syteops.transfer.models import Import
from syteops.transfer.offers import allowed, may_export, may_import, sheet_beside
from syteops.transfer.sheets import sheet_of
from syteops.transfer.tasks import restore_rows, store_file, try_file

MOST_NAMED = 8
"""Of the chosen rows so many are named where it is asked what is to become of them."""
AT_ONCE_DELETED = 100
"""So many rows are deleted or restored while the person waits."""
_ACTIONS = {
    Kind.FILE: "import",
    Kind.EDIT: "edit",
    Kind.DELETION: "delete",
    Kind.RESTORING: "restore",
}
_DOING = {Kind.FILE: "Importing", Kind.EDIT: "Editing", Kind.DELETION: "Deleting"}


class FileForm(forms.Form):
    """The file to import."""

    file = forms.FileField(
        label="CSV or XLSX file",
        widget=UnfoldAdminFileFieldWidget(
            attrs={"accept": f".csv,.xlsx,text/csv,{files.XLSX_TYPE}"}
        ),
    )


# --- Import --------------------------------------------------------------------------------


def show_import(admin: Any, request: HttpRequest) -> HttpResponse:
    """Takes a file, tries what importing it would do, and leads to the page that tells it."""
    sheet = sheet_beside(admin)
    form = FileForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            spend(request.user, PER_FILE)
            table = files.read(file.file, file.name, file.size)
            if not table.rows:
                raise files.refused(
                    "The file has no rows below its header. There is nothing to do."
                )
            spend(request.user, len(table.rows))
        except Invalid as refusal:
            form.add_error("file", refusal.errors[0].detail)
        except LimitReached as refusal:
            form.add_error("file", refusal.detail)
        else:
            return _try(admin, request, uploads.keep(request.user, sheet, table, file.name))
    name = admin.opts.verbose_name_plural
    context = {
        "form": form,
        "sheet": sheet,
        "columns": sheet.columns.values(),
        "most_rows": files.MOST_ROWS,
        "most_megabytes": files.MOST_BYTES // 1024 // 1024,
        "back": admin.url_to("changelist"),
        "export": admin.url_to("export"),
    }
    return admin.page(request, "admin/transfer/import.html", f"Import {name}", **context)  # type: ignore[no-any-return]


def _untold(done: int, total: int) -> None:
    """Whoever waits for the answer is told by it."""


def _actor(admin: Any, request: HttpRequest, upload: Import) -> Any:
    return admin_actor(
        request, f"{sheet_beside(admin).viewset.resource}.{_ACTIONS[Kind(upload.kind)]}"
    )


def _try(admin: Any, request: HttpRequest, upload: Import) -> HttpResponse:
    deletes = upload.kind == Kind.DELETION
    page = admin.url_to("deletion" if deletes else "import_file", upload.pk)
    if uploads.takes_long(upload, sheet_beside(admin)):
        title = f"Looking through {upload.file_name}"
        return _wait(admin, request, try_file, upload, title, page)
    try:
        uploads.try_upload(upload, sheet_beside(admin), _actor(admin, request, upload), _untold)
    except (Conflict, LimitReached) as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(admin.url_to("changelist"))
    return HttpResponseRedirect(page)


def _wait(
    admin: Any, request: HttpRequest, task: Any, upload: Import, title: str, back: str
) -> HttpResponse:
    """Has it done in the background. Each row takes its own right as well, when it is done."""
    actor, name = _actor(admin, request, upload), str(upload.pk)
    needs = [sheet_beside(admin).lists.permission]
    job = begin(actor, task, upload, needs=needs, title=title, back=back, name=name)
    return page_to_wait_on(job)


def show_file(
    admin: Any,
    request: HttpRequest,
    upload_id: UUID,
    kinds: Collection[Kind] = (Kind.FILE, Kind.EDIT),
) -> HttpResponse:
    """Tells what importing a file would do; only a POST imports it."""
    try:
        upload = uploads.find(request.user, sheet_beside(admin), upload_id, kinds=kinds)
        if request.method == "POST":
            return _store(admin, request, upload)
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        gone = refusal.detail == uploads.GONE
        return redirect(admin.url_to("changelist") if gone else request.path)
    report = uploads.report_of(upload)
    if report is None:  # the job that was to find out has failed, or is not over
        return HttpResponseRedirect(admin.url_to("changelist"))
    labels = _labels(admin, upload, report)
    context = {
        "upload": upload,
        "report": report,
        "problems": [(labels[one.row], one) for one in report.problems],
        "changes": [(labels[one["row"]], one) for one in report.changes],
        "told": uploads.in_words(report),
        "does_something": report.new or report.changed or report.deleted,
        "more_problems": report.problem_count - len(report.problems),
        "back": admin.url_to("edit", upload.pk)
        if upload.kind == Kind.EDIT
        else admin.url_to("import"),
        "list": admin.url_to("changelist"),
    }
    title = f"{Kind(upload.kind).label} {upload.file_name}"
    return admin.page(request, "admin/transfer/file.html", title, **context)  # type: ignore[no-any-return]


def _store(admin: Any, request: HttpRequest, upload: Import) -> HttpResponse:
    spend(request.user, upload.row_count)
    if uploads.takes_long(upload, sheet_beside(admin)):
        title = f"{_DOING[Kind(upload.kind)]} {upload.file_name}"
        return _wait(admin, request, store_file, upload, title, admin.url_to("changelist"))
    actor = _actor(admin, request, upload)
    report = uploads.store_upload(upload, sheet_beside(admin), actor, _untold)
    messages.success(request, uploads.outcome(upload, report))
    return HttpResponseRedirect(admin.url_to("changelist"))


# --- Editing rows that were chosen ----------------------------------------------------------


def _may_edit(admin: Any, request: HttpRequest) -> bool:
    sheet = sheet_of(admin.model)
    if sheet is None or not {"list", sheet.updates.endpoint} <= allowed(admin, request):
        return False
    return admin.has_change_permission(request) and bool(editing.fields_of(sheet))


def begin_edit(admin: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
    """Leads from the list to the page that asks what is to become of the chosen rows."""
    sheet, count = sheet_beside(admin), queryset.count()
    if count > files.MOST_ROWS:
        messages.error(request, f"Choose {files.MOST_ROWS:,} rows at most.")
        return None
    table = editing.chosen(sheet, queryset)
    if not table.rows:
        messages.error(request, "None of these can be edited.")
        return None
    rows = len(table.rows)
    noun = admin.opts.verbose_name if rows == 1 else admin.opts.verbose_name_plural
    upload = uploads.keep(request.user, sheet, table, f"{rows:,} {noun}", Kind.EDIT)
    return HttpResponseRedirect(admin.url_to("edit", upload.pk))


def show_edit(admin: Any, request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Asks which fields get which value, tries that, and leads to the page that tells it."""
    sheet = sheet_beside(admin)
    try:
        upload = uploads.find(request.user, sheet, upload_id, kinds=(Kind.EDIT,))
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(admin.url_to("changelist"))
    form = editing.form_for(sheet, request.POST if request.method == "POST" else None)
    table = uploads.table_of(upload)
    if request.method == "POST" and form.is_valid():
        try:
            spend(request.user, upload.row_count)
            uploads.fill(upload, editing.filled(sheet, table, form.values()))
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            return _try(admin, request, upload)
    context = {
        "form": form,
        "upload": upload,
        "labels": [*editing.labels(sheet, table, MOST_NAMED).values()],
        "more": max(upload.row_count - MOST_NAMED, 0),
        "back": admin.url_to("changelist"),
    }
    title = f"Edit {upload.file_name}"
    made: HttpResponse = admin.page(request, "admin/transfer/edit.html", title, **context)
    return made


def _labels(admin: Any, upload: Import, report: Report) -> dict[int, str]:
    """What each row that is told of is called: by its name if it was chosen, else by its place."""
    told = {one.row for one in report.problems} | {one["row"] for one in report.changes}
    named = {}
    if upload.kind != Kind.FILE:
        named = editing.labels(sheet_beside(admin), uploads.table_of(upload), only=told)
    return {row: named.get(row) or f"Row {row}" for row in told}


# --- Deleting and restoring many ------------------------------------------------------------


def delete_chosen(admin: Any, request: HttpRequest, queryset: Any) -> Any:
    """A few at once, as Django asks and does it; many are tried, and deleted, in the background."""
    count = queryset.count()
    if count <= AT_ONCE_DELETED:
        return delete_selected(admin, request, queryset)
    sheet = sheet_of(admin.model)
    if sheet is None or not _may_delete(admin, request) or count > files.MOST_ROWS:
        most = AT_ONCE_DELETED if sheet is None else files.MOST_ROWS
        messages.error(request, f"Choose {most:,} rows at most.")
        return None
    table = editing.chosen(sheet, queryset)
    if len(table.rows) < count:
        messages.error(request, "Some of these cannot be deleted. Choose fewer.")
        return None
    try:
        spend(request.user, count)
    except LimitReached as refusal:
        messages.error(request, refusal.detail)
        return None
    name = f"{count:,} {admin.opts.verbose_name_plural}"
    return _try(admin, request, uploads.keep(request.user, sheet, table, name, Kind.DELETION))


def show_deletion(admin: Any, request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """Tells what deleting the chosen rows would do; only a POST deletes them."""
    return show_file(admin, request, upload_id, kinds=(Kind.DELETION,))


def _may_delete(admin: Any, request: HttpRequest) -> bool:
    sheet = sheet_of(admin.model)
    if sheet is None or "destroy" not in sheet.viewset.operations:
        return False
    return may_export(admin, request) and admin.has_delete_permission(request)


def restore_chosen(admin: Any, request: HttpRequest, queryset: Any) -> Any:
    """A few at once, many in the background."""
    keys = list(queryset.values_list("pk", flat=True)[: files.MOST_ROWS + 1])
    if len(keys) <= AT_ONCE_DELETED:
        return admin.restore(request, queryset)
    try:
        if len(keys) > files.MOST_ROWS:
            raise LimitReached(f"Choose {files.MOST_ROWS:,} rows at most.")
        spend(request.user, len(keys))
    except LimitReached as refusal:
        messages.error(request, refusal.detail)
        return None
    sheet, name = sheet_beside(admin), f"{len(keys):,} {admin.opts.verbose_name_plural}"
    table = Table(["pk"], [(number, [str(key)]) for number, key in enumerate(keys, 1)])
    upload = uploads.keep(request.user, sheet, table, name, Kind.RESTORING)
    back = admin.url_to("changelist")
    return _wait(admin, request, restore_rows, upload, f"Restoring {name}", back)


def _has_sheet(admin: Any, request: HttpRequest) -> bool:
    return sheet_of(admin.model) is not None


DELETE = ListAction("delete_selected", "", lambda *_: True, delete_chosen, takes_place=True)
RESTORE = ListAction("restore", "", _has_sheet, restore_chosen, takes_place=True)
EDIT = ListAction("edit_chosen", "Edit selected…", _may_edit, begin_edit)
PAGES = (
    ListPage("edit", "edit/<uuid:upload_id>/", _may_edit, show_edit),
    ListPage("deletion", "deletion/<uuid:upload_id>/", _may_delete, show_deletion),
    ListPage("import", "import/", may_import, show_import, "Import", "upload", is_action=True),
    ListPage("import_file", "import/<uuid:upload_id>/", may_import, show_file),
)
