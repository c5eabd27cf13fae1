"""Lists of what is deleted softly: the deleted are a tab away, each with *Restore* beside it."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.html import format_html

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.list_tabs import TabFilter
from syteops.adminkit.races import races_refused
from syteops.adminkit.service_admin import ServiceAdmin
from syteops.core.actors import Actor
from syteops.core.entities import get_any
from syteops.core.errors import DomainError
from syteops.core.long_writes import while_others_wait


def asks_for_deleted(request: HttpRequest) -> bool:
    """Whether the deleted ones are to be listed."""
    return request.GET.get("state") == "deleted"


class StateFilter(TabFilter):
    """Live ones, or those that can be restored. The admin's queryset follows the parameter."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("deleted", "Deleted")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        live, *others = super().choices(changelist)
        yield {**live, "display": "Live"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset

    def counts(self, request: HttpRequest, model_admin: Any) -> Mapping[str, int]:
        return {"deleted": model_admin.deleted().count()}


class RestoringAdmin(ServiceAdmin):
    """Base of the admins of numbered entities that can be restored. `StateFilter` comes first."""

    button_columns = ("restore_now",)

    def deleted(self) -> QuerySet[Any]:
        """Those that can be restored."""
        found: QuerySet[Any] = self.model.all_objects.exclude(deleted_at=None)
        return found

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        if not asks_for_deleted(request):
            return super().get_queryset(request)  # type: ignore[no-any-return]
        return self.deleted().order_by(*self.ordering or ("pk",))

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return (*shown, "restore_now") if self.has_restore_permission(request) else shown

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        if asks_for_deleted(request):
            return None
        return super().get_list_display_links(request, list_display)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_deleted = obj is not None and obj.deleted_at is not None
        return not is_deleted and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not asks_for_deleted(request) and super().has_delete_permission(request, obj)

    # --- Restoring ---

    def may_restore(self, request: HttpRequest) -> bool:
        """Whether the person may bring one back."""
        return self.has_add_permission(request)  # to who works with them it is a new one

    def ways_back(self, request: HttpRequest) -> list[tuple[str, str]]:
        deleted = f"{self.url_to('changelist')}?state=deleted"
        return [(deleted, "Restore it")] if self.may_restore(request) else []

    def has_restore_permission(self, request: HttpRequest) -> bool:
        """Where deleted ones are listed, for those who may."""
        return asks_for_deleted(request) and self.may_restore(request)

    def bring_back(self, request: HttpRequest, actor: Actor, obj: Any) -> Any:
        """Restore one, which is locked; answers it as it is now."""
        return self.service("restore")(actor, obj)

    def restore_one(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Restores at once, by the button of a row; only a POST does it."""
        if not self.may_restore(request):
            raise PermissionDenied
        if request.method == "POST":
            try:
                with races_refused(), transaction.atomic():
                    told = self._restore(request, object_id)
                messages.success(request, told)
            except DomainError as refusal:
                messages.error(request, refusal.detail)
        return HttpResponseRedirect(f"{self.url_to('changelist')}?state=deleted")

    def _restore(self, request: HttpRequest, pk: int) -> str:
        actor = admin_actor(request, f"{self.model.resource}.restore")
        found = self.bring_back(request, actor, get_any(self.model, pk, lock=True))
        return f"{found} is back under the number {found.slot}."

    @admin.action(description="Restore", permissions=["restore"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        keys = queryset.values_list("pk", flat=True)
        told = [self._restore(request, pk) for pk in while_others_wait(keys)]
        for one in told:  # of none while the next may still be refused
            messages.success(request, one)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.restore_one)
        own = path("<int:object_id>/restore/", view, name=self.url_name("restore"))
        return [own, *super().get_urls()]

    @admin.display(description="restore")
    def restore_now(self, obj: Any) -> str:
        return format_html(
            '<button class="so-button" formaction="{}">Restore<span class="so-hidden"> {}</span>'
            "</button>",
            self.url_to("restore", obj.pk),
            obj,
        )
