"""How changes of a CRM system are undone: its identifiers are set through team members."""

from typing import Any

from syteops.core.actors import Actor
from syteops.crm import services
from syteops.crm.models import CrmSystem
from syteops.crm.queries import members_known_to
from syteops.history.undo import Undo, register_undo


def _restore(actor: Actor, system: CrmSystem, **held: Any) -> None:
    services.restore_crm_system(actor, system, held.get("identifiers"), held.get("number"))


register_undo(
    Undo(
        CrmSystem,
        restore=_restore,
        relations=lambda system: {"identifiers": members_known_to(system)},
        elsewhere=("identifiers",),
        also_needs={"identifiers": "users.update"},
    )
)
