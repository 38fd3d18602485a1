import { type AbsentEndpoint, noBatches } from "../absent.ts";

/** Endpoints of Anthropic's API that the CLI gives no way to serve. */
export const absentEndpoints: readonly AbsentEndpoint[] = [
  {
    path: "/v1/messages/count_tokens", methods: ["POST"],
    words: "Tokens are not counted here before they are asked: use the usage that each answer tells.",
  },
  { path: "/v1/messages/batches", methods: ["POST", "GET"], words: noBatches },
];
