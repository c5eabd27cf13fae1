"""Test connection and Fetch models: in the background, with what came of it shown."""

import json
from typing import Any

import pytest
from django.test import Client

from syteops.ai import services
from syteops.ai.errors import AiUnavailable
from syteops.ai.models import AiProvider, AiUsage
from syteops.core.actors import SYSTEM
from tests.ai.conftest import KEY, FakeProvider, openai_answer
from tests.background import outcome

pytestmark = pytest.mark.django_db


def press(page: Client, provider: AiProvider, name: str) -> str:
    url = f"/admin/ai/aiprovider/{provider.pk}/{name}/"
    assert page.get(url).status_code == 200
    shown = outcome(page, page.post(url, follow=True))
    return " ".join(str(one) for one in shown.context["messages"])


def test_a_connection_that_works_is_told_with_its_time(
    page: Client, server: FakeProvider, provider: AiProvider
) -> None:
    assert "Local answered in 0." in press(page, provider, "test-connection")
    assert server.asked[0]["body"]["max_tokens"] == 16
    assert not AiUsage.objects.exists()  # it is of no area


@pytest.mark.parametrize(
    ("status", "told"), [(401, "refused the API key"), (404, "knows no model tiny")]
)
def test_what_is_wrong_with_it_is_told(
    page: Client, server: FakeProvider, provider: AiProvider, status: int, told: str
) -> None:
    server.status = status
    server.answer = f'"{KEY}"'.encode
    assert told in press(page, provider, "test-connection")


def test_what_is_missing_is_told_at_once(
    page: Client, provider: AiProvider, settings: Any, server: FakeProvider
) -> None:
    services.clear_secrets(SYSTEM, provider, "api_key")
    settings.ALLOWED_PRIVATE_ORIGINS = []
    assert "no API key" in press(page, provider, "test-connection")
    assert server.asked == []


@pytest.mark.parametrize(
    ("style", "path"), [("openai-compatible", "/v1/models"), ("anthropic", "/v1/models?limit=1000")]
)
def test_models_are_fetched_and_shown(
    page: Client, server: FakeProvider, provider: AiProvider, style: str, path: str
) -> None:
    base = server.url if style == "anthropic" else f"{server.url}/v1"
    services.update_ai_provider(SYSTEM, provider, api_style=style, base_url=base)
    bad = ["a\nb", "half of a pair \ud800", 5, "x" * 999]
    found = [*({"id": one} for one in ("small", "big", *bad)), None]
    server.answer = lambda: json.dumps({"data": found}).encode()

    assert "offers 2 models" in press(page, provider, "fetch-models")

    assert server.asked[0]["path"] == path
    provider.refresh_from_db()
    assert provider.known_models == ["big", "small"]
    shown = page.get(f"/admin/ai/aiprovider/{provider.pk}/change/").content.decode()
    assert "big, small" in shown


@pytest.mark.parametrize("answer", [b"[]", b"{}", b'{"data": 5}', b"<html>"])
def test_models_that_are_none_are_told_and_keep_what_there_is(
    page: Client, server: FakeProvider, provider: AiProvider, answer: bytes
) -> None:
    services.set_known_models(SYSTEM, provider, ["tiny"])
    server.answer = lambda: answer
    assert "Check the base URL" in press(page, provider, "fetch-models")
    provider.refresh_from_db()
    assert provider.known_models == ["tiny"]


def test_a_model_of_the_own_network_needs_no_key(
    server: FakeProvider, provider: AiProvider, area: str
) -> None:
    services.clear_secrets(SYSTEM, provider, "api_key")
    server.answer = lambda: openai_answer("Fine.", 1, 1)

    assert services.complete(SYSTEM, area, system="", prompt="Hello").text == "Fine."

    assert "authorization" not in {name.lower() for name in server.asked[0]["headers"]}


def test_any_other_address_is_never_asked_without_a_key(
    server: FakeProvider, provider: AiProvider, area: str, settings: Any
) -> None:
    settings.ALLOWED_PRIVATE_ORIGINS, settings.ALLOW_PRIVATE_URLS = [], True
    services.clear_secrets(SYSTEM, provider, "api_key")
    with pytest.raises(AiUnavailable, match="no API key"):
        services.complete(SYSTEM, area, system="", prompt="Hello")
    assert server.asked == []
