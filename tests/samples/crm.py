from syteops.core.actors import SYSTEM
from syteops.crm import services
from syteops.crm.models import CrmSystem
from tests.samples import Sample, sample

NOWHERE = {"crm_num": "099"}


def a_system() -> CrmSystem:
    system = services.create_crm_system(SYSTEM, name="HubSpot", url="https://hubspot.example")
    return services.set_secrets(SYSTEM, system, api_key="old-key-1234", api_secret="old-secret-1")


@sample("crm.list")
def _list() -> Sample:
    a_system()
    return Sample()


@sample("crm.get")
def _get() -> Sample:
    return Sample({"crm_num": a_system().slot}, missing=NOWHERE)


@sample("crm.create")
def _create() -> Sample:
    return Sample(params={"name": "Zoho"}, bad={"name": 5})


@sample("crm.update")
def _update() -> Sample:
    return Sample({"crm_num": a_system().slot}, {"name": "Zoho"}, {"url": "no url"}, NOWHERE)


@sample("crm.delete")
def _delete() -> Sample:
    return Sample({"crm_num": a_system().slot}, missing=NOWHERE)


@sample("crm.set_secret")
def _set_secret() -> Sample:
    path = {"crm_num": a_system().slot}
    return Sample(path, {"api_key": "new-key-5678"}, {"api_key": "********"}, NOWHERE)


@sample("crm.clear_secret")
def _clear_secret() -> Sample:
    # Text, as a query string carries it; dispatch takes the JSON value as well.
    return Sample({"crm_num": a_system().slot}, {"api_key": True}, {"api_key": "maybe"}, NOWHERE)
