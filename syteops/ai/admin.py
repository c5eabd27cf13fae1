from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string

from syteops.adminkit.service_admin import ServiceAdmin
from syteops.adminkit.strict import ReadOnlyAdmin
from syteops.ai import queries, services
from syteops.ai.areas import all_areas
from syteops.ai.models import AiAreaSettings, AiProvider, AiUsage


@admin.register(AiProvider)
class AiProviderAdmin(ServiceAdmin):
    services = services
    secret_fields = ("api_key",)
    fixed_fields = ("slug",)
    list_display = ("name", "slug", "base_url", "default_model", "has_key", "is_default")
    search_fields = ("searched",)
    fields = (
        "name", "slug", "base_url", "api_style", "default_model", "token_limit", "is_default",
    )  # fmt: skip

    @admin.display(boolean=True, description="API key")
    def has_key(self, provider: AiProvider) -> bool:
        return provider.api_key is not None


@admin.register(AiAreaSettings)
class AiAreaSettingsAdmin(ServiceAdmin):
    services = services
    list_display = ("title", "enabled", "requests_used", "tokens_used")
    list_display_links = ("title",)
    list_filter = ("enabled", "provider")
    search_fields = ("area_folded",)
    list_select_related = ("provider",)
    fields = (
        "about", "provider", "model", "max_tokens", "requests_per_day", "requests_used",
        "tokens_per_month", "tokens_used", "enabled",
    )  # fmt: skip
    readonly_fields = ("about", "requests_used", "tokens_used")

    def get_queryset(self, request: HttpRequest) -> Any:
        return queries.settings_with_usage()

    def get_list_display(self, request: HttpRequest) -> Any:
        """With what serves each area now, which depends on the default provider as well."""
        states = {one.area.slug: one for one in queries.list_areas()}

        @admin.display(description="Served by")
        def served_by(settings: AiAreaSettings) -> str:
            state = states[settings.area]
            return f"{state.serving or 'No provider'}, {state.model or 'no model'}"

        @admin.display(description="Ready", boolean=True)
        def ready(settings: AiAreaSettings) -> bool:
            return states[settings.area].ready

        title, *others = self.list_display
        return [title, served_by, ready, *others]

    @admin.display(description="Area", ordering="area")
    def title(self, settings: AiAreaSettings) -> str:
        return str(settings)

    @admin.display(description="Area")
    def about(self, settings: AiAreaSettings) -> str:
        return all_areas()[settings.area].description

    @admin.display(description="Requests today")
    def requests_used(self, settings: Any) -> str:
        return _progress(settings.requests_today, settings.requests_per_day)

    @admin.display(description="Tokens this month")
    def tokens_used(self, settings: Any) -> str:
        return _progress(settings.tokens_this_month, settings.tokens_per_month)


def _progress(used: int, limit: int | None) -> str:
    """How much of a limit is used, in words and as a bar."""
    percent = min(100, used * 100 // limit) if limit else None
    context = {"used": used, "limit": limit, "percent": percent}
    return render_to_string("admin/ai/progress.html", context)


@admin.register(AiUsage)
class AiUsageAdmin(ReadOnlyAdmin):
    list_display = (
        "day", "area", "provider", "model", "requests",
        "input_tokens", "output_tokens", "reserved_tokens",
    )  # fmt: skip
    list_filter = ("area", "provider", "model")
    date_hierarchy = "day"

    def get_queryset(self, request: HttpRequest) -> Any:
        return queries.usage_of_active_areas()
