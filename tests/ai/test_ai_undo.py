"""Changes of AI settings are undone: areas and keys over the API, providers in the admin."""

from typing import Any

import pytest

from syteops.ai import queries, services
from syteops.ai.models import AiAreaSettings, AiProvider
from syteops.audit import services as audit
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.errors import Conflict
from syteops.core.events import Verb
from syteops.history.reverting import revert as revert_by_service
from syteops.modules import services as modules
from tests.fixtures import Api
from tests.samples.ai import AREA, a_provider
from tests.undoing import back_and_forth, by_service, latest, over_rest, refused, revert

pytestmark = pytest.mark.django_db

NAMES = (
    "pk", "slug", "name", "base_url", "api_style", "default_model", "token_limit", "is_default",
    "created_at",
)  # fmt: skip


def providers() -> list[Any]:
    return list(AiProvider.objects.order_by("pk").values(*NAMES))


def default() -> str | None:
    found = queries.default_provider()
    return found.slug if found else None


def key_is_set(slug: str = "openai") -> bool:
    return AiProvider.objects.get(slug=slug).api_key is not None


def area() -> Any:
    """What is stored; no row says the same as a row of defaults."""
    names = ("provider__slug", "model", "max_tokens", "requests_per_day", "tokens_per_month")
    found = AiAreaSettings.objects.filter(area=AREA)
    return found.values_list(*names, "enabled").first() or (None, "", 1024, None, None, True)


# --- Areas -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"max_tokens": 7},
        {"provider": "anthropic", "model": "big", "requests_per_day": 3},
        {"provider": None, "tokens_per_month": 10**12, "enabled": False},
    ],
)
def test_an_area_is_undone_and_redone(api: Api, change: Any) -> None:
    api.patch(f"/ai/areas/{AREA}", {"provider": "openai", "requests_per_day": 9})

    back_and_forth(
        "ai_area.updated", lambda: api.patch(f"/ai/areas/{AREA}", change), area, over_rest(api)
    )


def test_a_later_change_of_the_same_setting_stands_in_the_way_and_of_another_stays(
    api: Api,
) -> None:
    api.patch(f"/ai/areas/{AREA}", {"max_tokens": 7})
    entry = latest("ai_area.updated")
    api.patch(f"/ai/areas/{AREA}", {"model": "big"})
    assert revert(api, entry).status_code == 200
    assert area() == (None, "big", 1024, None, None, True)

    api.patch(f"/ai/areas/{AREA}", {"max_tokens": 8})
    assert refused(api, entry, area)["fields"] == ["max_tokens"]


def test_a_provider_that_is_gone_does_not_come_back_to_an_area(api: Api) -> None:
    api.patch(f"/ai/areas/{AREA}", {"provider": "gemini"})
    api.patch(f"/ai/areas/{AREA}", {"provider": "openai"})
    services.delete_ai_provider(SYSTEM, queries.get_provider("gemini"))
    services.create_ai_provider(SYSTEM, slug="gemini", name="New", base_url="https://new.example")

    assert refused(api, latest("ai_area.updated"), area)["fields"] == ["provider"]


def test_that_an_ai_was_asked_cannot_be_undone(api: Api) -> None:
    state = queries.get_area_state(AREA)
    services.update_ai_area(SYSTEM, state.settings, provider=a_provider())
    audit.record(SYSTEM, state.settings, Verb.ASKED, {"provider": (None, "openai")})

    assert refused(api, latest("ai_area.asked"), area)["code"] == "protected"


def test_an_area_of_an_inactive_module_stays(api: Api) -> None:
    api.patch(f"/ai/areas/{AREA}", {"max_tokens": 7})
    modules.deactivate(SYSTEM, modules.locked_state("notes"))

    answer = revert(api, latest("ai_area.updated"))

    assert (answer.status_code, answer.json()["code"]) == (404, "module_inactive")


# --- Keys --------------------------------------------------------------------------------------


def test_a_new_key_is_undone_by_clearing_it(api: Api, make_key: Any) -> None:
    api.put("/ai/providers/openai/key", {"api_key": "first-key-1"})
    entry = latest("ai_provider.secret_set")

    writer = Api(make_key("audit:write", "ai:read", "ai:write"))
    assert revert(writer, entry).json()["scope"] == "ai:secrets"
    assert key_is_set()
    assert revert(api, entry).status_code == 200
    assert not key_is_set()


def test_a_key_that_was_replaced_or_cleared_does_not_come_back(api: Api) -> None:
    for key in ("first-key-1", "second-key-2"):
        api.put("/ai/providers/openai/key", {"api_key": key})
    refused(api, latest("ai_provider.secret_set"), key_is_set)

    api.delete("/ai/providers/openai/key?confirm=true")
    refused(api, latest("ai_provider.secret_cleared"), key_is_set)


# --- Providers, which the API does not change --------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"base_url": "https://elsewhere.example/v1", "default_model": "m", "token_limit": 5},
        {"api_style": "anthropic", "token_limit": None},
    ],
)
def test_an_update_of_a_provider_is_undone_and_redone(change: Any) -> None:
    a_provider(token_limit=9, default_model="small")

    back_and_forth("ai_provider.updated", lambda: a_provider(**change), providers, by_service)


def test_a_provider_that_was_made_is_deleted_and_comes_back() -> None:
    def create() -> None:
        services.create_ai_provider(
            SYSTEM, slug="own", name="Own", base_url="https://own.example/v1"
        )

    back_and_forth("ai_provider.created", create, providers, by_service)


def test_a_deleted_provider_comes_back_without_its_key() -> None:
    services.set_secrets(SYSTEM, a_provider(), api_key="some-key-1")
    before = providers()
    services.delete_ai_provider(SYSTEM, queries.get_provider("openai"))
    back_and_forth(
        "ai_provider.deleted",
        lambda: services.delete_ai_provider(SYSTEM, queries.get_provider("gemini")),
        providers,
        by_service,
    )

    by_service(AuditEntry.objects.get(event="ai_provider.deleted", object_id="openai"))

    assert providers() == before
    assert default() == "openai"
    assert not key_is_set()


def test_another_host_clears_the_key_also_when_it_is_put_back() -> None:
    a_provider(base_url="https://elsewhere.example/v1")
    entry = latest("ai_provider.updated")
    services.set_secrets(SYSTEM, queries.get_provider("openai"), api_key="some-key-1")

    by_service(entry)

    assert not key_is_set()


def test_the_default_passes_back_and_forth() -> None:
    services.set_secrets(SYSTEM, a_provider(), api_key="some-key-1")
    assert default() == "openai"

    def change() -> None:
        services.update_ai_provider(SYSTEM, queries.get_provider("gemini"), is_default=True)

    back_and_forth("ai_provider.updated", change, default, by_service)
    assert default() == "openai"


def test_either_end_of_passing_the_default_undoes_it() -> None:
    services.set_secrets(SYSTEM, a_provider(), api_key="some-key-1")
    services.update_ai_provider(SYSTEM, queries.get_provider("gemini"), is_default=True)

    by_service(AuditEntry.objects.filter(event="ai_provider.updated", object_id="openai")[0])

    assert default() == "openai"


def test_the_first_default_and_the_last_are_undone() -> None:
    services.set_secrets(SYSTEM, a_provider(), api_key="some-key-1")
    by_service(latest("ai_provider.updated"))
    assert default() is None

    by_service(latest("ai_provider.updated"))
    services.update_ai_provider(SYSTEM, queries.get_provider("openai"), is_default=False)
    by_service(latest("ai_provider.updated"))
    assert default() == "openai"


def test_a_default_that_passed_on_since_stands_in_the_way() -> None:
    services.set_secrets(SYSTEM, a_provider(), api_key="some-key-1")
    for slug in ("gemini", "anthropic"):
        services.update_ai_provider(SYSTEM, queries.get_provider(slug), is_default=True)
    entries = AuditEntry.objects.filter(event="ai_provider.updated")

    for entry in (entries.filter(object_id="openai")[0], entries.filter(object_id="gemini")[1]):
        with pytest.raises(Conflict) as refusal:
            revert_by_service(SYSTEM, entry)
        assert "default_provider" in refusal.value.extra["fields"]
    assert default() == "anthropic"


def test_providers_are_not_undone_over_the_api(api: Api) -> None:
    a_provider(name="Other")

    assert refused(api, latest("ai_provider.updated"), providers)["code"] == "protected"
