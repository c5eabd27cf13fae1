"""A whole life with the client that openapi-python-client makes."""

import os

from openapi_python_client_made import AuthenticatedClient
from openapi_python_client_made.api.crm_systems import (
    crm_create,
    crm_delete,
    crm_get,
    crm_list,
    crm_update,
)
from openapi_python_client_made.api.dry_runs import crm_update_dry_run
from openapi_python_client_made.models import (
    CrmSystem,
    CrmSystemCreate,
    CrmSystemDeleteConfirmationRequired,
    CrmSystemDryRun,
    CrmSystemList,
    CrmSystemUpdate,
    DeletedCrmNum,
    Problem,
)

client = AuthenticatedClient(os.environ["SITE"], os.environ["KEY"])

before = crm_list.sync(client=client)
assert isinstance(before, CrmSystemList)
made = crm_create.sync(client=client, body=CrmSystemCreate(name="HubSpot"))
assert isinstance(made, CrmSystem)
number = made.crm_num
after = crm_list.sync(client=client)
assert isinstance(after, CrmSystemList)
assert len(after.crms) == len(before.crms) + 1

read = crm_get.sync_detailed(number, client=client)
new = CrmSystemUpdate(name="HubSpot EU")
tried = crm_update_dry_run.sync(number, client=client, body=new)
assert isinstance(tried, CrmSystemDryRun)
assert tried.data.name == "HubSpot EU"
assert tried.changes[0].fields["name"].before == "HubSpot"
still = crm_get.sync(number, client=client)
assert isinstance(still, CrmSystem)
assert still.name == "HubSpot"

changed = crm_update.sync(number, client=client, body=new, if_match=read.headers["ETag"])
assert isinstance(changed, CrmSystem)
assert changed.name == "HubSpot EU"

asked = crm_delete.sync(number, client=client)
assert isinstance(asked, CrmSystemDeleteConfirmationRequired)
assert asked.impact.name == "HubSpot EU"
assert asked.impact.team_member_ids_cleared == 0
assert isinstance(crm_delete.sync(number, client=client, confirm=True), DeletedCrmNum)

wrong = crm_create.sync(
    client=client, body=CrmSystemCreate(name="Zoho", url="https://crm.example:99999")
)
assert isinstance(wrong, Problem)
assert wrong.errors[0].pointer == "#/url"
