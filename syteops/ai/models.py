import re
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)
from django.db import models
from django.db.models import Q

from syteops.ai.areas import all_areas
from syteops.ai.choices import ApiStyle, SuggestionState
from syteops.core.encryption import EncryptedTextField
from syteops.core.entities import Entity
from syteops.core.events import SECRET_VERBS, Verb
from syteops.core.folding import FoldedField, SearchField
from syteops.core.outbound import url_problem

# Without a password, a query or a fragment: paths are added at its end.
BASE_URL = re.compile(r"https?://[^\s/?#@\\]+(/[^\s?#\\]*)?", re.ASCII | re.I)
SLUG = r"^[a-z][a-z0-9_-]{0,49}\Z"
MAX_TOKENS = 1_000_000
MAX_REQUESTS = 1_000_000
MAX_TOKENS_PER_MONTH = 1_000_000_000_000


def _between(lowest: int, highest: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(lowest), MaxValueValidator(highest)]


def _price(help_text: str) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=help_text,
    )


def validate_base_url(url: str) -> None:
    """Refuse what is no plain web address. (Django's own check knows no host without a dot.)"""
    try:
        good = BASE_URL.fullmatch(url) and urlsplit(url).port != 0
    except ValueError:  # the port is no number, or the brackets do not close
        good = False
    if not good:
        raise ValidationError(
            "Write scheme, host and path, such as https://api.example.com/v1.", "invalid"
        )
    if problem := url_problem(url):
        raise ValidationError(problem, "invalid")


class AiProvider(Entity):
    """A service that answers prompts, and the key for it."""

    resource: ClassVar[str] = "ai"
    noun: ClassVar[str] = "ai_provider"
    verbs: ClassVar[frozenset[Verb]] = Entity.verbs | SECRET_VERBS
    identified_by: ClassVar[str] = "slug"
    credential_addresses: ClassVar[Mapping[str, str]] = {"api_key": "base_url"}

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.CharField(
        max_length=50,
        unique=True,
        validators=[
            RegexValidator(SLUG, "Use small letters, digits, - and _, a letter first.", "invalid")
        ],
        help_text="What tools call it, such as openai.",
    )
    name = models.CharField(max_length=100)
    base_url = models.CharField(
        "base URL",
        max_length=500,
        validators=[validate_base_url],
        help_text="Such as https://api.openai.com/v1. Another host clears the stored key.",
    )
    api_style = models.CharField(
        "API style", max_length=20, choices=ApiStyle, default=ApiStyle.OPENAI
    )
    api_key = EncryptedTextField(bound_to="uid")
    api_key_set_at = models.DateTimeField(null=True, blank=True, editable=False)
    default_model = models.CharField(
        max_length=200, blank=True, help_text="For areas that name no model of their own."
    )
    token_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=_between(1, MAX_TOKENS),
        help_text="Most tokens of one answer, whatever an area allows. Empty: no such limit.",
    )
    input_price = _price("Of a million tokens sent, in US dollars. Empty: no cost is shown.")
    output_price = _price("Of a million tokens answered, in US dollars.")
    known_models: "models.JSONField[list[str], list[str]]" = models.JSONField(
        default=list, blank=True, editable=False
    )
    is_default = models.BooleanField(
        "default", default=False, help_text="Serves the areas that name no provider."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    name_folded = FoldedField("name")
    default_model_folded = FoldedField("default_model")
    searched = SearchField("name", "slug", "base_url")

    class Meta:
        verbose_name = "AI provider"
        ordering = ("slug",)
        permissions = (("set_secrets_aiprovider", "Can set and clear keys of AI providers"),)
        constraints = (
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="ai_one_default"
            ),
            models.CheckConstraint(condition=Q(slug__regex=SLUG), name="ai_slug_form"),
            models.CheckConstraint(
                condition=Q(api_style__in=ApiStyle.values), name="ai_known_style"
            ),
            models.CheckConstraint(
                condition=Q(token_limit=None) | Q(token_limit__gte=1), name="ai_token_limit"
            ),
        )

    def __str__(self) -> str:
        return self.name


class AiAreaSettings(Entity):
    """What an admin has chosen for one AI-powered area. Without a row the defaults hold."""

    resource: ClassVar[str] = "ai"
    noun: ClassVar[str] = "ai_area"
    verbs: ClassVar[frozenset[Verb]] = frozenset((Verb.UPDATED, Verb.ASKED))
    identified_by: ClassVar[str] = "area"
    counted: ClassVar[bool] = False

    area = models.CharField(max_length=100, unique=True, editable=False)
    provider = models.ForeignKey(
        AiProvider,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="areas",
        help_text="Empty: the default provider.",
    )
    model = models.CharField(
        max_length=200, blank=True, help_text="Empty: the provider's default model."
    )
    max_tokens = models.PositiveIntegerField(
        default=1024, validators=_between(1, MAX_TOKENS), help_text="Most tokens of one answer."
    )
    requests_per_day = models.PositiveIntegerField(
        null=True, blank=True, validators=_between(1, MAX_REQUESTS), help_text="Empty: no limit."
    )
    tokens_per_month = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        validators=_between(1, MAX_TOKENS_PER_MONTH),
        help_text="Prompts and answers together. Empty: no limit.",
    )
    enabled = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    area_folded = FoldedField("area")

    class Meta:
        verbose_name = "AI area"
        default_permissions = ("view", "change")
        ordering = ("area",)
        constraints = (
            models.CheckConstraint(condition=Q(max_tokens__gte=1), name="ai_area_max_tokens"),
            models.CheckConstraint(
                condition=Q(requests_per_day=None) | Q(requests_per_day__gte=1),
                name="ai_area_requests",
            ),
            models.CheckConstraint(
                condition=Q(tokens_per_month=None) | Q(tokens_per_month__gte=1),
                name="ai_area_tokens",
            ),
        )

    def __str__(self) -> str:
        known = all_areas().get(self.area)
        return known.name if known else self.area


class AiUsage(Entity):
    """What one area used of one model on one day (of the site's time zone), for one asker."""

    resource: ClassVar[str] = "ai"
    noun: ClassVar[str] = "ai_usage"
    verbs: ClassVar[frozenset[Verb]] = frozenset()
    counted: ClassVar[bool] = False

    area = models.CharField(max_length=100)
    day = models.DateField()
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=200)
    actor_kind = models.CharField(max_length=10, blank=True)
    actor_id = models.CharField(max_length=100, blank=True)
    actor_label = models.CharField("asked by", max_length=200, blank=True)
    requests = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    reserved_tokens = models.PositiveBigIntegerField(
        default=0,
        help_text="Held for calls under way, and for calls whose true usage nobody told.",
    )

    model_folded = FoldedField("model")

    class Meta:
        verbose_name = "AI usage"
        verbose_name_plural = "AI usage"
        default_permissions = ("view",)
        ordering = ("-day", "area", "provider", "model", "actor_kind", "actor_id")
        constraints = (
            models.UniqueConstraint(
                fields=["area", "day", "provider", "model", "actor_kind", "actor_id"],
                name="ai_one_row_per_day",
            ),
        )

    def __str__(self) -> str:
        return f"{self.area} on {self.day}"

    @property
    def cost(self) -> Decimal | None:
        """In US dollars, at the prices that `queries.with_cost` has found; None: not known."""
        prices = [getattr(self, name, None) for name in ("input_price", "output_price")]
        sent, answered = (one if isinstance(one, Decimal) else None for one in prices)
        if sent is None or answered is None:
            return None
        return (self.input_tokens * sent + self.output_tokens * answered) / 1_000_000


class AiSuggestion(Entity):
    """What an AI suggests for one object: asked for by somebody, stored by nobody until accepted.

    `items` are checked already (see `suggesting`). The texts go with the decision, or with time.
    """

    resource: ClassVar[str] = "ai"
    noun: ClassVar[str] = "ai_suggestion"
    verbs: ClassVar[frozenset[Verb]] = frozenset(
        (Verb.CREATED, Verb.ANSWERED, Verb.ACCEPTED, Verb.DISMISSED, Verb.CANCELLED)
    )
    counted: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    area = models.CharField(max_length=100)
    object_id = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=SuggestionState, default=SuggestionState.QUEUED)
    items: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list
    )
    accepted: "models.JSONField[list[int], list[int]]" = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64)
    """Of what was sent; once it is accepted, of the decision: the same is no change."""
    job = models.UUIDField(null=True)
    problem = models.JSONField(null=True)
    provider = models.CharField(max_length=50, blank=True)
    model = models.CharField(max_length=200, blank=True)
    input_tokens = models.PositiveBigIntegerField(null=True)
    output_tokens = models.PositiveBigIntegerField(null=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=100)
    actor_label = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    ended_at = models.DateTimeField(null=True)

    problem_of_job: dict[str, str] | None
    """Why its job failed, where `queries.newest` has looked that up."""

    class Meta:
        verbose_name = "AI suggestion"
        default_permissions = ("view",)
        ordering = ("-created_at", "id")
        indexes = (models.Index(fields=["area", "object_id"], name="ai_suggestions_of_object"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=SuggestionState.values), name="ai_suggestion_state"
            ),
        )

    def __str__(self) -> str:
        known = all_areas().get(self.area)
        return known.name if known else self.area
