// A whole life with the client that orval makes (fetch), its answers checked by its zod schemas.
import { crmCreate, crmDelete, crmGet, crmList, crmUpdate } from "./made/orval/crm-systems";
import { crmUpdateDryRun } from "./made/orval/dry-runs";
import type { CrmSystemDeleteConfirmationRequired, Problem } from "./made/orval/models";
import { crmCreateBody, crmGetResponse } from "./made/orval_zod/crm-systems";
import { expect } from "./expect";
import { lastHeaders, Refused } from "./orval_fetch";

async function refusal<T>(call: Promise<unknown>): Promise<{ status: number; body: T }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Refused) return { status: error.status, body: error.body as T };
    throw error;
  }
  throw new Error("It was not refused.");
}

const before = (await crmList()).crms.length;
const { crm_num } = await crmCreate(crmCreateBody.parse({ name: "HubSpot" }));
expect((await crmList()).crms.length, before + 1, "how many");

expect(crmGetResponse.parse(await crmGet(crm_num)).name, "HubSpot", "read");
const ifMatch = lastHeaders.get("ETag") ?? "";
const tried = await crmUpdateDryRun(crm_num, { name: "HubSpot EU" });
expect(tried.data.name, "HubSpot EU", "what would be");
expect(tried.changes[0]?.fields.name?.before, "HubSpot", "what was");
expect((await crmGet(crm_num)).name, "HubSpot", "nothing stored");

const headers = { "If-Match": ifMatch };
const changed = await crmUpdate(crm_num, { name: "HubSpot EU" }, { headers });
expect(changed.name, "HubSpot EU", "name");

const asked = await refusal<CrmSystemDeleteConfirmationRequired>(crmDelete(crm_num));
expect(asked.status, 428, "status");
expect(asked.body.impact.name, "HubSpot EU", "impact");
expect(asked.body.impact.team_member_ids_cleared, 0, "impact");
expect((await crmDelete(crm_num, { confirm: true })).deleted, true, "deleted");

const wrong = await refusal<Problem>(crmCreate({ name: "Zoho", url: "https://crm.example:99999" }));
expect(wrong.body.errors[0]?.pointer, "#/url", "pointer");
