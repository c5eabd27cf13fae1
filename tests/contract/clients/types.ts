// What a client in TypeScript relies on, compiled strictly against the types that
// openapi-typescript makes of the API description.
import type { operations } from "./made/openapi_typescript";

type Answer<Name extends keyof operations, Status extends keyof operations[Name]["responses"]> =
  operations[Name]["responses"][Status] extends { content: infer Content }
    ? Content[keyof Content]
    : never;
type Body<Name extends keyof operations> = operations[Name] extends {
  requestBody: { content: { "application/json": infer Content } };
}
  ? Content
  : never;

const asked: Body<"crm_create"> = { name: "HubSpot" };
// @ts-expect-error a field is missing
const incomplete: Body<"crm_create"> = {};
// @ts-expect-error of the wrong type
const mistyped: Body<"crm_create"> = { name: 1 };

function label(system: Answer<"crm_get", 200>): string {
  return `${system.crm_num} ${system.name}`;
}
function secret(system: Answer<"crm_get", 200>): unknown {
  // @ts-expect-error secrets are write only
  return system.api_key;
}
function code(problem: Answer<"crm_get", 404>): string {
  return problem.code;
}

export { asked, code, incomplete, label, mistyped, secret };
