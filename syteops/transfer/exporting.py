"""The pages beside each list that export it."""

from typing import Any, TypeVar
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.list_pages import ListPage
from syteops.core.errors import DomainError, Invalid, LimitReached
from syteops.tasks.jobs import begin
from syteops.tasks.progress import page_to_wait_on
from syteops.transfer import downloads, files
from syteops.transfer.budget import spend
from syteops.transfer.offers import AT_ONCE, may_export, sheet_beside
from syteops.transfer.sheets import Sheet
from syteops.transfer.tasks import make_workbook

MOST_XLSX = 5000
"""Rows of a workbook, which is made as a whole."""
_TOO_MANY = f"XLSX holds {MOST_XLSX:,} rows at most. Take CSV."

R = TypeVar("R", bound=HttpResponseBase)


def show_export(admin: Any, request: HttpRequest) -> HttpResponseBase:
    """Asks for the kind of file, and answers it with what the list's filters let pass."""
    query = request.GET.copy()
    form = (query.pop("format", None) or [""])[0]
    request.GET = query  # type: ignore[assignment]  # what is left is the list's
    try:
        listed = admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        return HttpResponseRedirect(admin.url_to("changelist"))
    if request.method == "POST":
        return _begin_workbook(admin, request, listed)
    if form in ("csv", "xlsx", "empty"):
        return _exported(admin, request, listed, form)
    title, count = f"Export {admin.opts.verbose_name_plural}", listed.count()
    context = {
        "count": count,
        "takes_long": count <= MOST_XLSX and _takes_long(sheet_beside(admin), listed, count),
        "query": query.urlencode(),
        "most": MOST_XLSX,
        "back": f"{admin.url_to('changelist')}?{query.urlencode()}",
    }
    return admin.page(request, "admin/transfer/export.html", title, **context)  # type: ignore[no-any-return]


def _exported(admin: Any, request: HttpRequest, listed: Any, form: str) -> HttpResponseBase:
    sheet = sheet_beside(admin)
    rows = sheet.exported(listed.none() if form == "empty" else listed)
    response: HttpResponseBase
    if form == "xlsx":
        if _takes_long(sheet, listed, count := listed.count()):
            if count > MOST_XLSX:
                messages.error(request, _TOO_MANY)
            return HttpResponseRedirect(f"{request.path}?{request.GET.urlencode()}")
        try:
            made = files.as_xlsx(list(sheet.columns), rows)
        except Invalid as refusal:
            messages.error(request, refusal.errors[0].detail)
            return HttpResponseRedirect(request.path)
        response = HttpResponse(made, content_type=files.XLSX_TYPE)
    else:
        pieces = files.as_csv(list(sheet.columns), rows)
        response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    return _as_download(response, sheet, "xlsx" if form == "xlsx" else "csv")


def _takes_long(sheet: Sheet, listed: Any, count: int) -> bool:
    """Whether somebody had better wait for it than for a page: they are many, or long."""
    if count > AT_ONCE:
        return True
    keys = list(listed.values_list("pk", flat=True))
    return bool(sheet.viewset.fitting(keys) < len(keys))


def _as_download(response: R, sheet: Sheet, ending: str) -> R:
    name = f"{sheet.viewset.prefix.replace('/', '-')}.{ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _begin_workbook(admin: Any, request: HttpRequest, listed: Any) -> HttpResponse:
    sheet = sheet_beside(admin)
    keys = list(listed.values_list("pk", flat=True)[: MOST_XLSX + 1])
    if len(keys) > MOST_XLSX:
        messages.error(request, _TOO_MANY)
        return HttpResponseRedirect(request.get_full_path())
    try:
        spend(request.user, len(keys) // 5)  # they are read, and no writer waits
    except LimitReached as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(request.get_full_path())
    kept = downloads.keep(request.user, sheet, keys)
    actor = admin_actor(request, f"{sheet.viewset.resource}.export")
    title = f"Exporting {len(keys):,} {admin.opts.verbose_name_plural}"
    back, name = admin.url_to("export_file", kept.pk), str(kept.pk)
    needs = [sheet.lists.permission]
    return page_to_wait_on(
        begin(actor, make_workbook, kept, needs=needs, title=title, back=back, name=name)
    )


def show_download(admin: Any, request: HttpRequest, download_id: UUID) -> HttpResponse:
    """Offers a workbook that was made in the background."""
    try:
        kept = downloads.find(request.user, sheet_beside(admin), download_id)
        made = downloads.content_of(kept)
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return HttpResponseRedirect(admin.url_to("export"))
    if made is None:  # the job that was to make it has failed, or is not over
        return HttpResponseRedirect(admin.url_to("export"))
    if "file" in request.GET:
        return _as_download(
            HttpResponse(made, content_type=files.XLSX_TYPE), sheet_beside(admin), "xlsx"
        )
    context = {"rows": len(kept.keys), "size": len(made), "back": admin.url_to("changelist")}
    title = f"Export of {admin.opts.verbose_name_plural}"
    return admin.page(request, "admin/transfer/download.html", title, **context)  # type: ignore[no-any-return]


PAGES = (
    ListPage("export_file", "export/<uuid:download_id>/", may_export, show_download),
    ListPage("export", "export/", may_export, show_export, "Export", "download", is_action=True),
)
