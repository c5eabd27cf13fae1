// Read by orval: a client with fetch, and schemas for zod, each operation under its tag.
const input = { target: "./made/openapi.json" };

module.exports = {
  client: {
    input,
    output: {
      mode: "tags",
      client: "fetch",
      target: "./made/orval",
      schemas: "./made/orval/models",
      override: {
        mutator: { path: "./orval_fetch.ts", name: "siteFetch" },
        fetch: { includeHttpResponseReturnType: false },
      },
    },
  },
  zod: { input, output: { mode: "tags", client: "zod", target: "./made/orval_zod" } },
};
