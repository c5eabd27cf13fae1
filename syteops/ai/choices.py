"""How AI providers are spoken to."""

from django.db import models


class ApiStyle(models.TextChoices):
    """The protocols that providers understand."""

    OPENAI = "openai-compatible", "OpenAI-compatible"
    ANTHROPIC = "anthropic", "Anthropic"
