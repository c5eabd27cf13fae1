"""Every change of a module's state. States passed in are locked by the caller."""

from typing import Any

from django.db import transaction

from syteops.audit import services as audit
from syteops.audit.switchables import merge_config
from syteops.core.actors import Actor
from syteops.core.errors import Forbidden, Protected
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


@transaction.atomic
def update_config(actor: Actor, state: ModuleState, *, config: dict[str, Any]) -> ModuleState:
    """Merge `config` into the module's, as `merge_config` does. Raises Invalid, and Forbidden for
    who may not read what goes where the config says from then on."""
    app, before = installed(state.slug), state.config
    stored = merge_config(actor, state, app.config_schema, config)
    readable = actor.readable()
    for name, resource in app.config_reads.items():
        is_new = stored.config.get(name) not in (None, before.get(name))
        if is_new and readable is not None and resource not in readable:
            raise Forbidden(f"{name} says where {resource} go, and you may not read them.")
    return stored
