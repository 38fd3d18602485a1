/**
 * Time to the first piece of an answer, as a raw HTTP client sees it: from before its connection is opened to the
 * first content chunk. The CLI is the real one, at two versions; upstream is a stub of the Messages API on loopback
 * that answers at once, so the time is spent between client and stub. In every round each contestant has a new
 * conversation and then its next turn, and the order turns from round to round:
 *   ours        our server with its defaults, compiled, on Node without tsx: once with a system prompt that is new in
 *               every conversation, and once, as a second server, with the same prompt in all of them. Conversations
 *               are released after 40 s, so that those of earlier rounds take no CPU
 *   before      with `--before FOLDER`: our server of another commit's build, with the first kind of prompt
 *   reference   claude-max-api-proxy 1.0.0 as its README starts it. It keeps no process, so its next turn is a
 *               request with the whole history
 *   bare CLI    the same launch driven directly over its pipes, booted well before it is asked: the floor for a user
 *               of the CLI
 *   upstream    the stub asked without any CLI: the limit
 * Both pools are full before every contestant's turn, not only before ours. Each contestant has the same environment
 * and a home of its own. The first two rounds are not measured.
 */
import { textAnswer } from "../../test/support/anthropic-stub.ts";
import { claudeVersions } from "../../test/support/real-claude.ts";
import { BareCli } from "./bare-cli.ts";
import { calm, calmNote } from "./calm.ts";
import { requestChat, type ChatMessage } from "./chat-request.ts";
import { requestMessages } from "./messages-request.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, waitUntilWarm, warm } from "./our-server.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { startReference } from "./reference.ts";
import { report } from "./report.ts";
import { difference, oursTo, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { noSamples, pairedDifference, rotated, type Samples } from "./statistics.ts";

const roundsUsual = 7;
/** Time for a refill's boot and the last conversation's end to be over. Also the bare CLI's age when it is asked. */
const settleMs = 3_000;
/** Between a conversation's two turns, for a person to read and for a usual answer to be written. */
const betweenTurnsMs = 2_000;
const system = "Be terse.";
const answer = ["Hello", " there"];

interface Targets {
  readonly ratio: number;
  readonly overheadMs: number;
}

const firstTargets: Targets = { ratio: 0.2, overheadMs: 15 };
/** Where the process was told the prompt before; on the newest CLI, which can be emptied. */
const knownTargets: Targets = { ratio: 0.06, overheadMs: 4 };
const nextTargets: Targets = { ratio: 0.06, overheadMs: 5 };
const toBeforeTarget = 1.05;

interface TurnTimes {
  readonly first: number;
  readonly next: number | undefined;
}

interface Contestant {
  readonly name: string;
  run(round: number): Promise<TurnTimes>;
}

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const unmeasuredRounds = options.isQuick ? 0 : 2;

await withScope(async (scope) => {
  const respond = () => textAnswer(answer);
  const { measured, versions } = await measureCliVersions(scope, options, { respond }, measure);
  await report({
    name: "first-token",
    title: "Time to the first piece of an answer",
    method:
      "Real CLI, stub upstream at 0 ms; from opening the connection to the first content chunk. The reference has no " +
      "next turn: it sends the whole history again.",
    rounds,
    versions,
    rows: measured.flat(),
    notes: [
      "A system prompt is known when the conversations before began with it too: a process has rehearsed it by then.",
      "Overhead over the bare CLI is the median of the differences within each round.",
      calmNote(),
    ],
  }, options);
});

async function measure(run: CliRun): Promise<Row[]> {
  const { scope, version, stub, build, reference, environment } = run;
  const args = ["--conversation-idle", "40"];
  const startOne = async () => startOurs(scope, build, { env: await environment(), args });
  const [ours, known] = [await startOne(), await startOne()];
  const before = options.before === undefined ? []
    : [await startOurs(scope, await buildOurs(scope, { build: options.before }), { env: await environment(), args })];
  const other = await startReference(scope, reference, await environment());
  const bareEnvironment = await environment();
  const upstreamPort = Number(new URL(stub.url).port);
  const asNew = (port: number, round: number) => overHttp(port, `${system} This is visit ${round}.`, round);
  const contestants: Contestant[] = [
    { name: "ours", run: (round) => asNew(ours.port, round) },
    ...before.map(({ port }) => ({ name: "before", run: (round: number) => asNew(port, round) })),
    { name: "ours, known prompt", run: (round) => overHttp(known.port, system, round) },
    { name: "reference", run: (round) => overHttp(other.port, system, round) },
    { name: "bare CLI", run: (round) => withBareCli(run, bareEnvironment, round) },
    { name: "upstream", run: async () => ({ first: await askUpstream(upstreamPort), next: undefined }) },
  ];
  const names = contestants.map(({ name }) => name);
  const [first, next] = [noSamples(names), noSamples(names)];
  // Rounds below 0 are not measured: they fill caches that a first start finds empty, and make the prompt a known one.
  for (let round = -unmeasuredRounds; round < rounds; round++) {
    for (const { name, run: runTurns } of rotated(contestants, round + unmeasuredRounds)) {
      await Promise.all([ours, known, ...before].map(({ port }) => waitUntilWarm(port, warm)));
      if (name !== "bare CLI") await calm(settleMs, options);
      const times = await runTurns(round);
      if (round < 0) continue;
      first[name]?.push(times.first);
      if (times.next !== undefined) next[name]?.push(times.next);
    }
    process.stderr.write(`first-token ${version}: ${round + 1} of ${rounds} rounds\n`);
  }
  const labels = {
    new: `New conversation, CLI ${version}`,
    again: `New conversation with a known system prompt, CLI ${version}`,
    next: `Next turn, CLI ${version}`,
  };
  const again = version === claudeVersions[0] ? knownTargets : firstTargets;
  return [
    compare(`new-${version}`, labels.new, besideOthers("ours", first), firstTargets),
    compare(`again-${version}`, labels.again, besideOthers("ours, known prompt", { ...first, before: [] }), again),
    compare(`next-${version}`, labels.next, besideOthers("ours", next), nextTargets),
  ];
}

/** One of our two contestants, as `ours`, and all that are not ours and have samples. */
function besideOthers(own: string, samples: Samples): Samples {
  const others = Object.entries(samples).filter(([name, values]) => !name.startsWith("ours") && values.length > 0);
  return { ours: samples[own] ?? [], ...Object.fromEntries(others) };
}

function compare(id: string, label: string, samples: Samples, targets: Targets): Row {
  const { ours = [], reference = [], "bare CLI": bare = [] } = samples;
  return row(id, label, "ms", samples, [
    oursTo("reference", samples, targets.ratio),
    difference("ours over the bare CLI", pairedDifference(ours, bare), targets.overheadMs),
    difference("reference over the bare CLI", pairedDifference(reference, bare)),
    ...samples["before"] === undefined ? [] : [oursTo("before", samples, toBeforeTarget)],
  ]);
}

async function overHttp(port: number, prompt: string, round: number): Promise<TurnTimes> {
  const conversation: ChatMessage[] = [
    { role: "system", content: prompt },
    { role: "user", content: `Question ${round}` },
  ];
  const first = await requestChat(port, conversation);
  await calm(betweenTurnsMs, options);
  const next = await requestChat(port, [
    ...conversation, { role: "assistant", content: answer.join("") }, { role: "user", content: "And then?" },
  ]);
  return { first: first.firstContentMs, next: next.firstContentMs };
}

async function withBareCli(
  { scope, claude }: CliRun, env: Readonly<Record<string, string>>, round: number,
): Promise<TurnTimes> {
  const cli = new BareCli(scope, claude, env);
  await calm(settleMs, options);
  const first = await cli.firstTurn(system, `Question ${round}`);
  await calm(betweenTurnsMs, options);
  const next = await cli.nextTurn("And then?");
  await cli.end();
  return { first: first.firstContentMs, next: next.firstContentMs };
}

async function askUpstream(port: number): Promise<number> {
  const asked = { system, messages: [{ role: "user", content: "Question" }] };
  return (await requestMessages(port, asked)).firstContentMs;
}
