"""Reading AI providers, areas and their usage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple, TypedDict

from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from syteops.ai.areas import Area, all_areas, areas_about
from syteops.ai.choices import UNDER_WAY, SuggestionState
from syteops.ai.models import AiAreaSettings, AiProvider, AiSuggestion, AiUsage
from syteops.core.encryption import SecretState, secret_state
from syteops.core.entities import find
from syteops.core.errors import Invalid, ModuleInactive, NotFound
from syteops.core.modules import inactive_modules
from syteops.core.outbound import is_allowed_private
from syteops.tasks.jobs import UNFORESEEN, problems_of

# --- Providers -----------------------------------------------------------------------------


def all_providers() -> QuerySet[AiProvider]:
    """Every provider, by slug."""
    return AiProvider.objects.all()


def get_provider(slug: str, lock: bool = False) -> AiProvider:
    """The provider of that slug, locked on request. Raises NotFound."""
    return find(AiProvider.objects.all(), "slug", slug, lock)


def needs_key(provider: AiProvider) -> bool:
    """Whether it is never asked without a key: models of this server's own network may be."""
    return not is_allowed_private(provider.base_url)


def default_provider() -> AiProvider | None:
    """The provider for the areas that name none."""
    return AiProvider.objects.filter(is_default=True).first()


class AiKeyClearImpact(TypedDict):
    """What stops without the key of an AI provider."""

    provider: str
    key_set: bool
    areas_stopping: list[str]


def clearing_impact(provider: AiProvider) -> AiKeyClearImpact:
    """What clearing the provider's key would stop."""
    working = [one for one in list_areas() if one.ready and one.serving == provider]
    return {
        "provider": provider.slug,
        "key_set": provider.api_key is not None,
        "areas_stopping": [one.area.slug for one in working],
    }


# --- Areas ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class AreaState:
    """An area, its settings, and the provider that serves it."""

    area: Area
    settings: AiAreaSettings
    serving: AiProvider | None

    @property
    def model(self) -> str:
        """The model that is asked; "" when nobody has chosen one."""
        return self.settings.model or (self.serving.default_model if self.serving else "")

    @property
    def ready(self) -> bool:
        """Whether the area would work now, within its limits."""
        return not self.why_not_ready

    @property
    def why_not_ready(self) -> str:
        """What is missing, and what to do about it; "" when nothing is."""
        provider, name = self.serving, self.area.name
        if not self.settings.enabled:
            return f"{name} is switched off. Enable it in the AI settings."
        if provider is None:
            return f"{name} has no AI provider. Choose one, or a default provider."
        if not self.model:
            return f"{name} has no model. Choose one, or a default for {provider}."
        return why_no_key(provider)


def why_no_key(provider: AiProvider) -> str:
    """What is wrong with its API key, and what to do about it; "" if nothing is."""
    state = secret_state(provider, "api_key")
    if state is SecretState.UNREADABLE:
        return f"The key of {provider} cannot be read. Set it again."
    if state is SecretState.NONE and needs_key(provider):
        return f"{provider} has no API key. Set one in the AI settings."
    return ""


def active_areas() -> dict[str, Area]:
    """The areas of active modules, by slug."""
    inactive = inactive_modules()
    return {slug: one for slug, one in all_areas().items() if one.module not in inactive}


def list_areas() -> list[AreaState]:
    """Every area of an active module with its settings, by slug; three queries."""
    areas = active_areas()
    found = AiAreaSettings.objects.filter(area__in=areas).select_related("provider")
    stored = {one.area: one for one in found}
    default = default_provider()
    return [
        _state(area, stored.get(slug, AiAreaSettings(area=slug)), default)
        for slug, area in areas.items()
    ]


def get_area(slug: str) -> Area:
    """The area of that slug. Raises NotFound, or ModuleInactive while its module is off."""
    area = all_areas().get(slug)
    if area is None:
        raise NotFound(f"There is no AI area {slug}.")
    if area.module in inactive_modules():
        raise ModuleInactive(f"The module {area.module} is not active.")
    return area


def get_area_state(slug: str, lock: bool = False) -> AreaState:
    """The area of that slug with its settings, those locked on request.

    Raises NotFound, or ModuleInactive while its module is off.
    """
    area = get_area(slug)
    found = AiAreaSettings.objects.filter(area=slug).select_related("provider")
    stored = (found.select_for_update(of=("self",)) if lock else found).first()
    return _state(area, stored or AiAreaSettings(area=slug), default_provider())


def _state(area: Area, settings: AiAreaSettings, default: AiProvider | None) -> AreaState:
    return AreaState(area, settings, settings.provider or default)


# --- Usage ---------------------------------------------------------------------------------


def usage_of_active_areas() -> QuerySet[AiUsage]:
    """What was ever used, newest day first, without the areas of inactive modules."""
    away = set(all_areas()) - set(active_areas())
    return AiUsage.objects.exclude(area__in=away)


def usage(area: str = "", since: date | None = None) -> QuerySet[AiUsage]:
    """What was used since that day, of the last 30 days unless told otherwise; with its `cost`."""
    since = since or timezone.localdate() - timedelta(days=LAST_DAYS - 1)
    found = with_cost(usage_of_active_areas()).filter(day__gte=since)
    return found.filter(area=area) if area else found


def with_cost(found: QuerySet[AiUsage]) -> QuerySet[AiUsage]:
    """Each with the present prices of its provider, and so with its `cost`."""
    prices = AiProvider.objects.filter(slug=OuterRef("provider"))
    return found.annotate(
        input_price=Subquery(prices.values("input_price")),
        output_price=Subquery(prices.values("output_price")),
    )


LAST_DAYS = 30


class DayOfUse(NamedTuple):
    """What was used on one day."""

    day: date
    requests: int
    tokens: int


def days_of_use() -> list[DayOfUse]:
    """The last 30 days of all active areas, also those on which nothing was used."""
    today = timezone.localdate()
    rows = usage().order_by().values("day").annotate(requests_=Sum("requests"), tokens_=_TOKENS)
    used = {one["day"]: one for one in rows}
    days = (today - timedelta(days=ago) for ago in reversed(range(LAST_DAYS)))
    return [
        DayOfUse(day, used[day]["requests_"], used[day]["tokens_"]) if day in used
        else DayOfUse(day, 0, 0)
        for day in days
    ]  # fmt: skip


def requests_on(area: str, day: date) -> int:
    """How often the area's AI was asked on that day."""
    used = AiUsage.objects.filter(area=area, day=day).aggregate(used=Sum("requests"))["used"]
    return int(used or 0)


def tokens_in_month_of(area: str, day: date) -> int:
    """What the area used of its monthly tokens until that day, reserved ones included."""
    rows = AiUsage.objects.filter(area=area, day__gte=day.replace(day=1))
    return int(rows.aggregate(used=_TOKENS)["used"] or 0)


_TOKENS = Sum("input_tokens") + Sum("output_tokens") + Sum("reserved_tokens")


def settings_with_usage() -> QuerySet[AiAreaSettings]:
    """The settings of every area of an active module, each with `requests_today` and
    `tokens_this_month`."""
    today = timezone.localdate()
    mine = AiUsage.objects.filter(area=OuterRef("area")).order_by().values("area")
    requests = mine.filter(day=today).annotate(used=Sum("requests")).values("used")
    tokens = mine.filter(day__gte=today.replace(day=1)).annotate(used=_TOKENS).values("used")
    return AiAreaSettings.objects.filter(area__in=active_areas()).annotate(
        requests_today=Coalesce(Subquery(requests), 0, output_field=BigIntegerField()),
        tokens_this_month=Coalesce(Subquery(tokens), 0, output_field=BigIntegerField()),
    )


def chosen_provider(values: Mapping[str, Any]) -> dict[str, AiProvider]:
    """The provider that an area's new `values` name, if they name one. Raises Invalid."""
    if values.get("provider") is None:
        return {}
    try:
        return {"provider": get_provider(values["provider"])}
    except NotFound as error:
        raise Invalid.field("provider", error.detail, "not_found") from error


# --- Suggestions -----------------------------------------------------------------------------

MOST_SHOWN = 50


def suggestions_about(about: Any) -> QuerySet[AiSuggestion]:
    """What was suggested for the object by the areas of active modules, the newest first."""
    areas = active_areas().keys() & {one.slug for one in areas_about(type(about))}
    return AiSuggestion.objects.filter(area__in=areas, object_id=str(about.pk))


def newest(found: QuerySet[AiSuggestion]) -> list[AiSuggestion]:
    """The newest fifty of them. Their states and problems are told without further queries."""
    shown = list(found[:MOST_SHOWN])
    for one, problem in zip(shown, _problems_of_jobs(shown), strict=True):
        one.problem_of_job = problem
    return shown


def get_suggestion(about: Any, key: str, lock: bool = False) -> AiSuggestion:
    """That suggestion for the object, locked on request. Raises NotFound."""
    found = suggestions_about(about).filter(pk=key)
    suggestion = (found.select_for_update() if lock else found).first()
    if suggestion is None:
        raise NotFound("There is no such suggestion, or it is not kept any more.")
    return suggestion


def state_of(suggestion: AiSuggestion) -> SuggestionState:
    """Its state; also that of one whose worker was killed too often to tell of it."""
    if suggestion.state in UNDER_WAY and problem_of_job(suggestion):
        return SuggestionState.FAILED
    return SuggestionState(suggestion.state)


def problem_of_job(suggestion: AiSuggestion) -> dict[str, str] | None:
    """Why it failed: `code` and `detail`. None unless it has."""
    if suggestion.problem or hasattr(suggestion, "problem_of_job"):
        return suggestion.problem or suggestion.problem_of_job
    return _problems_of_jobs([suggestion])[0]


def _problems_of_jobs(suggestions: list[AiSuggestion]) -> list[dict[str, str] | None]:
    problems = problems_of(one.job for one in suggestions if one.job)
    return [problems.get(one.job, UNFORESEEN) if one.job else UNFORESEEN for one in suggestions]
