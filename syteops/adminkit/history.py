"""The history page of every object: our audit trail, in pages, in place of Django's own log."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from syteops.adminkit.strict import StrictAdmin
from syteops.audit.models import AuditEntry
from syteops.audit.queries import read_many

PER_PAGE = 50


def page_of(request: HttpRequest, entries: QuerySet[AuditEntry]) -> Page[AuditEntry]:
    """The page of `entries` that the request asks for with `?page=`, or the nearest there is.

    For templates/admin/audit_pages.html. Takes three queries, whichever page it is.
    """
    page = Paginator(entries, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = read_many(page.object_list)  # type: ignore[arg-type]
    return page


class HistoryAdmin(StrictAdmin):
    """Base of every admin whose objects have a history in the audit trail."""

    @property
    def resource(self) -> str:
        """What the audit trail calls these objects."""
        return str(self.model.resource)

    def history(self, obj: Any) -> QuerySet[AuditEntry]:
        """What happened to the object, the newest first."""
        raise NotImplementedError

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        # The site's whole trail, of that object only: there it can be searched and filtered.
        public_id = getattr(obj, "public_id", str(obj.pk))
        query = urlencode({"object_resource": self.resource, "object": public_id})
        trail = reverse(f"{self.admin_site.name}:audit_auditentry_changelist")
        context = {
            "entries": page_of(request, self.history(obj)),
            "trail_url": f"{trail}?{query}",
            "object": obj,
            **(extra_context or {}),
        }
        title = f"History of {self.name_of(obj)}"
        return self.page(request, "admin/audit_history.html", title, **context)

    def name_of(self, obj: Any) -> str:
        """What people call the object."""
        return str(obj)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the audit entry is written with the change itself."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the audit entry is written with the change itself."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Nothing: the audit entries are written with the change itself."""
