"""How changes of a module's state are undone."""

from typing import Any

from syteops.core.actors import Actor
from syteops.core.schemas import patch_between
from syteops.history.undo import Undo, register_undo
from syteops.modules import services
from syteops.modules.models import ModuleState


def _update(actor: Actor, state: ModuleState, before: dict[str, Any]) -> None:
    if "active" in before:
        change = services.activate if before["active"] else services.deactivate
        change(actor, state)
    if "config" in before:
        patch = patch_between(state.config, before["config"])
        services.update_config(actor, state, config=patch)


register_undo(
    Undo(
        ModuleState,
        update=_update,
        undone_by={
            "activated": "deactivate",
            "deactivated": "activate",
            "configured": "update_config",
        },
    )
)
