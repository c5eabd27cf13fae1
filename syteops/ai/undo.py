"""How changes of AI providers and areas are undone."""

from typing import Any

from syteops.ai import queries, services
from syteops.ai.models import AiAreaSettings, AiProvider
from syteops.core.actors import Actor
from syteops.history.undo import Undo, column_values, register_undo

_FIELDS = (
    "slug", "name", "base_url", "api_style", "default_model", "token_limit", "is_default",
)  # fmt: skip
_AREA_FIELDS = (
    "provider", "model", "max_tokens", "requests_per_day", "tokens_per_month", "enabled",
)  # fmt: skip


def _update(actor: Actor, provider: AiProvider, before: dict[str, Any]) -> None:
    if "api_key" in before:
        services.clear_key(actor, provider)
    values = column_values(AiProvider, before, _FIELDS)
    former: AiProvider | None = before.get("default_provider")
    if former is not None and former != provider:
        # It takes over from this one, and that ends this one's being the default.
        del values["is_default"]
        services.update_ai_provider(actor, queries.get_provider(former.slug, True), is_default=True)
    services.update_ai_provider(actor, provider, **values)


def _restore(actor: Actor, provider: AiProvider, before: dict[str, Any]) -> None:
    values = column_values(AiProvider, before, _FIELDS)
    services.restore_ai_provider(actor, provider, before, **values)


def _default_slug() -> str | None:
    default = queries.default_provider()
    return default.slug if default else None


def _update_area(actor: Actor, settings: AiAreaSettings, before: dict[str, Any]) -> None:
    queries.get_area(settings.area)  # not while its module is inactive
    values = column_values(AiAreaSettings, before, _AREA_FIELDS)
    services.update_ai_area(actor, settings, **values)


register_undo(
    Undo(
        AiProvider,
        update=_update,
        delete=services.delete_ai_provider,
        restore=_restore,
        relations=lambda provider: {"default_provider": _default_slug()},
        names={"default_provider": AiProvider},
        undone_by={"secret_set": "clear_key", "secret_cleared": "set_key"},
    )
)
register_undo(
    Undo(
        AiAreaSettings,
        update=_update_area,
        names={"provider": AiProvider},
        undone_by={"updated": "set_area"},
    )
)
