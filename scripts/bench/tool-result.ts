/**
 * Time from a tool's result to the next piece of the answer, as a raw HTTP client sees it: from before the connection that
 * carries the result is opened to the first content chunk. The CLI is the real one, at two versions; upstream is a stub of
 * the Messages API on loopback that calls the tool at once, and answers its result at once. The order of the contestants
 * turns from round to round:
 *   ours        with its defaults, compiled, on plain Node; the process waits for the result for two seconds, as for a tool
 *               that works. Conversations are let go after 40 s, so that those of earlier rounds take no CPU from anyone
 *   reference   claude-max-api-proxy 1.0.0 as its README starts it. It drops tools, so what stands here is its first content
 *               for a new conversation: it boots a process for whatever is asked
 *   bare CLI    the same launch driven by hand over its pipes, the tool served by hand too: the floor for who uses the CLI
 *   upstream    the stub asked for its answer to the result without any CLI: the limit
 * All have the same environment and a home of their own, and two unmeasured rounds first.
 */
import { conversationOf, startAnthropicStub, type StubAnswer, type StubRequest, textAnswer, textOf, toolUseAnswer } from "../../test/support/anthropic-stub.ts";
import { claudePath, claudeVersions, type ClaudeVersion } from "../../test/support/real-claude.ts";
import { BareCli } from "./bare-cli.ts";
import { calm, calmNote } from "./calm.ts";
import { contestantEnvironment } from "./environment.ts";
import { callMark, chatContentMark, messagesContentMark, requestChat, requestStream } from "./http-stream.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, healthOf, startOurs, waitUntilWarm, type Build } from "./our-server.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { difference, ratio, row, type Row } from "./result.ts";
import { type Scope, withScope } from "./scope.ts";
import { pairedDifference, rotated } from "./statistics.ts";

const roundsUsual = 7;
const unmeasuredRounds = 2;
const warm = 2;
/** After the pool has started what it lacks, a boot's CPU and the end of the last conversation must be over. */
const settleMs = 3_000;
/** How long the client's tool works. */
const toolMs = 2_000;
const ratioMax = 0.06;
const system = "Be terse.";
const tool = { name: "look", description: "Looks.", inputSchema: { type: "object", properties: { at: { type: "string" } }, required: ["at"] } };
const input = { at: "the weather" };
const result = "It rains.";

interface Contestant {
  readonly name: string;
  /** Milliseconds to the content. */
  run(round: number): Promise<number>;
}

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);

await withScope(async (scope) => {
  const build = await buildOurs(scope);
  const reference = await installReference(scope, options.reference);
  const rows: Row[] = [];
  for (const version of claudeVersions) rows.push(await measure(scope, version, build, reference));
  await report({
    name: "tool-result",
    title: "Time from a tool's result to the next piece of the answer",
    method: "Real CLI, stub upstream at 0 ms; from opening the connection that carries the result to the first content chunk. The reference serves no tools: its first content for a new conversation.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion, CLI: claudeVersions.join(" and ") },
    rows,
    notes: ["Overhead over the bare CLI is the median of the differences within each round.", calmNote()],
  }, options);
});

async function measure(parent: Scope, version: ClaudeVersion, build: Build, reference: string): Promise<Row> {
  return withScope(async (scope) => {
    const stub = await startAnthropicStub({ respond });
    scope.defer(() => stub.close());
    const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: claudePath(version), upstreamUrl: stub.url });
    const ours = await startOurs(scope, build, { env: await environment(), args: ["--conversation-idle", "40"] });
    const other = await startReference(scope, reference, await environment());
    const handEnvironment = await environment();
    const upstreamPort = Number(new URL(stub.url).port);
    const contestants: Contestant[] = [
      { name: "ours", run: (round) => overHttp(ours.port, round) },
      { name: "reference", run: async (round) => (await requestChat(other.port, [{ role: "system", content: system }, { role: "user", content: question(round) }])).firstContentMs },
      { name: "bare CLI", run: (round) => byHand(scope, claudePath(version), handEnvironment, round) },
      { name: "upstream", run: (round) => askUpstream(upstreamPort, round) },
    ];
    const times: Record<string, number[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
    for (let round = -unmeasuredRounds; round < rounds; round++) {
      for (const { name, run } of rotated(contestants, round + unmeasuredRounds)) {
        await waitUntilWarm(ours.port, warm);
        await calm(settleMs);
        const ms = await run(round);
        if (round >= 0) times[name]?.push(ms);
      }
      process.stderr.write(`tool-result ${version}: ${round + 1} of ${rounds} rounds\n`);
    }
    const { ours: own = [], reference: others = [], "bare CLI": bare = [] } = times;
    return row(`result-${version}`, `Content after a tool's result, CLI ${version}`, "ms", times, [
      ratio("ours to reference", own, others, ratioMax),
      difference("ours over the bare CLI", pairedDifference(own, bare)),
    ]);
  }, parent);
}

function question(round: number): string {
  return `Question ${round}`;
}

/** Made of the question, so that a raw client knows it without reading the answer. */
function callId(asked: string): string {
  return `toolu_${asked.replaceAll(/\W/gu, "_")}`;
}

/** Calls the tool where it is offered and has not answered yet. */
function respond({ body }: StubRequest): StubAnswer {
  const messages = conversationOf(body);
  const hasResult = messages.some(({ content }) => typeof content !== "string" && content.some(({ type }) => type === "tool_result"));
  const isOffered = body.tools?.some(({ name }) => name === tool.name) === true;
  return isOffered && !hasResult ? toolUseAnswer([{ id: callId(textOf(messages[0]?.content)), name: tool.name, input }]) : textAnswer(["So it ", "rains."]);
}

async function overHttp(port: number, round: number): Promise<number> {
  const id = callId(question(round));
  const messages = [{ role: "system", content: system }, { role: "user", content: question(round) }];
  const tools = [{ type: "function", function: { name: tool.name, description: tool.description, parameters: tool.inputSchema } }];
  const ask = async (contentMark: RegExp, more: readonly object[] = []): Promise<number> => {
    const body = JSON.stringify({ model: "sonnet", stream: true, tools, messages: [...messages, ...more] });
    return (await requestStream({ port, path: "/v1/chat/completions", body, contentMark })).firstContentMs;
  };
  await ask(callMark);
  await calm(toolMs);
  const before = (await healthOf(port)).reuse["hit"] ?? 0;
  const call = { role: "assistant", content: null, tool_calls: [{ id, type: "function", function: { name: tool.name, arguments: JSON.stringify(input) } }] };
  const ms = await ask(chatContentMark, [call, { role: "tool", tool_call_id: id, content: result }]);
  if ((await healthOf(port)).reuse["hit"] !== before + 1) throw new Error("the result did not go to the process that waited for it");
  return ms;
}

async function byHand(scope: Scope, claude: string, env: Readonly<Record<string, string>>, round: number): Promise<number> {
  const cli = new BareCli(scope, claude, env, env["TMPDIR"] ?? "/");
  await calm(settleMs);
  const answer = await cli.turnWithCall(system, question(round), tool);
  await calm(toolMs);
  const { firstContentMs } = await answer(result);
  await cli.end();
  return firstContentMs;
}

async function askUpstream(port: number, round: number): Promise<number> {
  const id = callId(question(round));
  const messages = [
    { role: "user", content: question(round) }, { role: "assistant", content: [{ type: "tool_use", id, name: tool.name, input }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: result }] },
  ];
  const tools = [{ name: tool.name, description: tool.description, input_schema: tool.inputSchema }];
  const body = JSON.stringify({ model: "claude-sonnet-4-5", max_tokens: 100, stream: true, system, tools, messages });
  const headers = { "anthropic-version": "2023-06-01", "x-api-key": "made-up" };
  return (await requestStream({ port, path: "/v1/messages", body, headers, contentMark: messagesContentMark })).firstContentMs;
}
