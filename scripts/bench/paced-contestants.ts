/** The servers that the benchmarks of paced streams compare. */
import { fileURLToPath } from "node:url";
import { chatBody, chatPath } from "./chat-request.ts";
import { startServer, type ServerProcess } from "./child-process.ts";
import { contestantEnvironment } from "./environment.ts";
import { postText } from "./http-stream.ts";
import type { BenchOptions } from "./options.ts";
import { buildOurs, startOurs, waitUntilWarm, warm, type Build } from "./our-server.ts";
import type { PacedPrograms, PacedServer } from "./paced-load.ts";
import { installReference, startReference } from "./reference.ts";
import type { Scope } from "./scope.ts";

export interface PacedContestant {
  readonly name: string;
  /** With an environment of its own; it is ended with the scope. */
  start(scope: Scope): Promise<PacedServer>;
}

/** The most that our server takes. */
const processesMax = "1000";
const pipeServer = fileURLToPath(new URL("./fakes/pipe-server.mjs", import.meta.url));

export function chatRequest(port: number, prompt: string): string {
  return postText({ port, path: chatPath, body: chatBody([{ role: "user", content: prompt }]) });
}

function responsesRequest(port: number, prompt: string): string {
  const body = JSON.stringify({ model: "sonnet", stream: true, input: prompt });
  return postText({ port, path: "/v1/responses", body });
}

/** Our server as all of these benchmarks start it, with its warm process. */
export async function startPacedOurs(
  scope: Scope, build: Build, fake: string, nodeArgs: readonly string[] = [],
): Promise<ServerProcess> {
  const env = await contestantEnvironment(scope, { claude: fake });
  const server = await startOurs(scope, build, { env, args: ["--max-processes", processesMax], nodeArgs });
  await waitUntilWarm(server.port, warm);
  return server;
}

/**
 *     ours             our server with its defaults but for --max-processes 1000, compiled, on Node without tsx; chat
 *     ours, responses  the same, asked at /v1/responses
 *     before           with --before: the same as ours, of another commit's build
 *     reference        claude-max-api-proxy 1.0.0 as its README starts it
 *     bare pipe        no more than `child.stdout.pipe(response)` in Node
 *     C relay          no more than read and send in C: the limit
 */
export async function pacedContestants(
  scope: Scope, build: Build, { fake, relay }: PacedPrograms, options: BenchOptions,
): Promise<PacedContestant[]> {
  const referenceFolder = await installReference(scope, options.reference);
  const environment = (inner: Scope): Promise<Record<string, string>> => contestantEnvironment(inner, { claude: fake });
  const plain = async (inner: Scope, command: string, args: readonly string[]): Promise<ServerProcess> =>
    startServer(inner, { command, args, cwd: build.folder, env: await environment(inner), ready: /:(\d+) / });
  const contestant = (
    name: string, start: (inner: Scope) => Promise<ServerProcess>, request = chatRequest,
  ): PacedContestant => ({ name, start: async (inner) => ({ server: await start(inner), request }) });

  const before = options.before === undefined ? undefined : await buildOurs(scope, { build: options.before });
  return [
    contestant("ours", (inner) => startPacedOurs(inner, build, fake)),
    contestant("ours, responses", (inner) => startPacedOurs(inner, build, fake), responsesRequest),
    ...before === undefined ? [] : [contestant("before", (inner) => startPacedOurs(inner, before, fake))],
    contestant("reference", async (inner) => startReference(inner, referenceFolder, await environment(inner))),
    contestant("bare pipe", (inner) => plain(inner, process.execPath, [pipeServer])),
    contestant("C relay", (inner) => plain(inner, relay, [])),
  ];
}
