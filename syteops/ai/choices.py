"""How AI providers are spoken to, and what becomes of a suggestion."""

from django.db import models


class ApiStyle(models.TextChoices):
    """The protocols that providers understand."""

    OPENAI = "openai-compatible", "OpenAI-compatible"
    ANTHROPIC = "anthropic", "Anthropic"


class SuggestionState(models.TextChoices):
    """From the question to what was made of the answer."""

    QUEUED = "queued", "Waiting for its turn"
    RUNNING = "running", "Being asked"
    READY = "ready", "To be looked at"
    ACCEPTED = "accepted", "Accepted"
    DISMISSED = "dismissed", "Dismissed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


UNDER_WAY = (SuggestionState.QUEUED, SuggestionState.RUNNING)
