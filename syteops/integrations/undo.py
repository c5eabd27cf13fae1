"""How changes of integrations and of their secrets are undone."""

from typing import Any

from syteops.core.actors import Actor
from syteops.core.schemas import patch_between
from syteops.history.undo import Undo, register_undo
from syteops.integrations import services
from syteops.integrations.models import IntegrationSecret, IntegrationState


def _update(actor: Actor, state: IntegrationState, before: dict[str, Any]) -> None:
    if "enabled" in before:
        change = services.enable if before["enabled"] else services.disable
        change(actor, state)
    if "config" in before:
        patch = patch_between(state.config, before["config"])
        services.update_config(actor, state, config=patch)


def _clear(actor: Actor, secret: IntegrationSecret, before: dict[str, Any]) -> None:
    services.clear_secret(actor, secret)


register_undo(
    Undo(
        IntegrationState,
        update=_update,
        undone_by={
            "enabled": "disable",
            "disabled": "enable",
            "configured": "update_config",
        },
    )
)
register_undo(
    Undo(
        IntegrationSecret,
        update=_clear,
        lock_first=lambda secret: services.locked_state(secret.integration),
    )
)
