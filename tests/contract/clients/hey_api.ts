// A whole life with the client that hey-api makes.
import {
  crmCreate,
  crmDelete,
  crmGet,
  crmList,
  crmUpdate,
  crmUpdateDryRun,
  type CrmDeleteErrors,
} from "./made/hey_api";
import { client } from "./made/hey_api/client.gen";
import { expect, key, site } from "./expect";

client.setConfig({ baseUrl: site, headers: { "X-API-Key": key } });

const before = await crmList();
const made = await crmCreate({ body: { name: "HubSpot" } });
if (!made.data) throw new Error(made.error.detail);
const path = { crm_num: made.data.crm_num };
expect((await crmList()).data?.crms.length, (before.data?.crms.length ?? 0) + 1, "how many");

const read = await crmGet({ path });
const ifMatch = read.response?.headers.get("ETag") ?? "";
const tried = await crmUpdateDryRun({ path, body: { name: "HubSpot EU" } });
expect(tried.data?.data.name, "HubSpot EU", "what would be");
expect(tried.data?.changes[0]?.fields.name?.before, "HubSpot", "what was");
expect((await crmGet({ path })).data?.name, "HubSpot", "nothing stored");

const changed = await crmUpdate({
  path,
  headers: { "If-Match": ifMatch },
  body: { name: "HubSpot EU" },
});
expect(changed.data?.name, "HubSpot EU", "name");

const asked = await crmDelete({ path });
expect(asked.response?.status, 428, "status");
const { impact } = asked.error as CrmDeleteErrors[428];
expect(impact.name, "HubSpot EU", "impact");
expect(impact.team_member_ids_cleared, 0, "impact");
expect((await crmDelete({ path, query: { confirm: true } })).data?.deleted, true, "deleted");

const wrong = await crmCreate({ body: { name: "Zoho", url: "https://crm.example:99999" } });
expect(wrong.error?.errors[0]?.pointer, "#/url", "pointer");
