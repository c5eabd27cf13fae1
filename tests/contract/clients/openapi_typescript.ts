// A whole life with the types that openapi-typescript makes, and openapi-fetch.
import createClient from "openapi-fetch";
import { expect, key, site } from "./expect";
import type { paths } from "./made/openapi_typescript";

const client = createClient<paths>({ baseUrl: site, headers: { "X-API-Key": key } });
const all = "/api/manage/v1/crm-systems";
const one = "/api/manage/v1/crm-systems/{crm_num}";

const before = await client.GET(all);
const made = await client.POST(all, { body: { name: "HubSpot" } });
if (!made.data) throw new Error(made.error.detail);
const path = { crm_num: made.data.crm_num };
expect((await client.GET(all)).data?.crms.length, (before.data?.crms.length ?? 0) + 1, "how many");

const read = await client.GET(one, { params: { path } });
const ifMatch = read.response.headers.get("ETag") ?? "";
const tried = await client.PATCH("/api/manage/v1/dry-run/crm-systems/{crm_num}", {
  params: { path },
  body: { name: "HubSpot EU" },
});
expect(tried.data?.data.name, "HubSpot EU", "what would be");
expect(tried.data?.changes[0]?.fields.name?.before, "HubSpot", "what was");
expect((await client.GET(one, { params: { path } })).data?.name, "HubSpot", "nothing stored");

const changed = await client.PATCH(one, {
  params: { path, header: { "If-Match": ifMatch } },
  body: { name: "HubSpot EU" },
});
expect(changed.data?.name, "HubSpot EU", "name");

const asked = await client.DELETE(one, { params: { path } });
expect(asked.response.status, 428, "status");
if (!asked.error || !("impact" in asked.error)) throw new Error("No impact");
expect(asked.error.impact.name, "HubSpot EU", "impact");
expect(asked.error.impact.team_member_ids_cleared, 0, "impact");
const gone = await client.DELETE(one, { params: { path, query: { confirm: true } } });
expect(gone.data?.deleted, true, "deleted");

const wrong = await client.POST(all, { body: { name: "Zoho", url: "https://crm.example:99999" } });
expect(wrong.error?.errors[0]?.pointer, "#/url", "pointer");
