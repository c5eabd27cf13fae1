from syteops.core.actors import Actor
from syteops.core.demo import seeds
from syteops.crm import services
from syteops.crm.models import CrmSystem

SYSTEMS = (
    {"name": "HubSpot", "url": "https://app.hubspot.com", "link_admin_only": False},
    {"name": "Pipedrive", "url": "https://app.pipedrive.com", "link_admin_only": True},
)


@seeds("CRM systems", CrmSystem)
def seed(actor: Actor) -> int:
    for values in SYSTEMS:
        services.create_crm_system(actor, **values)
    return len(SYSTEMS)
