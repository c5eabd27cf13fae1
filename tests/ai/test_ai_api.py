from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from syteops.ai import areas, queries, services
from syteops.ai.areas import Area
from syteops.ai.models import AiAreaSettings, AiProvider, AiUsage
from syteops.audit.models import AuditEntry
from tests.fixtures import Api
from tests.samples.ai import a_provider_with_key

KEY = "canary-key-7f3a9c"
FIRST_FIVE = ["anthropic", "gemini", "openai", "openrouter", "perplexity"]


def provider(api: Api, slug: str) -> Any:
    listed = api.get("/ai/providers").json()["providers"]
    return next(one for one in listed if one["provider"] == slug)


# --- Providers -----------------------------------------------------------------------------


def test_five_providers_exist_from_the_start_without_keys_or_default(api: Api) -> None:
    answer = api.get("/ai/providers").json()
    assert [one["provider"] for one in answer["providers"]] == FIRST_FIVE
    assert answer["default"] is None
    assert provider(api, "anthropic") == {
        "provider": "anthropic",
        "name": "Anthropic",
        "base_url": "https://api.anthropic.com",
        "default_model": "claude-haiku-4-5",
        "token_limit": None,
        "key_set": False,
        "key_set_at": None,
        "is_default": False,
    }


def test_a_key_goes_in_and_never_comes_out(api: Api) -> None:
    made = api.put("/ai/providers/openai/key", {"api_key": KEY})
    assert made.json() == {"provider": "openai", "key_set": True}
    shown = api.get("/ai/providers").content + api.dispatch("ai.get_providers").content
    assert KEY.encode() not in made.content + shown
    assert provider(api, "openai")["key_set_at"] is not None
    assert KEY not in str(list(AuditEntry.objects.values()))


def test_the_first_provider_with_a_key_becomes_the_default(api: Api) -> None:
    api.put("/ai/providers/gemini/key", {"api_key": KEY})
    api.put("/ai/providers/openai/key", {"api_key": KEY})
    assert api.get("/ai/providers").json()["default"] == "gemini"


def test_the_same_key_again_changes_nothing(api: Api) -> None:
    api.put("/ai/providers/openai/key", {"api_key": KEY})
    again = api.put("/ai/providers/openai/key", {"api_key": KEY})
    assert again.headers["SyteOps-Changed"] == "false"
    other = api.put("/ai/providers/openai/key", {"api_key": f"{KEY}2"})
    assert other.headers["SyteOps-Changed"] == "true"


@pytest.mark.parametrize("key", ["", "with space", "line\nbreak", "ümlaut", "••••••", 5, None])
def test_what_can_be_no_key_is_refused(api: Api, key: Any) -> None:
    refused = api.put("/ai/providers/openai/key", {"api_key": key})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/api_key"
    assert AiProvider.objects.get(slug="openai").api_key is None


def test_clearing_a_key_says_which_areas_would_stop(
    api: Api, area: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(areas, "_areas", {area: areas._areas[area]})
    monkeypatch.setitem(areas._areas, "tests.off", Area("tests.off", "Off", ""))
    monkeypatch.setitem(areas._areas, "tests.other", Area("tests.other", "Other", ""))
    api.put("/ai/providers/openai/key", {"api_key": KEY})
    api.put("/ai/providers/gemini/key", {"api_key": KEY})
    api.patch("/ai/areas/tests.off", {"enabled": False})
    api.patch("/ai/areas/tests.other", {"provider": "gemini"})

    refused = api.delete("/ai/providers/openai/key")
    assert refused.status_code == 428
    assert refused.json()["impact"] == {
        "provider": "openai",
        "key_set": True,
        "areas_stopping": [area],
    }
    assert provider(api, "openai")["key_set"] is True

    cleared = api.delete("/ai/providers/openai/key?confirm=true")
    assert cleared.json() == {"provider": "openai", "key_set": False}
    assert cleared.headers["SyteOps-Changed"] == "true"
    assert api.get(f"/ai/areas/{area}").json()["ready"] is False
    again = api.delete("/ai/providers/openai/key?confirm=true")
    assert again.headers["SyteOps-Changed"] == "false"


# --- Areas ---------------------------------------------------------------------------------


def test_an_area_has_defaults_until_somebody_chooses(api: Api, area: str) -> None:
    shown = api.get(f"/ai/areas/{area}").json()
    assert shown == {
        "area": area,
        "name": "Test summaries",
        "description": "Sums up a test.",
        "provider": None,
        "model": "",
        "max_tokens": 1024,
        "requests_per_day": None,
        "tokens_per_month": None,
        "enabled": True,
        "ready": False,
    }
    assert shown in api.get("/ai/areas").json()["areas"]
    assert not AiAreaSettings.objects.filter(area=area).exists()


def test_what_is_chosen_is_stored_shown_and_not_repeated(api: Api, area: str) -> None:
    a_provider_with_key()
    values = {
        "provider": "openai",
        "model": "big",
        "max_tokens": 500,
        "requests_per_day": 10,
        "tokens_per_month": 10_000,
        "enabled": True,
    }
    changed = api.patch(f"/ai/areas/{area}", values)
    assert values.items() <= changed.json().items()
    assert changed.json()["ready"] is True
    assert changed.headers["SyteOps-Changed"] == "true"
    assert changed.headers["ETag"] == api.get(f"/ai/areas/{area}").headers["ETag"]
    stored = AiAreaSettings.objects.get(area=area)
    assert (stored.provider.slug, stored.requests_per_day) == ("openai", 10)  # type: ignore[union-attr]

    assert api.patch(f"/ai/areas/{area}", values).headers["SyteOps-Changed"] == "false"
    lifted = api.patch(
        f"/ai/areas/{area}", {"provider": None, "requests_per_day": None, "tokens_per_month": None}
    )
    assert lifted.json()["provider"] is None
    assert lifted.json()["requests_per_day"] is None
    assert lifted.json()["model"] == "big"


def test_choosing_what_holds_already_is_no_change(api: Api, area: str) -> None:
    same = api.patch(f"/ai/areas/{area}", {"max_tokens": 1024, "model": "", "enabled": True})
    assert same.headers["SyteOps-Changed"] == "false"
    assert not AuditEntry.objects.filter(object_id=area).exists()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("max_tokens", 0, "out_of_range"),
        ("max_tokens", 1_000_001, "out_of_range"),
        ("max_tokens", None, "invalid"),
        ("max_tokens", "500", "invalid"),
        ("requests_per_day", 0, "out_of_range"),
        ("requests_per_day", True, "invalid"),
        ("tokens_per_month", -1, "out_of_range"),
        ("tokens_per_month", 10**13, "out_of_range"),
        ("model", "m" * 201, "too_long"),
        ("provider", 5, "invalid"),
        ("enabled", "yes", "invalid"),
        ("area", "other", "unknown_field"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_stored(
    api: Api, area: str, field: str, value: Any, code: str
) -> None:
    refused = api.patch(f"/ai/areas/{area}", {"max_tokens": 77, field: value})
    assert refused.status_code == 400
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
        (f"#/{field}", code)
    ]
    assert not AiAreaSettings.objects.filter(max_tokens=77).exists()


def test_a_provider_or_area_that_does_not_exist_is_not_found(api: Api, area: str) -> None:
    unknown = api.patch(f"/ai/areas/{area}", {"provider": "nobody"})
    assert unknown.status_code == 400
    assert unknown.json()["errors"] == [
        {
            "pointer": "#/provider",
            "code": "not_found",
            "detail": "There is no AI provider nobody.",
        }
    ]
    assert api.get("/ai/areas/no.such_area").status_code == 404


def test_the_areas_of_an_inactive_module_are_away_and_their_settings_stay(
    api: Api, area: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(areas._areas, area, Area(area, "Test", "", module="tests"))
    api.patch(f"/ai/areas/{area}", {"max_tokens": 77})
    AiUsage.objects.create(area=area, day=timezone.localdate(), provider="p", model="m")

    with monkeypatch.context() as off:
        off.setattr("syteops.ai.queries.inactive_modules", lambda: {"tests"})
        for answer in (
            api.get(f"/ai/areas/{area}"),
            api.patch(f"/ai/areas/{area}", {"max_tokens": 1}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "module_inactive")
        assert area not in str(api.get("/ai/areas").json())
        assert api.get("/ai/usage").json() == {"usage": []}

    assert api.get(f"/ai/areas/{area}").json()["max_tokens"] == 77
    assert len(api.get("/ai/usage").json()["usage"]) == 1


def test_listing_areas_costs_the_same_number_of_queries_however_many(
    api: Api, area: str, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as before:
        queries.list_areas()
    count = len(before)
    for number in range(10):
        slug = f"tests.area{number}"
        monkeypatch.setitem(areas._areas, slug, Area(slug, "Test", ""))
        api.patch(f"/ai/areas/{slug}", {"provider": FIRST_FIVE[number % 5]})
    with django_assert_num_queries(count):
        served = [one.serving for one in queries.list_areas() if "tests.area" in one.area.slug]
        assert all(served)
    assert len(served) == 10


# --- Usage ---------------------------------------------------------------------------------


def used(area: str, day: date, **values: Any) -> AiUsage:
    shown = {"provider": "openai", "model": "small", "requests": 2, "input_tokens": 30}
    return AiUsage.objects.create(area=area, day=day, **{**shown, **values})


def test_usage_is_shown_by_day_newest_first(api: Api) -> None:
    used("a.b", date(2026, 1, 2), output_tokens=4)
    used("a.c", date(2026, 1, 3))
    used("a.c", date(2026, 1, 3), model="big")

    shown = api.get("/ai/usage?since=2026-01-01").json()["usage"]

    assert [(one["day"], one["area"], one["model"]) for one in shown] == [
        ("2026-01-03", "a.c", "big"),
        ("2026-01-03", "a.c", "small"),
        ("2026-01-02", "a.b", "small"),
    ]
    assert shown[2] == {
        "area": "a.b",
        "day": "2026-01-02",
        "provider": "openai",
        "model": "small",
        "actor_kind": "",
        "actor_id": "",
        "actor": "",
        "requests": 2,
        "cost": None,
        "input_tokens": 30,
        "output_tokens": 4,
        "reserved_tokens": 0,
    }


def test_usage_is_narrowed_by_area_and_day_and_shows_thirty_days_by_itself(api: Api) -> None:
    today = timezone.localdate()
    used("a.b", today)
    used("a.c", today - timedelta(days=29))
    used("a.c", today - timedelta(days=30))

    def areas_of(query: str) -> list[str]:
        return [one["area"] for one in api.get(f"/ai/usage?{query}").json()["usage"]]

    assert areas_of("") == ["a.b", "a.c"]
    assert areas_of("area=a.c") == ["a.c"]
    assert areas_of("area=nobody") == []
    assert areas_of(f"since={today - timedelta(days=30)}&area=a.c") == ["a.c", "a.c"]
    assert api.get("/ai/usage?since=0001-01-01").status_code == 200


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "", "20260101x"])
def test_a_day_that_is_none_is_refused(api: Api, since: str) -> None:
    refused = api.get(f"/ai/usage?since={since}")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/since"


# --- The database --------------------------------------------------------------------------


def test_the_database_allows_one_default_and_one_row_per_area_and_day(db: None) -> None:
    AiProvider.objects.filter(slug="openai").update(is_default=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        AiProvider.objects.filter(slug="gemini").update(is_default=True)
    used("a.b", date(2026, 1, 2))
    with pytest.raises(IntegrityError), transaction.atomic():
        used("a.b", date(2026, 1, 2))
    with pytest.raises(IntegrityError), transaction.atomic():
        AiAreaSettings.objects.bulk_create([AiAreaSettings(area="x", max_tokens=0)])
    with pytest.raises(IntegrityError), transaction.atomic():
        AiProvider.objects.bulk_create([AiProvider(slug="Not a slug", name="x", base_url="x")])


def test_settings_rows_are_made_for_every_area_after_a_migration(area: str, db: None) -> None:
    services.add_missing_settings(AiAreaSettings)
    services.add_missing_settings(AiAreaSettings)
    assert AiAreaSettings.objects.filter(area=area).count() == 1
    assert not AuditEntry.objects.exists()
