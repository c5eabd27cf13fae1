"""A site for processes that work on tasks, and a provider of AI for which they wait."""

from collections.abc import Iterator
from typing import Any

import pytest

from syteops.ai import client as ai_client
from syteops.ai import services as ai
from syteops.ai.models import AiProvider
from syteops.core.actors import SYSTEM
from tests.concurrency.live import LiveSite, live_site
from tests.databases import fresh_database as new_fresh_database


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with new_fresh_database() as environment:
        data_dir = tmp_path_factory.mktemp("site") / "data"
        with live_site(data_dir, environment, servers=0) as site:
            yield site


@pytest.fixture
def provider(db: None) -> AiProvider:
    provider = AiProvider.objects.get(slug="openai")
    ai.update_ai_provider(SYSTEM, provider, default_model="test-model")
    return ai.set_secrets(SYSTEM, provider, api_key="sk-canary-1234567890")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the provider was asked; it answers each time with the models that it has."""
    questions: list[Any] = []

    def list_models(question: Any) -> list[str]:
        questions.append(question)
        return ["small"]

    monkeypatch.setattr(ai_client, "list_models", list_models)
    return questions
