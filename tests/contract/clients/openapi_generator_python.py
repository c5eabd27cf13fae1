"""A whole life with the client that openapi-generator makes (python)."""

import os

from openapi_generator_python_made import (
    ApiClient,
    ApiException,
    Configuration,
    CrmSystemCreate,
    CRMSystemsApi,
    CrmSystemUpdate,
    DryRunsApi,
    Problem,
)

configuration = Configuration(host=os.environ["SITE"], api_key={"keyHeader": os.environ["KEY"]})
api = ApiClient(configuration)
systems, tries = CRMSystemsApi(api), DryRunsApi(api)


def refusal(call, *args, **kwargs):
    """The exception of a call that must be refused."""
    try:
        call(*args, **kwargs)
    except ApiException as error:
        return error
    raise AssertionError("It was not refused.")


before = systems.crm_list()
number = systems.crm_create(CrmSystemCreate(name="HubSpot")).crm_num
assert len(systems.crm_list().crms) == len(before.crms) + 1

read = systems.crm_get_with_http_info(number)
new = CrmSystemUpdate(name="HubSpot EU")
tried = tries.crm_update_dry_run(number, crm_system_update=new)
assert tried.data.name == "HubSpot EU"
assert tried.changes[0].fields["name"].before == "HubSpot"
assert systems.crm_get(number).name == "HubSpot"

changed = systems.crm_update(number, if_match=read.headers["etag"], crm_system_update=new)
assert changed.name == "HubSpot EU"

asked = refusal(systems.crm_delete, number)
assert asked.status == 428
assert asked.data.impact.name == "HubSpot EU"
assert asked.data.impact.team_member_ids_cleared == 0
assert systems.crm_delete(number, confirm=True).deleted is True

wrong = refusal(systems.crm_create, CrmSystemCreate(name="Zoho", url="https://crm.example:99999"))
assert isinstance(wrong.data, Problem)
assert wrong.data.errors[0].pointer == "#/url"
