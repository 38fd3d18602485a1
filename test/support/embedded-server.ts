/** The server inside the test's own process, on a port of its own. */
import type { TestContext } from "node:test";
import { type ClaudeMaxApi, type Config, createClaudeMaxApi, type Surroundings } from "../../src/index.ts";
import { cleanUp } from "./cleanup.ts";
import { fakeProgramPath } from "./fake-claude.ts";
import { failOnFaults } from "./faults.ts";
import { platformEnvironment } from "./real-claude.ts";

/** How long a CLI that says nothing of itself is waited for, in milliseconds. */
const discoveryMsMax = 5_000;

export interface EmbeddedServer {
  readonly url: string;
  readonly api: ClaudeMaxApi;
  readonly logLines: readonly string[];
}

/**
 * Listening, with the CLI looked for. No process is booted ahead, none outlives the test, a failure keeps its status
 * however slow the machine, and nothing is thrown that nobody catches.
 */
export async function startEmbedded(t: TestContext, overrides: Partial<Config> = {}, environment: Readonly<Record<string, string>> = {}, surroundings: Pick<Surroundings, "routes"> = {}): Promise<EmbeddedServer> {
  const logLines: string[] = [];
  failOnFaults(t);
  const api = createClaudeMaxApi(
    { port: 0, warm: 0, shutdownWaitSeconds: 0, headWaitSeconds: 600, logLevel: "debug", ...overrides },
    { environment: { ...platformEnvironment(), ...environment }, writeLog: (line) => logLines.push(line), ...surroundings },
  );
  const { url } = await api.listen();
  cleanUp(t, () => api.close());
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([api.discovered(), new Promise((resolve) => (timer = setTimeout(resolve, discoveryMsMax)))]);
  clearTimeout(timer);
  return { url, api, logLines };
}

/** The same in front of the made-up CLI of that name. */
export function startEmbeddedWith(t: TestContext, fake: string, overrides: Partial<Config> = {}): Promise<EmbeddedServer> {
  return startEmbedded(t, { claude: fakeProgramPath(fake), ...overrides });
}
