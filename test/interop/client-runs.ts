/** On which CLI and by which API each client is run. */
import { type ClaudeVersion, claudeVersions } from "../support/real-claude.ts";
import { sampleOf } from "../support/sample.ts";
import { apis, type Client, clients } from "./clients.ts";

const olderRuns = sampleOf({ what: "clients on the older CLI", small: 2, large: 2, whole: Object.keys(clients).length });
/** What differs between the CLIs is in test/real: on the older one a library and an agent are enough for CI. */
const onOlderFirst: readonly Client[] = [clients.openai7, clients.pi];
const all = [...new Set<Client>([...onOlderFirst, ...Object.values(clients)])];
const onOlder: ReadonlySet<Client> = new Set(all.slice(0, olderRuns));

export function versionsFor(client: Client): readonly ClaudeVersion[] {
  return onOlder.has(client) ? claudeVersions : claudeVersions.slice(0, 1);
}

/** The Responses API on the newest CLI is enough: test/real has it on each, and the libraries see no difference. */
export function apiRunsFor(client: Client): readonly (readonly [(typeof apis)[number], ClaudeVersion])[] {
  return apis.flatMap((api, index) => (
    versionsFor(client).slice(0, index === 0 ? undefined : 1).map((version) => [api, version] as const)
  ));
}
