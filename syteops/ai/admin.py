from collections.abc import Iterator
from functools import cache
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import FieldTextFilter

from syteops.adminkit.acting import admin_actor
from syteops.adminkit.confirmed_action import Question, button, confirmed
from syteops.adminkit.searched_choices import SearchedFilter
from syteops.adminkit.service_admin import ServiceAdmin, ServiceForm
from syteops.adminkit.shown_words import among_values, by_texts
from syteops.adminkit.strict import ReadOnlyAdmin
from syteops.ai import queries, services, tasks
from syteops.ai.areas import all_areas
from syteops.ai.models import AiAreaSettings, AiProvider, AiUsage
from syteops.tasks.progress import page_to_wait_on


class AiProviderForm(ServiceForm):
    """Takes a new default while there is one: that steps back, which is the service's to see to."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # no stub
        return excluded | {"is_default"}


@admin.register(AiProvider)
class AiProviderAdmin(ServiceAdmin):
    form = AiProviderForm
    what_for = (
        "A provider of AI suggests texts for notes and estimates. Enter its address and your "
        "key; nothing it suggests is stored before somebody accepts it."
    )
    services = services
    secret_fields = ("api_key",)
    fixed_fields = ("slug",)
    list_display = ("name", "slug", "base_url", "default_model", "has_key", "is_default")
    search_fields = ("searched",)
    fields = (
        "name", "slug", "base_url", "api_style", "default_model", "offered", "token_limit",
        "input_price", "output_price", "is_default",
    )  # fmt: skip
    readonly_fields = ("offered",)
    actions_detail = ("check_connection", "fetch_models")

    @admin.display(boolean=True, description="API key")
    def has_key(self, provider: AiProvider) -> bool:
        return provider.api_key is not None

    @admin.display(description="Models offered")
    def offered(self, provider: AiProvider) -> str:
        """As they were fetched last."""
        return ", ".join(provider.known_models) or "Not fetched yet"

    @button("Test connection", "test-connection", "network_check")
    def check_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._try(request, object_id, TEST, tasks.check_connection)

    @button("Fetch models", "fetch-models", "list")
    def fetch_models(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._try(request, object_id, FETCH, tasks.fetch_models)

    def _try(
        self, request: HttpRequest, object_id: str, question: Question, task: Any
    ) -> HttpResponse:
        """In the background: a provider may take its time."""

        def act(provider: Any, values: Any) -> HttpResponse:
            services.question_to(provider)  # what is missing is told at once
            actor, back = admin_actor(request, "ai.update"), self.url_to("change", provider.pk)
            job = tasks.try_provider(actor, task, provider, question.title, back)
            return page_to_wait_on(job)

        return confirmed(self, request, object_id, question, act)


TEST = Question(
    "Test connection",
    "Asks the provider's default model for one word. That may cost a few tokens.",
    "Test",
)
FETCH = Question(
    "Fetch models",
    "Asks the provider which models it offers to this key, and shows them here.",
    "Fetch",
)


class WorksFilter(admin.SimpleListFilter):
    """What became of being enabled, which depends on the default provider as well."""

    title, parameter_name = "whether it works", "works"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("ready", "Ready"), ("lacking", "Enabled, and lacks something")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not (chosen := self.value()):
            return queryset
        fitting = (one for one in queries.list_areas() if one.settings.enabled)
        return queryset.filter(
            area__in=[one.area.slug for one in fitting if one.ready == (chosen == "ready")]
        )


def _server_of(state: queries.AreaState) -> str:
    return f"{state.serving or 'No provider'}, {state.model or 'no model'}"


def _titles() -> Iterator[tuple[str, Q]]:
    for slug, area in all_areas().items():
        yield area.name, Q(area=slug)


def _servers() -> Iterator[tuple[str, Q]]:
    for one in queries.list_areas():
        yield _server_of(one), Q(area=one.area.slug)


@admin.register(AiAreaSettings)
class AiAreaSettingsAdmin(ServiceAdmin):
    what_for = (
        "An area is something that AI helps with, such as writing an excerpt. Modules bring theirs."
    )
    services = services
    list_display = ("title", "enabled", "requests_used", "tokens_used")
    list_display_links = ("title",)
    list_filter = (WorksFilter, "enabled", ("provider", SearchedFilter))
    search_fields = ("area_folded",)
    shown_words = {"title": by_texts(_titles), "served_by": by_texts(_servers)}
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

        @cache  # Django asks for the columns again and again, and shows them once
        def states() -> dict[str, Any]:
            return {one.area.slug: one for one in queries.list_areas()}

        @admin.display(description="Served by")
        def served_by(settings: AiAreaSettings) -> str:
            return _server_of(states()[settings.area])

        @admin.display(description="Ready", boolean=True)
        def ready(settings: AiAreaSettings) -> bool:
            return bool(states()[settings.area].ready)

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


def _askers() -> Iterator[tuple[str, str]]:
    """Of keys and people there may be very many."""
    labels = AiUsage.objects.order_by().values_list("actor_label", flat=True).distinct()
    return ((label, label) for label in labels)


@admin.register(AiUsage)
class AiUsageAdmin(ReadOnlyAdmin):
    what_for = (
        "Each request to a provider is counted here, by day, area, model and person, with what "
        "it cost."
    )
    list_display = (
        "day", "area", "provider", "model", "who", "requests", "cost",
        "input_tokens", "output_tokens", "reserved_tokens",
    )  # fmt: skip
    list_filter = (
        "area",
        *((name, FieldTextFilter) for name in ("provider", "model", "actor_label")),
    )
    list_filter_submit = True
    has_objects_in_palette = False
    search_fields = ("model_folded",)
    search_help_text = "Area, provider, model or who asked"
    shown_words = {"who": among_values(_askers, str, of="actor_label")}
    list_before_template = "admin/ai/usage.html"
    date_hierarchy = "day"

    def get_queryset(self, request: HttpRequest) -> Any:
        return queries.with_cost(queries.usage_of_active_areas())

    @admin.display(description="Who")
    def who(self, usage: Any) -> str:
        """Whose name is kept as it was that day."""
        return str(usage.actor_label)

    @admin.display(description="Cost (USD)")
    def cost(self, usage: Any) -> str:
        """At the provider's present prices."""
        return "" if usage.cost is None else f"{usage.cost:.4f}"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the tokens of the last days, as bars."""
        days = queries.days_of_use()
        chart = {"days": days, "busiest": max(one.tokens for one in days)}
        shown: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **chart})
        return shown
