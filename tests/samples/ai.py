from datetime import date

from syteops.ai import queries, services
from syteops.ai.models import AiProvider, AiUsage
from syteops.core.actors import SYSTEM
from tests.samples import Sample, sample

AREA = "notes.summary"
NO_PROVIDER = {"provider": "nobody"}
NO_AREA = {"area": "no.such_area"}
NOTES, ESTIMATES, TEAM = "notes_items.get", "estimates_items.get", "users.get"
"""What areas send, and whoever says where to may read."""


def a_provider(slug: str = "openai", **values: object) -> AiProvider:
    """The provider of that slug, made anew where a test has emptied the database before."""
    shown = {"name": slug.title(), "base_url": "https://ai.example/v1", "default_model": "small"}
    provider, _ = AiProvider.objects.get_or_create(slug=slug, defaults=shown)
    return services.update_ai_provider(SYSTEM, provider, **values)


def a_provider_with_key() -> AiProvider:
    return services.set_secrets(SYSTEM, a_provider(), api_key="old-key-1234")


@sample("ai.get_providers")
def _get_providers() -> Sample:
    a_provider_with_key()
    return Sample()


@sample("ai.set_key")
def _set_key() -> Sample:
    path = {"provider": a_provider_with_key().slug}
    new, mask = {"api_key": "new-key-5678"}, {"api_key": "********"}
    return Sample(path, new, mask, NO_PROVIDER, also=(NOTES, ESTIMATES, TEAM))


@sample("ai.clear_key")
def _clear_key() -> Sample:
    return Sample({"provider": a_provider_with_key().slug}, missing=NO_PROVIDER)


@sample("ai.list_areas")
def _list_areas() -> Sample:
    return Sample()


@sample("ai.get_area")
def _get_area() -> Sample:
    return Sample({"area": AREA}, missing=NO_AREA)


@sample("ai.set_area")
def _set_area() -> Sample:
    state = queries.get_area_state(AREA)
    services.update_ai_area(SYSTEM, state.settings, max_tokens=500)
    params = {"provider": a_provider().slug, "max_tokens": 800, "requests_per_day": None}
    return Sample({"area": AREA}, params, {"max_tokens": 0}, NO_AREA, also=(NOTES,))


@sample("ai.usage")
def _usage() -> Sample:
    AiUsage.objects.create(
        area=AREA, day=date(2026, 1, 2), provider="openai", model="small", requests=1
    )
    return Sample(params={"area": AREA, "since": "2026-01-01"}, bad={"since": "yesterday"})
