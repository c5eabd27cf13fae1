from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from syteops.adminkit.service_admin import ServiceAdmin
from syteops.site import queries, services
from syteops.site.models import Connection, License


class SingletonAdmin(ServiceAdmin):
    """Of something that there is once: its list is its form. Only a superuser changes it."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(self.url_to("change", 1))

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        return queries.current(self.model) if object_id == "1" else None

    def locked(self, pk: Any) -> Any:
        return services.locked(self.model)


@admin.register(License)
class LicenseAdmin(SingletonAdmin):
    services = services
    secret_fields = ("key",)
    fields = ("status", "plan", "sites", "expires_at")


@admin.register(Connection)
class ConnectionAdmin(SingletonAdmin):
    services = services
    secret_fields = ("secret",)
    fields = ("mode", "connection_id", "status", "last_seen_at")
