/**
 * Time from a tool's result to the next piece of the answer, as a raw HTTP client sees it: from before the connection
 * that carries the result is opened to the first content chunk. The CLI is the real one, at two versions; upstream is
 * a stub of the Messages API on loopback that calls the tool at once, and answers its result at once. The order of
 * the contestants turns from round to round:
 *   ours        our server with its defaults, compiled, on Node without tsx. The tool takes two seconds, during which
 *               the process waits. Conversations are released after 40 s, so that those of earlier rounds take no CPU
 *   reference   claude-max-api-proxy 1.0.0 as its README starts it. It drops tools, so its figure is the first
 *               content of a new conversation: it boots a process for every request
 *   bare CLI    the same launch driven directly over its pipes, the tool served there too: the floor for a user of
 *               the CLI
 *   upstream    the stub asked without any CLI for its answer to the result: the limit
 * Each contestant has the same environment and a home of its own. The first two rounds are not measured.
 */
import {
  type StubAnswer, type StubRequest, type StubRequestBody, textAnswer, textOf, toolUseAnswer,
} from "../../test/support/anthropic-stub.ts";
import { BareCli } from "./bare-cli.ts";
import { calm, calmNote } from "./calm.ts";
import { callMark, chatBody, chatContentMark, chatPath, requestChat } from "./chat-request.ts";
import { requestStream } from "./http-stream.ts";
import { requestMessages } from "./messages-request.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { healthOf, startOurs, turnsBy, waitUntilWarm, warm } from "./our-server.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { startReference } from "./reference.ts";
import { report } from "./report.ts";
import { difference, oursTo, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { noSamples, pairedDifference, rotated } from "./statistics.ts";

const roundsUsual = 7;
/** Time for a refill's boot and the end of the last conversation to be over. */
const settleMs = 3_000;
/** How long the client's tool works. */
const toolMs = 2_000;
const ratioMax = 0.06;
const system = "Be terse.";
const tool = {
  name: "look",
  description: "Looks.",
  inputSchema: { type: "object", properties: { at: { type: "string" } }, required: ["at"] },
};
const input = { at: "the weather" };
const result = "It rains.";

interface Contestant {
  readonly name: string;
  /** Gives the milliseconds to the content. */
  run(round: number): Promise<number>;
}

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const unmeasuredRounds = options.isQuick ? 0 : 2;

await withScope(async (scope) => {
  const { measured, versions } = await measureCliVersions(scope, options, { respond }, measure);
  await report({
    name: "tool-result",
    title: "Time from a tool's result to the next piece of the answer",
    method:
      "Real CLI, stub upstream at 0 ms; from opening the connection that carries the result to the first content " +
      "chunk. The reference serves no tools: its first content for a new conversation.",
    rounds,
    versions,
    rows: measured,
    notes: ["Overhead over the bare CLI is the median of the differences within each round.", calmNote()],
  }, options);
});

async function measure(run: CliRun): Promise<Row> {
  const { scope, version, stub, build, reference, environment } = run;
  const ours = await startOurs(scope, build, { env: await environment(), args: ["--conversation-idle", "40"] });
  const other = await startReference(scope, reference, await environment());
  const bareEnvironment = await environment();
  const upstreamPort = Number(new URL(stub.url).port);
  const contestants: Contestant[] = [
    { name: "ours", run: (round) => overHttp(ours.port, round) },
    { name: "reference", run: (round) => askReference(other.port, round) },
    { name: "bare CLI", run: (round) => withBareCli(run, bareEnvironment, round) },
    { name: "upstream", run: (round) => askUpstream(upstreamPort, round) },
  ];
  const times = noSamples(contestants.map(({ name }) => name));
  for (let round = -unmeasuredRounds; round < rounds; round++) {
    for (const { name, run: runTurn } of rotated(contestants, round + unmeasuredRounds)) {
      await waitUntilWarm(ours.port, warm);
      await calm(settleMs, options);
      const ms = await runTurn(round);
      if (round >= 0) times[name]?.push(ms);
    }
    process.stderr.write(`tool-result ${version}: ${round + 1} of ${rounds} rounds\n`);
  }
  const { ours: own = [], "bare CLI": bare = [] } = times;
  return row(`result-${version}`, `Content after a tool's result, CLI ${version}`, "ms", times, [
    oursTo("reference", times, ratioMax),
    difference("ours over the bare CLI", pairedDifference(own, bare)),
  ]);
}

function question(round: number): string {
  return `Question ${round}`;
}

/** Without the CLI's own words: the reference has many of them, and no list. */
function spokenIn({ messages }: StubRequestBody): StubRequestBody["messages"] {
  return messages.filter(({ role }) => role !== "system").map(({ role, content }) => ({
    role,
    content: typeof content === "string"
      ? content : content.filter(({ text }) => text?.startsWith("<system-reminder>") !== true),
  }));
}

/** Made of the question, so that a raw client knows it without reading the answer. */
function callId(asked: string): string {
  return `toolu_${asked.replaceAll(/\W/gu, "_")}`;
}

/** Upstream's answer: a call of the tool when the request offers it and holds no result yet, else text. */
function respond({ body }: StubRequest): StubAnswer {
  const messages = spokenIn(body);
  const hasResult = messages.some(({ content }) =>
    typeof content !== "string" && content.some(({ type }) => type === "tool_result"));
  const isOffered = body.tools?.some(({ name }) => name === tool.name) === true;
  if (!isOffered || hasResult) return textAnswer(["So it ", "rains."]);
  return toolUseAnswer([{ id: callId(textOf(messages[0]?.content)), name: tool.name, input }]);
}

async function overHttp(port: number, round: number): Promise<number> {
  const id = callId(question(round));
  const asked = [{ role: "system", content: system }, { role: "user", content: question(round) }];
  const { name, description, inputSchema } = tool;
  const tools = [{ type: "function", function: { name, description, parameters: inputSchema } }];
  const ask = async (contentMark: RegExp, messages: readonly object[]): Promise<number> => {
    const body = chatBody(messages, { tools });
    return (await requestStream({ port, path: chatPath, body, contentMark })).firstContentMs;
  };
  await ask(callMark, asked);
  await calm(toolMs, options);
  const before = turnsBy(await healthOf(port))["went_on"] ?? 0;
  const call = { id, type: "function", function: { name, arguments: JSON.stringify(input) } };
  const ms = await ask(chatContentMark, [
    ...asked,
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: id, content: result },
  ]);
  const hits = turnsBy(await healthOf(port))["went_on"];
  if (hits !== before + 1) throw new Error("the result did not go to the process that waited for it");
  return ms;
}

async function askReference(port: number, round: number): Promise<number> {
  const outcome = await requestChat(port, [
    { role: "system", content: system },
    { role: "user", content: question(round) },
  ]);
  return outcome.firstContentMs;
}

async function withBareCli(
  { scope, claude }: CliRun, env: Readonly<Record<string, string>>, round: number,
): Promise<number> {
  const cli = new BareCli(scope, claude, env);
  await calm(settleMs, options);
  const answer = await cli.turnWithCall(system, question(round), tool);
  await calm(toolMs, options);
  const { firstContentMs } = await answer(result);
  await cli.end();
  return firstContentMs;
}

async function askUpstream(port: number, round: number): Promise<number> {
  const id = callId(question(round));
  const messages = [
    { role: "user", content: question(round) },
    { role: "assistant", content: [{ type: "tool_use", id, name: tool.name, input }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: result }] },
  ];
  const tools = [{ name: tool.name, description: tool.description, input_schema: tool.inputSchema }];
  return (await requestMessages(port, { system, tools, messages })).firstContentMs;
}
