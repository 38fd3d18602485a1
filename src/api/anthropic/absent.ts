import { type AbsentEndpoint, noBatches } from "../absent.ts";

/** Endpoints of Anthropic's API that the CLI gives no way to serve. */
export const absentEndpoints: readonly AbsentEndpoint[] = [
  { path: "/v1/messages/batches", methods: ["POST", "GET"], words: noBatches },
];
