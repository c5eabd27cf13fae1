"""Every change of a module's state. States passed in are locked by the caller."""

from typing import Any

from django.db import transaction

from syteops.audit import services as audit
from syteops.core.actors import Actor
from syteops.core.errors import Invalid, Protected
from syteops.core.schemas import merge_patch, problems, with_defaults
from syteops.modules.models import ModuleState
from syteops.modules.queries import installed
from syteops.site.queries import license_is_revoked

REVOKED = "The licence is revoked, so modules stay off. Their settings are kept."


def locked_state(slug: str) -> ModuleState:
    """The state of an installed module, locked until the transaction ends. Raises NotFound.

    The row is made on first use. It says what its absence says, so making it is no change.
    """
    installed(slug)
    ModuleState.objects.get_or_create(slug=slug)
    return ModuleState.objects.select_for_update().get(slug=slug)


@transaction.atomic
def activate(actor: Actor, state: ModuleState) -> ModuleState:
    """Bring the module back. Raises Protected while the licence is revoked."""
    if license_is_revoked():
        raise Protected(REVOKED, reason="license_revoked")
    audit.update(actor, state, {"active": True}, "activated")
    return state


@transaction.atomic
def deactivate(actor: Actor, state: ModuleState) -> ModuleState:
    """Take away what the module offers; its data and config stay."""
    audit.update(actor, state, {"active": False}, "deactivated")
    return state


@transaction.atomic
def update_config(actor: Actor, state: ModuleState, *, config: dict[str, Any]) -> ModuleState:
    """Merge `config` into what is stored: deeply, null removes a key (RFC 7396).

    Raises Invalid, with paths into `config`, if the result breaks the module's own schema.
    """
    schema = installed(state.slug).config_schema
    merged = merge_patch(state.config, config)
    if found := problems(schema, with_defaults(schema, merged)):
        raise Invalid(found)
    audit.update(actor, state, {"config": merged}, "configured")
    return state
