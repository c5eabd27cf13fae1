from django.contrib import admin

from syteops.adminkit.service_admin import ServiceAdmin
from syteops.crm import services
from syteops.crm.models import CrmSystem


@admin.register(CrmSystem)
class CrmSystemAdmin(ServiceAdmin):
    what_for = (
        "A CRM system is where your contacts are. Enter it once, and team members, estimates "
        "and automations refer to it by its number."
    )
    services = services
    secret_fields = services.SECRETS
    list_display = ("slot", "name", "code", "url", "has_key", "has_secret", "changed")
    list_display_links = ("slot", "name")
    list_filter = ("link_admin_only",)
    search_fields = ("number", "searched")
    fields = ("name", "url", "link_admin_only")
    ordering = ("number",)

    @admin.display(boolean=True, description="API key")
    def has_key(self, system: CrmSystem) -> bool:
        return system.api_key is not None

    @admin.display(boolean=True, description="API secret")
    def has_secret(self, system: CrmSystem) -> bool:
        return system.api_secret is not None
