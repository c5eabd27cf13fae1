from typing import Any

from django.contrib import admin

from syteops.adminkit.service_admin import ServiceAdmin
from syteops.core.actors import Actor
from syteops.crm import services
from syteops.crm.models import CrmSystem


def _set_secret(actor: Actor, system: CrmSystem, name: str, text: str | None) -> Any:
    if text is None:
        return services.clear_secrets(actor, system, name)
    return services.set_secrets(actor, system, **{name: text})


@admin.register(CrmSystem)
class CrmSystemAdmin(ServiceAdmin):
    create_service = services.create_crm_system
    update_service = services.update_crm_system
    delete_service = services.delete_crm_system
    secret_service = _set_secret
    secret_fields = services.SECRETS
    list_display = ("slot", "name", "code", "url", "has_key", "has_secret", "updated_at")
    list_display_links = ("slot", "name")
    list_filter = ("link_admin_only",)
    search_fields = ("name", "url")
    fields = ("name", "url", "link_admin_only")
    ordering = ("number",)

    @admin.display(boolean=True, description="API key")
    def has_key(self, system: CrmSystem) -> bool:
        return system.api_key is not None

    @admin.display(boolean=True, description="API secret")
    def has_secret(self, system: CrmSystem) -> bool:
        return system.api_secret is not None
