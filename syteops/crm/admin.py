from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from syteops.adminkit.restoring import RestoringAdmin, StateFilter
from syteops.audit.queries import entries_of
from syteops.core.actors import Actor
from syteops.core.entities import get_any
from syteops.core.permissions import permission_name
from syteops.crm import services
from syteops.crm.models import CrmSystem
from syteops.history.reverting import revert
from syteops.history.rights import TO_UNDO, may_undo


@admin.register(CrmSystem)
class CrmSystemAdmin(RestoringAdmin):
    what_for = (
        "A CRM system is where your contacts are. Enter it once, and team members, estimates "
        "and automations refer to it by its number."
    )
    services = services
    secret_fields = services.SECRETS
    list_display = ("slot", "name", "code", "url", "has_key", "has_secret", "changed")
    list_display_links = ("slot", "name")
    list_filter = (StateFilter, "link_admin_only")
    search_fields = ("number", "searched")
    fields = ("name", "url", "link_admin_only")
    ordering = ("number",)
    actions = ("restore",)

    def may_restore(self, request: HttpRequest) -> bool:
        """Whoever may undo a deletion: nothing else brings the members' identifiers back."""
        needed = [TO_UNDO, *(permission_name(CrmSystem, verb) for verb in ("view", "add"))]
        return bool(request.user.has_perms(needed))

    def bring_back(self, request: HttpRequest, actor: Actor, obj: Any) -> Any:
        deletion = entries_of(obj).filter(event="crm_system.deleted").first()
        if deletion is None:  # the trail is kept for a while only
            return super().bring_back(request, actor, obj)
        if not may_undo(request.user, deletion):
            raise PermissionDenied
        revert(actor, deletion)
        return get_any(CrmSystem, obj.pk)

    @admin.display(boolean=True, description="API key")
    def has_key(self, system: CrmSystem) -> bool:
        return system.api_key is not None

    @admin.display(boolean=True, description="API secret")
    def has_secret(self, system: CrmSystem) -> bool:
        return system.api_secret is not None
