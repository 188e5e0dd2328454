// Paths are those of the folder of the run; the document is beside it.
export default {
  tenure: {
    input: "../openapi.json",
    output: { target: "client/api.ts", client: "fetch", mode: "tags-split" },
  },
};
