"""What admins do with providers, in the services that their forms call."""

from typing import Any

import pytest

from syteops.ai import queries, services
from syteops.ai.models import AiProvider
from syteops.core.actors import SYSTEM
from syteops.core.encryption import open_sealed
from syteops.core.errors import Conflict, Invalid
from tests.each import each

KEY = "canary-key-7f3a9c"


@pytest.fixture
def openai(db: None) -> AiProvider:
    """OpenAI, with a key, and so the default."""
    return services.set_secrets(SYSTEM, AiProvider.objects.get(slug="openai"), api_key=KEY)


def key_of(provider: AiProvider) -> str | None:
    return open_sealed(AiProvider.objects.get(pk=provider.pk), "api_key")


@pytest.mark.parametrize(
    "url",
    [
        "https://attacker.example/v1",
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.attacker.example/v1",
    ],
)
def test_another_host_does_not_get_the_key_of_the_first(openai: AiProvider, url: str) -> None:
    services.update_ai_provider(SYSTEM, openai, base_url=url)
    assert key_of(openai) is None
    assert AiProvider.objects.get(pk=openai.pk).api_key_set_at is None


@pytest.mark.parametrize("url", ["https://api.openai.com/v2", "https://API.OpenAI.com/v1/"])
def test_another_path_at_the_same_host_keeps_the_key(openai: AiProvider, url: str) -> None:
    services.update_ai_provider(SYSTEM, openai, base_url=url, name="Renamed")
    assert key_of(openai) == KEY


@each(
    "url",
    [
        "",
        "api.example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "https://user:secret@example.com/v1",
        "https://example.com/v1?key=x",
        "https://example.com/v1#x",
        "https://example.com/v 1",
        "https://example.com:99999/v1",
        "https://example.com:port/v1",
        "https://[::1/v1",
        "https://example.com\\@attacker.example/v1",
        "https://example.com/v1\n",
    ],
)
def test_a_base_url_is_a_plain_web_address(db: None, url: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.create_ai_provider(SYSTEM, slug="mine", name="Mine", base_url=url)
    assert refused.value.errors[0].path == ("base_url",)
    assert not AiProvider.objects.filter(slug="mine").exists()


@pytest.mark.parametrize(
    "url", ["http://ollama:11434/v1", "http://[::1]:8080/v1", "https://ai.example.com"]
)
def test_servers_of_ones_own_are_welcome_where_the_site_allows_them(
    db: None, settings: Any, url: str
) -> None:
    settings.ALLOWED_PRIVATE_ORIGINS = ["http://ollama:11434", "http://[::1]:8080"]
    services.create_ai_provider(SYSTEM, slug="mine", name="Mine", base_url=url)
    assert AiProvider.objects.get(slug="mine").base_url == url


@pytest.mark.parametrize(
    "url", ["http://ollama:11435/v1", "http://169.254.169.254/v1", "http://localhost:8000/api"]
)
def test_other_private_addresses_are_refused(db: None, settings: Any, url: str) -> None:
    settings.ALLOWED_PRIVATE_ORIGINS = ["http://ollama:11434"]
    with pytest.raises(Invalid) as refused:
        services.create_ai_provider(SYSTEM, slug="mine", name="Mine", base_url=url)
    (error,) = refused.value.errors
    assert error.path == ("base_url",)
    assert "ALLOWED_PRIVATE_ORIGINS" in error.detail


@pytest.mark.parametrize("slug", ["", "Mine", "1st", "my provider", "mine\n", "m" * 51])
def test_a_slug_has_one_form(db: None, slug: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.create_ai_provider(SYSTEM, slug=slug, name="Mine", base_url="https://a.example")
    assert refused.value.errors[0].path == ("slug",)


def test_a_new_default_takes_over_from_the_present_one(openai: AiProvider) -> None:
    gemini = AiProvider.objects.get(slug="gemini")
    services.update_ai_provider(SYSTEM, gemini, is_default=True)
    assert queries.default_provider() == gemini
    made = services.create_ai_provider(
        SYSTEM, slug="mine", name="Mine", base_url="https://a.example", is_default=True
    )
    assert queries.default_provider() == made
    services.update_ai_provider(SYSTEM, made, is_default=False)
    assert queries.default_provider() is None


def test_a_provider_that_an_area_names_cannot_be_deleted(openai: AiProvider, area: str) -> None:
    settings = queries.get_area_state(area).settings
    services.update_ai_area(SYSTEM, settings, provider=openai)
    with pytest.raises(Conflict, match="serves Test summaries") as refused:
        services.delete_ai_provider(SYSTEM, openai)
    assert refused.value.extra == {"areas": ["Test summaries"]}
    assert key_of(openai) == KEY

    services.update_ai_area(SYSTEM, settings, provider=None)
    services.delete_ai_provider(SYSTEM, openai)
    assert not AiProvider.objects.filter(slug="openai").exists()
