from typing import Any

from django.db import migrations

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


def add_providers(apps: Any, schema_editor: Any) -> None:
    AiProvider = apps.get_model("ai", "AiProvider")
    for slug, name, base_url, api_style, model in PROVIDERS:
        values = {
            "name": name,
            "base_url": base_url,
            "api_style": api_style,
            "default_model": model,
        }
        provider, is_new = AiProvider.objects.get_or_create(slug=slug, defaults=values)
        if is_new:
            record_created(apps, provider, slug)


class Migration(migrations.Migration):
    dependencies = [("ai", "0001_initial"), ("audit", "0001_initial")]

    operations = [migrations.RunPython(add_providers, migrations.RunPython.noop)]
