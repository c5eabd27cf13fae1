from syteops.core.actors import SYSTEM
from syteops.crm import services
from syteops.crm.models import CrmSystem
from tests.samples import Sample, sample

NOWHERE = {"crm_num": "099"}


def a_system() -> CrmSystem:
    system = services.create_crm_system(SYSTEM, name="HubSpot", url="https://hubspot.example")
    return services.set_secrets(SYSTEM, system, api_key="old-key-1234", api_secret="old-secret-1")


@sample("crm.set_secret")
def _set_secret() -> Sample:
    path = {"crm_num": a_system().slot}
    return Sample(path, {"api_key": "new-key-5678"}, {"api_key": "********"}, NOWHERE)


@sample("crm.clear_secret")
def _clear_secret() -> Sample:
    # Text, as a query string carries it; dispatch takes the JSON value as well.
    return Sample({"crm_num": a_system().slot}, {"api_key": True}, {"api_key": "maybe"}, NOWHERE)
