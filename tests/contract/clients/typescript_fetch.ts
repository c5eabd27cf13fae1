// A whole life with the client that openapi-generator makes (typescript-fetch).
import {
  Configuration,
  CrmSystemDeleteConfirmationRequiredFromJSON,
  CRMSystemsApi,
  DryRunsApi,
  ProblemFromJSON,
  ResponseError,
} from "./made/typescript_fetch";
import { expect, key, site } from "./expect";

const configuration = new Configuration({ basePath: site, headers: { "X-API-Key": key } });
const systems = new CRMSystemsApi(configuration);
const tries = new DryRunsApi(configuration);

async function refusal(call: Promise<unknown>): Promise<Response> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ResponseError) return error.response;
    throw error;
  }
  throw new Error("It was not refused.");
}

const before = (await systems.crmList()).crms.length;
const made = await systems.crmCreate({ crmSystemCreate: { name: "HubSpot" } });
expect((await systems.crmList()).crms.length, before + 1, "how many");

const read = await systems.crmGetRaw({ crmNum: made.crmNum });
const ifMatch = read.raw.headers.get("ETag") ?? "";
const tried = await tries.crmUpdateDryRun({
  crmNum: made.crmNum,
  crmSystemUpdate: { name: "HubSpot EU" },
});
expect(tried.data.name, "HubSpot EU", "what would be");
expect(tried.changes[0]?.fields.name?.before, "HubSpot", "what was");
expect((await systems.crmGet({ crmNum: made.crmNum })).name, "HubSpot", "nothing stored");

const changed = await systems.crmUpdate({
  crmNum: made.crmNum,
  ifMatch,
  crmSystemUpdate: { name: "HubSpot EU" },
});
expect(changed.name, "HubSpot EU", "name");

const asked = await refusal(systems.crmDelete({ crmNum: made.crmNum }));
expect(asked.status, 428, "status");
const { impact } = CrmSystemDeleteConfirmationRequiredFromJSON(await asked.json());
expect(impact.name, "HubSpot EU", "impact");
expect(impact.teamMemberIdsCleared, 0, "impact");
expect((await systems.crmDelete({ crmNum: made.crmNum, confirm: true })).deleted, true, "deleted");

const wrong = await refusal(systems.crmCreate({ crmSystemCreate: { name: "Zoho", url: "https://crm.example:99999" } }));
expect(ProblemFromJSON(await wrong.json()).errors[0]?.pointer, "#/url", "pointer");
