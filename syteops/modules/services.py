"""Every change of a module's state. States passed in are locked by the caller."""

from typing import Any

from django.db import transaction

from syteops.audit import services as audit
from syteops.audit.switchables import merge_config
from syteops.core.actors import Actor
from syteops.core.errors import Protected
from syteops.core.events import Verb
from syteops.modules.models import ModuleState
from syteops.modules.queries import installed
from syteops.site.queries import license_is_revoked

REVOKED = "The licence is revoked, so modules stay off. Their settings are kept."


def locked_state(slug: str) -> ModuleState:
    """The state of an installed module, locked until the transaction ends. Raises NotFound."""
    installed(slug)
    return ModuleState.locked(slug)


@transaction.atomic
def activate(actor: Actor, state: ModuleState) -> ModuleState:
    """Bring the module back. Raises Protected while the licence is revoked."""
    if license_is_revoked():
        raise Protected(REVOKED, reason="license_revoked")
    audit.update(actor, state, {"active": True}, Verb.ACTIVATED)
    return state


@transaction.atomic
def deactivate(actor: Actor, state: ModuleState) -> ModuleState:
    """Take away what the module offers; its data and config stay."""
    audit.update(actor, state, {"active": False}, Verb.DEACTIVATED)
    return state


def update_config(actor: Actor, state: ModuleState, *, config: dict[str, Any]) -> ModuleState:
    """Merge `config` into the module's, as `merge_config` does. Raises Invalid."""
    return merge_config(actor, state, installed(state.slug).config_schema, config)
