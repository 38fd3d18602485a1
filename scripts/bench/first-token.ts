/**
 * Time to the first piece of an answer, as a raw HTTP client sees it: from before its connection is opened to the first
 * content chunk. The CLI is the real one, at two versions; upstream is a stub of the Messages API on loopback that answers
 * at once, so what is left is what stands between. In every round each contestant has a new conversation and then its next
 * turn, and the order turns from round to round:
 *   ours        with its defaults, compiled, on plain Node, once with a system prompt that it has never seen and once, as a
 *               server of its own, with the one that all its conversations have; the pool has refilled before every
 *               contestant's turn, not only before ours. Conversations are let go after 40 s, so that those of earlier
 *               rounds take no CPU from anyone
 *   reference   claude-max-api-proxy 1.0.0 as its README starts it; it has no next turn, so that one sends the whole history
 *   bare CLI    the same launch driven by hand over its pipes, booted well before it is asked: the floor for who uses the CLI
 *   upstream    the stub asked without any CLI: the limit
 * All have the same environment and a home of their own, and two unmeasured rounds first.
 */
import { startAnthropicStub, textAnswer } from "../../test/support/anthropic-stub.ts";
import { claudePath, claudeVersions, type ClaudeVersion } from "../../test/support/real-claude.ts";
import { BareCli } from "./bare-cli.ts";
import { calm, calmNote } from "./calm.ts";
import { contestantEnvironment } from "./environment.ts";
import { messagesContentMark, requestChat, requestStream, type ChatMessage } from "./http-stream.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, waitUntilWarm, type Build } from "./our-server.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { difference, ratio, row, type Row } from "./result.ts";
import { type Scope, withScope } from "./scope.ts";
import { pairedDifference, rotated } from "./statistics.ts";

const roundsUsual = 7;
const unmeasuredRounds = 2;
const warm = 2;
/** After the pool has started what it lacks, a boot's CPU and the end of the last conversation must be over; also the age of the bare CLI when it is asked. */
const settleMs = 3_000;
/** Between a conversation's two turns: a person reads, and an answer of more than two words takes this long. */
const betweenTurnsMs = 2_000;
const system = "Be terse.";
const answer = ["Hello", " there"];

const targets = { first: 0.2, next: 0.06, firstOverheadMs: 15, nextOverheadMs: 5 };

interface Contestant {
  readonly name: string;
  run(round: number): Promise<{ readonly first: number; readonly next: number | undefined }>;
}

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);

await withScope(async (scope) => {
  const build = await buildOurs(scope);
  const reference = await installReference(scope, options.reference);
  const rows: Row[] = [];
  for (const version of claudeVersions) rows.push(...await measure(scope, version, build, reference));
  await report({
    name: "first-token",
    title: "Time to the first piece of an answer",
    method: "Real CLI, stub upstream at 0 ms; from opening the connection to the first content chunk. The reference has no next turn: it sends the whole history again.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion, CLI: claudeVersions.join(" and ") },
    rows,
    notes: ["A system prompt is known when the conversations before began with it too: a process has rehearsed it by then.", "Overhead over the bare CLI is the median of the differences within each round.", calmNote()],
  }, options);
});

async function measure(parent: Scope, version: ClaudeVersion, build: Build, reference: string): Promise<Row[]> {
  return withScope(async (scope) => {
    const stub = await startAnthropicStub({ respond: () => textAnswer(answer) });
    scope.defer(() => stub.close());
    const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: claudePath(version), upstreamUrl: stub.url });
    const start = async () => startOurs(scope, build, { env: await environment(), args: ["--conversation-idle", "40"] });
    const [ours, known] = [await start(), await start()];
    const other = await startReference(scope, reference, await environment());
    const handEnvironment = await environment();
    const upstreamPort = Number(new URL(stub.url).port);
    const contestants: Contestant[] = [
      { name: "ours", run: (round) => overHttp(ours.port, `${system} This is visit ${round}.`, round) },
      { name: "ours, known prompt", run: (round) => overHttp(known.port, system, round) },
      { name: "reference", run: (round) => overHttp(other.port, system, round) },
      { name: "bare CLI", run: (round) => byHand(scope, claudePath(version), handEnvironment, round) },
      { name: "upstream", run: async () => ({ first: await askUpstream(upstreamPort), next: undefined }) },
    ];
    const first = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
    const next = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
    // Rounds below 0 are not measured: they fill caches that a second start has and a first does not, and make a prompt known.
    for (let round = -unmeasuredRounds; round < rounds; round++) {
      for (const { name, run } of rotated(contestants, round + unmeasuredRounds)) {
        await Promise.all([ours, known].map(({ port }) => waitUntilWarm(port, warm)));
        if (name !== "bare CLI") await calm(settleMs);
        const times = await run(round);
        if (round < 0) continue;
        first.get(name)?.push(times.first);
        if (times.next !== undefined) next.get(name)?.push(times.next);
      }
      process.stderr.write(`first-token ${version}: ${round + 1} of ${rounds} rounds\n`);
    }
    return [
      compare(`new-${version}`, `New conversation, CLI ${version}`, first, "ours", targets.first, targets.firstOverheadMs),
      compare(`again-${version}`, `New conversation with a known system prompt, CLI ${version}`, first, "ours, known prompt", targets.first, targets.firstOverheadMs),
      compare(`next-${version}`, `Next turn, CLI ${version}`, next, "ours", targets.next, targets.nextOverheadMs),
    ];
  }, parent);
}

/** A row of one of our two sides beside all that are not ours. */
function compare(id: string, label: string, times: ReadonlyMap<string, readonly number[]>, own: string, ratioMax: number, overheadMsMax: number): Row {
  const ours = times.get(own) ?? [];
  const others = [...times].filter(([name, values]) => !name.startsWith("ours") && values.length > 0);
  const { reference = [], "bare CLI": bare = [] } = Object.fromEntries(others);
  return row(id, label, "ms", { ours, ...Object.fromEntries(others) }, [
    ratio("ours to reference", ours, reference, ratioMax),
    difference("ours over the bare CLI", pairedDifference(ours, bare), overheadMsMax),
    difference("reference over the bare CLI", pairedDifference(reference, bare)),
  ]);
}

async function overHttp(port: number, prompt: string, round: number): Promise<{ first: number; next: number }> {
  const conversation: ChatMessage[] = [{ role: "system", content: prompt }, { role: "user", content: `Question ${round}` }];
  const first = await requestChat(port, conversation);
  await calm(betweenTurnsMs);
  const next = await requestChat(port, [...conversation, { role: "assistant", content: answer.join("") }, { role: "user", content: "And then?" }]);
  return { first: first.firstContentMs, next: next.firstContentMs };
}

async function byHand(scope: Scope, claude: string, env: Readonly<Record<string, string>>, round: number): Promise<{ first: number; next: number }> {
  const cli = new BareCli(scope, claude, env, env["TMPDIR"] ?? "/");
  await calm(settleMs);
  const first = await cli.firstTurn(system, `Question ${round}`);
  await calm(betweenTurnsMs);
  const next = await cli.nextTurn("And then?");
  await cli.end();
  return { first: first.firstContentMs, next: next.firstContentMs };
}

async function askUpstream(port: number): Promise<number> {
  const body = JSON.stringify({ model: "claude-sonnet-4-5", max_tokens: 100, stream: true, system, messages: [{ role: "user", content: "Question" }] });
  const headers = { "anthropic-version": "2023-06-01", "x-api-key": "made-up" };
  return (await requestStream({ port, path: "/v1/messages", body, headers, contentMark: messagesContentMark })).firstContentMs;
}
