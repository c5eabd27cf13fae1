"""Changes, and publishing them, in tests, which run in one transaction: what follows a commit is
done here."""

from syteops.audit import chain
from syteops.core.actors import SYSTEM
from syteops.crm import services as crm
from syteops.crm.models import CrmSystem
from syteops.events import publishing


def publish() -> int:
    """Publish all that has happened so far."""
    chain.seal_pending()
    publishing._rests_until = 0.0
    return publishing.publish()


def a_system(name: str = "HubSpot") -> CrmSystem:
    """One change."""
    return crm.create_crm_system(SYSTEM, name=name)
