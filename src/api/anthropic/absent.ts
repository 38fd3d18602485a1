import { type AbsentEndpoint, noBatches } from "../absent.ts";

/** What Anthropic's API has and the CLI has no way to. */
export const absentEndpoints: readonly AbsentEndpoint[] = [
  {
    path: "/v1/messages/count_tokens", methods: ["POST"],
    words: "Tokens are not counted here before they are asked: use the usage that each answer tells.",
  },
  { path: "/v1/messages/batches", methods: ["POST", "GET"], words: noBatches },
];
