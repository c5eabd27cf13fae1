from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.widgets import UnfoldBooleanSwitchWidget

from syteops.adminkit.service_admin import ServiceAdmin, ServiceForm
from syteops.core.entities import Entity
from syteops.core.form_fields import SwitchField
from syteops.core.modules import contributions, inactive_modules, installed_modules
from syteops.site import queries, services
from syteops.site.models import Connection, License, LicenseStatus


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

    def title_of_form(self, request: HttpRequest, obj: Any) -> str:
        return str(obj)

    def locked(self, pk: Any) -> Any:
        return services.locked(self.model)


class LicenseForm(ServiceForm):
    """Asks once more where the licence becomes revoked, since that takes all modules away."""

    switch_off = SwitchField(
        required=False, label="Switch all modules off", widget=UnfoldBooleanSwitchWidget
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.revokes and not self.cleaned_data.get("switch_off"):
            self.add_error("switch_off", [_ASK, *lost_with_modules()])
        return cleaned

    @property
    def revokes(self) -> bool:
        """Whether the licence was not revoked, and becomes so."""
        became = self.cleaned_data.get("status") == LicenseStatus.REVOKED
        return became and "status" in self.changed_data


_ASK = (
    "A revoked licence switches every module off, with their data kept. Tick this if you mean it."
)


def lost_with_modules() -> list[str]:
    """What goes with each module that is active, in words."""
    active = {
        slug: app for slug, app in installed_modules().items() if slug not in inactive_modules()
    }
    return [f"{app.module_name}: {_in_words(slug)}." for slug, app in active.items()]


def _in_words(slug: str) -> str:
    found = contributions(slug)
    outsiders = found.pop("outsiders")
    counts = [_counted(len(names), kind) for kind, names in found.items() if names]
    return ", ".join([*counts, *outsiders])


def _counted(count: int, kind: str) -> str:
    """Such as "1 AI area": kinds are named in the plural."""
    words = kind.replace("_", " ").replace("ai ", "AI ")
    return f"{count} {words.removesuffix('s') if count == 1 else words}"


@admin.register(License)
class LicenseAdmin(SingletonAdmin):
    form = LicenseForm
    services = services
    secret_fields = ("key",)
    fields = ("status", "switch_off", "plan", "sites", "expires_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """`switch_off` only once it is asked for."""
        fields = super().get_fields(request, obj)
        asked = request.POST.get("status") == LicenseStatus.REVOKED
        return fields if asked else [name for name in fields if name != "switch_off"]

    def _change(self, request: HttpRequest, form: Any, values: dict[str, Any]) -> Entity:
        went = lost_with_modules() if form.revokes else []
        saved = super()._change(request, form, values)
        if went:
            messages.warning(request, f"Every module is off now. {' '.join(went)}")
        return saved


@admin.register(Connection)
class ConnectionAdmin(SingletonAdmin):
    services = services
    secret_fields = ("secret",)
    fields = ("mode", "connection_id", "status", "last_seen_at")
