import { type ClaudeVersion, claudeVersions } from "../support/real-claude.ts";
import { apis } from "./clients.ts";

/** By which API a library is run on which CLI. The Responses API on one is enough: test/real has it on each, and the libraries see no difference. */
export const apiRuns: readonly (readonly [(typeof apis)[number], ClaudeVersion])[] = apis.flatMap((api, index) => claudeVersions.slice(0, index === 0 ? undefined : 1).map((version) => [api, version] as const));
