"""How a person asks for a job: the button that fetches an AI provider's models."""

from django.test import Client

from syteops.ai.models import AiProvider


def change(provider: AiProvider) -> str:
    return f"/admin/ai/aiprovider/{provider.pk}/change/"


def press(page: Client, provider: AiProvider) -> str:
    """Have the models fetched; where the progress of that is shown."""
    url = change(provider).replace("/change/", "/fetch-models/")
    return str(page.post(url).headers["Location"])
