"""How changes of AI providers and areas are undone."""

from typing import Any

from syteops.ai import queries, services
from syteops.ai.models import AiAreaSettings, AiProvider
from syteops.core.actors import Actor
from syteops.core.events import Verb
from syteops.history.undo import Undo, register_undo


def _update(
    actor: Actor, provider: AiProvider, default_provider: AiProvider | None = None, **values: Any
) -> None:
    if default_provider not in (None, provider):
        # It takes over from this one, and that ends this one's being the default.
        del values["is_default"]
        heir = queries.get_provider(default_provider.slug, lock=True)
        services.update_ai_provider(actor, heir, is_default=True)
    services.update_ai_provider(actor, provider, **values)


def _default_slug(provider: AiProvider) -> dict[str, str | None]:
    default = queries.default_provider()
    return {"default_provider": default.slug if default else None}


def _update_area(actor: Actor, settings: AiAreaSettings, **values: Any) -> None:
    queries.get_area(settings.area)  # not while its module is inactive
    services.update_ai_area(actor, settings, **values)


register_undo(
    Undo(
        AiProvider,
        update=_update,
        relations=_default_slug,
        names={"default_provider": AiProvider},
        undone_by={Verb.SECRET_SET: "clear_key", Verb.SECRET_CLEARED: "set_key"},
    )
)
register_undo(Undo(AiAreaSettings, update=_update_area, undone_by={Verb.UPDATED: "set_area"}))
