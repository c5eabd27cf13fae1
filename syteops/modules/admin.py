from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest

from syteops.adminkit.catalogue import CatalogueAdmin
from syteops.modules import queries, services
from syteops.modules.models import ModuleState
from syteops.modules.queries import inactive_slugs


class ModuleAdmin:
    """For every admin of a module, before the others: its pages are gone while it is inactive.

    `class NoteAdmin(ModuleAdmin, ServiceAdmin): …`
    """

    def _is_active(self, request: HttpRequest) -> bool:
        """Asked many times for a page, so the request remembers the answer."""
        if not hasattr(request, "inactive_modules"):
            request.inactive_modules = inactive_slugs()  # type: ignore[attr-defined]
        app = apps.get_app_config(self.opts.app_label)  # type: ignore[attr-defined]
        slug: str = app.module_slug  # type: ignore[attr-defined]
        return slug not in request.inactive_modules  # type: ignore[attr-defined]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._is_active(request) and super().has_module_permission(request)  # type: ignore[misc]

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._is_active(request) and super().has_view_permission(request, obj)  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest, *args: object) -> bool:
        return self._is_active(request) and super().has_add_permission(request, *args)  # type: ignore[misc]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._is_active(request) and super().has_change_permission(request, obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return self._is_active(request) and super().has_delete_permission(request, obj)  # type: ignore[misc]


@admin.register(ModuleState)
class ModuleStateAdmin(CatalogueAdmin):
    services = services
    find_all = staticmethod(queries.all_modules)
    find_one = staticmethod(queries.get_module)
    icon = "extension"
    words = ("Activate", "Deactivate", "Active", "Inactive")
    kept = "Its data and its configuration stay. Activate it again, and all of it is back."

    def why_off(self, entry: queries.Module) -> str:
        return "" if entry.licensed else services.REVOKED
