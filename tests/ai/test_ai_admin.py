from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from syteops.ai import queries, services
from syteops.ai.models import AiAreaSettings, AiProvider, AiUsage
from syteops.audit.models import AuditEntry
from syteops.core.actors import SYSTEM
from syteops.core.encryption import open_sealed

KEY = "canary-key-7f3a9c"
PROVIDERS = "/admin/ai/aiprovider/"
AREAS = "/admin/ai/aiareasettings/"
USAGE = "/admin/ai/aiusage/"
FORM = {
    "name": "Mine",
    "slug": "mine",
    "base_url": "https://ai.example/v1",
    "api_style": "openai-compatible",
    "default_model": "tiny",
    "token_limit": "",
}


@pytest.fixture
def settings_of_area(area: str, db: None) -> AiAreaSettings:
    services.add_missing_settings(AiAreaSettings)
    return AiAreaSettings.objects.get(area=area)


def test_a_provider_of_ones_own_is_added_gets_a_key_and_goes(page: Client) -> None:
    page.post(f"{PROVIDERS}add/", {**FORM, "is_default": "on"})
    mine = AiProvider.objects.get(slug="mine")
    assert mine.is_default

    sent = {**FORM, "name": "Ours", "is_default": "on", "new_api_key": KEY}
    page.post(f"{PROVIDERS}{mine.pk}/change/", sent)
    mine.refresh_from_db()
    assert (mine.name, mine.is_default, open_sealed(mine, "api_key")) == ("Ours", True, KEY)
    shown = page.get(f"{PROVIDERS}{mine.pk}/change/").content.decode()
    assert "Set on" in shown
    assert KEY not in shown + page.get(PROVIDERS).content.decode()

    page.post(f"{PROVIDERS}{mine.pk}/delete/", {"post": "yes"})
    assert not AiProvider.objects.filter(slug="mine").exists()
    assert KEY not in str(list(AuditEntry.objects.values()))


def test_a_new_address_and_its_new_key_are_stored_together(page: Client) -> None:
    mine = services.create_ai_provider(SYSTEM, **{**FORM, "token_limit": None})
    services.set_secrets(SYSTEM, mine, api_key="old-key")
    new = {**FORM, "base_url": "https://other.example/v1"}
    page.post(f"{PROVIDERS}{mine.pk}/change/", {**new, "new_api_key": KEY})
    mine.refresh_from_db()
    assert open_sealed(mine, "api_key") == KEY

    page.post(f"{PROVIDERS}{mine.pk}/change/", FORM)
    mine.refresh_from_db()
    assert mine.api_key is None


def test_what_a_service_refuses_is_shown_in_the_form(page: Client) -> None:
    mine = services.create_ai_provider(SYSTEM, **{**FORM, "token_limit": None})
    answer = page.post(f"{PROVIDERS}{mine.pk}/change/", {**FORM, "new_api_key": "with space"})
    assert answer.status_code == 200
    assert "no spaces" in answer.content.decode()
    mine.refresh_from_db()
    assert mine.api_key is None


def test_areas_show_how_much_of_their_limits_is_used(
    page: Client, settings_of_area: AiAreaSettings
) -> None:
    services.update_ai_area(SYSTEM, settings_of_area, requests_per_day=8, tokens_per_month=1000)
    AiUsage.objects.create(
        area=settings_of_area.area, day=timezone.localdate(), provider="p", model="m",
        requests=2, input_tokens=300, output_tokens=150, reserved_tokens=50,
    )  # fmt: skip

    for address in (AREAS, f"{AREAS}{settings_of_area.pk}/change/"):
        shown = page.get(address).content.decode()
        assert "2 of 8" in shown
        assert 'aria-valuenow="25"' in shown
        assert "500 of 1000" in shown
        assert 'aria-valuenow="50"' in shown
    listed = page.get(AREAS).content.decode()
    assert "Test summaries" in listed
    assert "No provider, no model" in listed


def test_areas_show_who_serves_them_by_default(
    page: Client, settings_of_area: AiAreaSettings
) -> None:
    services.set_secrets(SYSTEM, AiProvider.objects.get(slug="openai"), api_key=KEY)
    assert "OpenAI, gpt-5-mini" in page.get(AREAS).content.decode()


def test_an_area_is_changed_through_the_services_and_never_added_or_deleted(
    page: Client, settings_of_area: AiAreaSettings
) -> None:
    sent = {"provider": "", "model": "big", "max_tokens": "500", "requests_per_day": "9"}
    page.post(f"{AREAS}{settings_of_area.pk}/change/", sent)
    settings_of_area.refresh_from_db()
    assert (settings_of_area.model, settings_of_area.requests_per_day) == ("big", 9)
    assert settings_of_area.enabled is False
    entry = AuditEntry.objects.get(event="ai_area.updated")
    assert (entry.object_id, entry.actor_label, entry.door) == (
        settings_of_area.area,
        "alice",
        "admin",
    )
    assert page.get(f"{AREAS}add/").status_code == 403
    assert page.post(f"{AREAS}{settings_of_area.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_areas_of_an_inactive_module_are_not_in_the_admin(
    page: Client, settings_of_area: AiAreaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "inactive_modules", lambda: {""})
    assert "Test summaries" not in page.get(AREAS).content.decode()
    assert page.get(f"{AREAS}{settings_of_area.pk}/change/").status_code == 302


def test_usage_is_read_only(page: Client, db: None) -> None:
    row = AiUsage.objects.create(area="a.b", day=timezone.localdate(), provider="p", model="m")
    assert "a.b" in page.get(USAGE).content.decode()
    assert page.get(f"{USAGE}{row.pk}/change/").status_code == 200
    assert page.post(f"{USAGE}{row.pk}/change/", {"requests": "0"}).status_code == 403
    assert page.get(f"{USAGE}add/").status_code == 403


def test_a_new_default_takes_over_in_the_form(page: Client) -> None:
    first, second = (
        services.create_ai_provider(SYSTEM, slug=one, name=one, base_url=FORM["base_url"])
        for one in ("first", "second")
    )
    services.update_ai_provider(SYSTEM, first, is_default=True)
    sent = {**FORM, "name": "second", "is_default": "on"}
    assert page.post(f"{PROVIDERS}{second.pk}/change/", sent).status_code == 302
    assert queries.default_provider() == second


def test_bob_sees_only_what_his_permissions_allow(
    client: Client, bob: User, settings_of_area: AiAreaSettings
) -> None:
    client.force_login(bob)
    for address in (PROVIDERS, AREAS, USAGE):
        assert client.get(address).status_code == 403

    sent = ("view_note", "view_estimate", "view_teammember")
    codenames = ("view_aiprovider", "change_aiprovider", *sent)
    bob.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    openai = services.set_secrets(SYSTEM, AiProvider.objects.get(slug="openai"), api_key=KEY)
    client.force_login(User.objects.get(pk=bob.pk))
    address = f"{PROVIDERS}{openai.pk}/change/"
    assert "new_api_key" not in client.get(address).content.decode()

    # He may change the address, but the key does not go there.
    client.post(address, {**FORM, "base_url": "https://bobs.example", "new_api_key": "his-own"})
    openai.refresh_from_db()
    assert (openai.base_url, openai.api_key) == ("https://bobs.example", None)


@pytest.mark.parametrize("address", [PROVIDERS, AREAS, USAGE])
def test_lists_cost_a_bounded_number_of_queries(
    page: Client, settings_of_area: AiAreaSettings, address: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        provider = services.create_ai_provider(
            SYSTEM, slug=f"p{number}", name="P", base_url="https://a.example"
        )
        AiAreaSettings.objects.create(area=f"area{number}", provider=provider)
        AiUsage.objects.create(
            area="a", day=timezone.localdate(), provider=provider.slug, model="m"
        )
    with django_assert_max_num_queries(20):
        assert page.get(address).status_code == 200


def test_very_many_who_asked_are_searched_by_one_condition(page: Client) -> None:
    """Each had one of its own: beyond a thousand the page was a 500, and took minutes before."""
    day = timezone.localdate()
    AiUsage.objects.bulk_create(
        AiUsage(
            area="notes", day=day, provider="p", model="m", actor_id=str(n), actor_label=f"K {n}"
        )
        for n in range(1100)
    )
    answer: Any = page.get(f"{USAGE}?q=k+1099")
    assert answer.status_code == 200
    assert [one.actor_label for one in answer.context_data["cl"].result_list] == ["K 1099"]
