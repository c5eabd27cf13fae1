// Whether the library of Standard Webhooks for JavaScript, and the n8n workflow that the docs offer,
// accept what a real site has sent. Run by `python -m tests.contract.verifying`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { Webhook } from "standardwebhooks";

interface Delivery {
  headers: Record<string, string>;
  body: string;
  secrets: string[];
  others: string[];
}

const [deliveries, workflow] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const code: string = workflow.nodes.find((node: any) => node.name === "Verify the signature").parameters.jsCode;
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

function withLibrary(secret: string, { headers, body }: Delivery): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

async function withN8n(secret: string, { headers, body }: Delivery): Promise<boolean> {
  const input = { first: () => ({ json: { headers } }) };
  const helpers = { getBinaryDataBuffer: async () => Buffer.from(body) };
  const run = new AsyncFunction("$input", "$env", "require", code);
  const env = { SYTEOPS_WEBHOOK_SECRET: secret };
  const [item] = await run.call({ helpers }, input, env, createRequire(import.meta.url));
  return item.json.verified;
}

async function expect(wanted: boolean, secret: string, delivery: Delivery): Promise<void> {
  const got = [withLibrary(secret, delivery), await withN8n(secret, delivery)];
  if (got.some((one) => one !== wanted)) {
    throw new Error(`${delivery.headers["webhook-id"]}: ${got} and not ${wanted}`);
  }
}

for (const delivery of deliveries as Delivery[]) {
  for (const secret of delivery.secrets) {
    await expect(true, secret, delivery);
    await expect(false, secret, { ...delivery, body: `${delivery.body} ` });
  }
  for (const other of delivery.others) {
    await expect(false, other, delivery);
  }
}
