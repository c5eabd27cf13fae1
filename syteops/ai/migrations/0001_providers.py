import django.core.validators
import django.db.models.deletion
import syteops.ai.models
import syteops.core.encryption
import syteops.core.folding
import uuid
from django.db import migrations, models

from syteops.audit.in_migrations import record_created

OPENAI, ANTHROPIC = "openai-compatible", "anthropic"

# Models are named by the providers' own lasting aliases; an admin chooses others at any time.
PROVIDERS = (
    ("openai", "OpenAI", "https://api.openai.com/v1", OPENAI, "gpt-5-mini"),
    ("anthropic", "Anthropic", "https://api.anthropic.com", ANTHROPIC, "claude-haiku-4-5"),
    ("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", OPENAI, "openrouter/auto"),
    (
        "gemini",
        "Google Gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        OPENAI,
        "gemini-flash-latest",
    ),
    ("perplexity", "Perplexity", "https://api.perplexity.ai", OPENAI, "sonar"),
)


def add_providers(apps, schema_editor):
    for slug, name, base_url, api_style, model in PROVIDERS:
        provider = apps.get_model("ai", "AiProvider").objects.create(
            slug=slug, name=name, base_url=base_url, api_style=api_style, default_model=model
        )
        record_created(apps, provider, slug)


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("ai", "0001_initial"),
        ("ai", "0002_first_providers"),
        ("ai", "0003_folded_texts"),
        ("ai", "0004_suggestions"),
    ]

    dependencies = [
        ("audit", "0001_trail"),
    ]

    operations = [
        migrations.CreateModel(
            name="AiProvider",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "slug",
                    models.CharField(
                        help_text="What tools call it, such as openai.",
                        max_length=50,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z][a-z0-9_-]{0,49}\\Z",
                                "Use small letters, digits, - and _, a letter first.",
                                "invalid",
                            )
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "base_url",
                    models.CharField(
                        help_text="Such as https://api.openai.com/v1. Another host clears the stored key.",
                        max_length=500,
                        validators=[syteops.ai.models.validate_base_url],
                        verbose_name="base URL",
                    ),
                ),
                (
                    "api_style",
                    models.CharField(
                        choices=[
                            ("openai-compatible", "OpenAI-compatible"),
                            ("anthropic", "Anthropic"),
                        ],
                        default="openai-compatible",
                        max_length=20,
                        verbose_name="API style",
                    ),
                ),
                (
                    "api_key",
                    syteops.core.encryption.EncryptedTextField(
                        blank=True, bound_to="uid", editable=False, null=True
                    ),
                ),
                ("api_key_set_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "default_model",
                    models.CharField(
                        blank=True,
                        help_text="For areas that name no model of their own.",
                        max_length=200,
                    ),
                ),
                (
                    "token_limit",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Most tokens of one answer, whatever an area allows. Empty: no such limit.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                    ),
                ),
                (
                    "input_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Of a million tokens sent, in US dollars. Empty: no cost is shown.",
                        max_digits=12,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                (
                    "output_price",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Of a million tokens answered, in US dollars.",
                        max_digits=12,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                ("known_models", models.JSONField(blank=True, default=list, editable=False)),
                (
                    "is_default",
                    models.BooleanField(
                        default=False,
                        help_text="Serves the areas that name no provider.",
                        verbose_name="default",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name_folded", syteops.core.folding.FoldedField("name")),
                ("default_model_folded", syteops.core.folding.FoldedField("default_model")),
                ("searched", syteops.core.folding.SearchField("name", "slug", "base_url")),
            ],
            options={
                "verbose_name": "AI provider",
                "ordering": ("slug",),
                "permissions": (
                    ("set_secrets_aiprovider", "Can set and clear keys of AI providers"),
                ),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("is_default",),
                        name="ai_one_default",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("slug__regex", "^[a-z][a-z0-9_-]{0,49}\\Z")),
                        name="ai_slug_form",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("api_style__in", ["openai-compatible", "anthropic"])),
                        name="ai_known_style",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("token_limit", None), ("token_limit__gte", 1), _connector="OR"
                        ),
                        name="ai_token_limit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AiSuggestion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("area", models.CharField(max_length=100)),
                ("object_id", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting for its turn"),
                            ("running", "Being asked"),
                            ("ready", "To be looked at"),
                            ("accepted", "Accepted"),
                            ("dismissed", "Dismissed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("items", models.JSONField(default=list)),
                ("accepted", models.JSONField(default=list)),
                ("fingerprint", models.CharField(max_length=64)),
                ("job", models.UUIDField(null=True)),
                ("problem", models.JSONField(null=True)),
                ("provider", models.CharField(blank=True, max_length=50)),
                ("model", models.CharField(blank=True, max_length=200)),
                ("input_tokens", models.PositiveBigIntegerField(null=True)),
                ("output_tokens", models.PositiveBigIntegerField(null=True)),
                ("actor_kind", models.CharField(max_length=10)),
                ("actor_id", models.CharField(max_length=100)),
                ("actor_label", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "AI suggestion",
                "ordering": ("-created_at", "id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["area", "object_id"], name="ai_suggestions_of_object")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "queued",
                                    "running",
                                    "ready",
                                    "accepted",
                                    "dismissed",
                                    "failed",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="ai_suggestion_state",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AiUsage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("area", models.CharField(max_length=100)),
                ("day", models.DateField()),
                ("provider", models.CharField(max_length=50)),
                ("model", models.CharField(max_length=200)),
                ("actor_kind", models.CharField(blank=True, max_length=10)),
                ("actor_id", models.CharField(blank=True, max_length=100)),
                (
                    "actor_label",
                    models.CharField(blank=True, max_length=200, verbose_name="asked by"),
                ),
                ("requests", models.PositiveIntegerField(default=0)),
                ("input_tokens", models.PositiveBigIntegerField(default=0)),
                ("output_tokens", models.PositiveBigIntegerField(default=0)),
                (
                    "reserved_tokens",
                    models.PositiveBigIntegerField(
                        default=0,
                        help_text="Held for calls under way, and for calls whose true usage nobody told.",
                    ),
                ),
                ("model_folded", syteops.core.folding.FoldedField("model")),
            ],
            options={
                "verbose_name": "AI usage",
                "verbose_name_plural": "AI usage",
                "ordering": ("-day", "area", "provider", "model", "actor_kind", "actor_id"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("area", "day", "provider", "model", "actor_kind", "actor_id"),
                        name="ai_one_row_per_day",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AiAreaSettings",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("area", models.CharField(editable=False, max_length=100, unique=True)),
                (
                    "model",
                    models.CharField(
                        blank=True, help_text="Empty: the provider's default model.", max_length=200
                    ),
                ),
                (
                    "max_tokens",
                    models.PositiveIntegerField(
                        default=1024,
                        help_text="Most tokens of one answer.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                    ),
                ),
                (
                    "requests_per_day",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: no limit.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                    ),
                ),
                (
                    "tokens_per_month",
                    models.PositiveBigIntegerField(
                        blank=True,
                        help_text="Prompts and answers together. Empty: no limit.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000000000),
                        ],
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("area_folded", syteops.core.folding.FoldedField("area")),
                (
                    "provider",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the default provider.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="areas",
                        to="ai.aiprovider",
                    ),
                ),
            ],
            options={
                "verbose_name": "AI area",
                "ordering": ("area",),
                "default_permissions": ("view", "change"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("max_tokens__gte", 1)), name="ai_area_max_tokens"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("requests_per_day", None),
                            ("requests_per_day__gte", 1),
                            _connector="OR",
                        ),
                        name="ai_area_requests",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("tokens_per_month", None),
                            ("tokens_per_month__gte", 1),
                            _connector="OR",
                        ),
                        name="ai_area_tokens",
                    ),
                ],
            },
        ),
        migrations.RunPython(add_providers, migrations.RunPython.noop),
    ]
