"""How changes of a CRM system are undone."""

from typing import Any

from syteops.core.actors import Actor
from syteops.crm import services
from syteops.crm.models import CrmSystem
from syteops.crm.queries import members_known_to
from syteops.history.undo import Undo, column_values, register_undo

_FIELDS = ("name", "url", "link_admin_only")


def _update(actor: Actor, system: CrmSystem, before: dict[str, Any]) -> None:
    services.clear_secrets(actor, system, *(n for n in services.SECRETS if n in before))
    services.update_crm_system(actor, system, **column_values(CrmSystem, before, _FIELDS))


def _restore(actor: Actor, system: CrmSystem, before: dict[str, Any]) -> None:
    services.restore_crm_system(actor, system, before.get("identifiers"), before.get("number"))


register_undo(
    Undo(
        CrmSystem,
        update=_update,
        delete=services.delete_crm_system,
        restore=_restore,
        relations=lambda system: {"identifiers": members_known_to(system)},
        elsewhere=("identifiers",),
        also_needs={"identifiers": "users.update"},
    )
)
