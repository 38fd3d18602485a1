/**
 * Long conversations: time to the first content chunk of a request with 1, 10, 50, 100 and 200 messages, the system
 * line counted, when no process knows them (a miss: our server replays them in their true roles), and of the next
 * turn after it (a hit: our server sends one message). Real CLI at two versions, stub upstream at 0 ms. Measured
 * beside it: the reference, which puts the whole history into one prompt every time, and the bare CLI, which is told
 * the same history in the same way and shows how much of a replay is waiting for the CLI's acknowledgements. The cost
 * of a replayed message is the slope between the shortest and the longest conversation.
 */
import { textAnswer } from "../../test/support/anthropic-stub.ts";
import { BareCli } from "./bare-cli.ts";
import { calm, calmNote } from "./calm.ts";
import { requestChat, type ChatMessage } from "./chat-request.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { healthOf, startOurs, turnsBy, waitUntilWarm, warm } from "./our-server.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { startReference } from "./reference.ts";
import { report } from "./report.ts";
import { oursTo, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { median, noSamples, rotated } from "./statistics.ts";

const roundsUsual = 5;
const settleMs = 2_500;
const betweenTurnsMs = 1_500;
const system = "Be terse.";
const answer = "Hello there";
const contestantNames = ["ours", "reference", "bare CLI"] as const;

interface TurnTimes {
  readonly miss: number;
  readonly hit: number;
}

interface BareTurnTimes extends TurnTimes {
  /** Of the time for `miss`: waiting for the acknowledgements of the history's user messages. */
  readonly acknowledgementsMs: number;
}

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const [shortest, ...longer] = options.isQuick ? [1, 10] as const : [1, 10, 50, 100, 200] as const;
const longest = longer.at(-1) ?? shortest;

await withScope(async (scope) => {
  const respond = () => textAnswer([answer]);
  const { measured, versions } = await measureCliVersions(scope, options, { respond }, measure);
  await report({
    name: "conversations",
    title: "Long conversations",
    method:
      "Real CLI, stub upstream at 0 ms; from opening the connection to the first content chunk. A miss replays the " +
      "history on a fresh process, a hit goes on with a living one.",
    rounds,
    versions,
    rows: measured.flatMap(({ rows }) => rows),
    notes: [...measured.flatMap(({ notes }) => notes), calmNote()],
  }, options);
});

/** `count` messages that begin with the system line and end with a question. A single one is the question alone. */
function conversation(count: number, round: number): ChatMessage[] {
  if (count === 1) return [{ role: "user", content: `Question ${round}` }];
  return Array.from({ length: count }, (_, index): ChatMessage => {
    if (index === 0) return { role: "system", content: system };
    if (index % 2 === 1) {
      const content = `Question ${index} of round ${round}: how does the story of the lighthouse go on?`;
      return { role: "user", content };
    }
    const scene = "the keeper climbs the stairs once more and looks out over the sea, where a light answers his.";
    return { role: "assistant", content: `Part ${index}: ${scene}` };
  });
}

async function measure(run: CliRun): Promise<{ rows: Row[]; notes: string[] }> {
  const { scope, version, build, reference, environment } = run;
  const ours = await startOurs(scope, build, { env: await environment(), args: ["--conversation-idle", "40"] });
  const other = await startReference(scope, reference, await environment());
  const bareEnvironment = await environment();
  const misses: Record<number, readonly number[]> = {};
  let acknowledgementsOfLongest: number[] = [];
  const rows: Row[] = [];
  for (const count of [shortest, ...longer]) {
    const [hit, miss] = [noSamples(contestantNames), noSamples(contestantNames)];
    const acknowledgements: number[] = [];
    const turns: Record<(typeof contestantNames)[number], (round: number) => Promise<TurnTimes>> = {
      ours: (round) => overHttp(ours.port, count, round),
      reference: (round) => overHttp(other.port, count, round),
      "bare CLI": async (round) => {
        const times = await withBareCli(run, bareEnvironment, count, round);
        if (round >= 0) acknowledgements.push(times.acknowledgementsMs);
        return times;
      },
    };
    // Only the first length has a round that is not measured: for all later ones every cache is filled.
    for (let round = count === shortest && !options.isQuick ? -1 : 0; round < rounds; round++) {
      for (const [name, turn] of rotated(Object.entries(turns), round + 1)) {
        await waitUntilWarm(ours.port, warm);
        if (name !== "bare CLI") await calm(settleMs, options);
        const times = await turn(round);
        if (round < 0) continue;
        miss[name]?.push(times.miss);
        hit[name]?.push(times.hit);
      }
    }
    process.stderr.write(`conversations ${version}: ${count} messages done\n`);
    misses[count] = miss["ours"] ?? [];
    acknowledgementsOfLongest = acknowledgements;
    const label = `${count} ${count === 1 ? "message" : "messages"}, CLI ${version}`;
    const comparisons = (samples: typeof miss) => [oursTo("reference", samples), oursTo("bare CLI", samples)];
    rows.push(
      row(`miss-${count}-${version}`, `Miss, ${label}`, "ms", miss, comparisons(miss)),
      row(`hit-${count}-${version}`, `Hit after ${label}`, "ms", hit, comparisons(hit)),
    );
  }
  const turns = turnsBy(await healthOf(ours.port));
  const replayMs = median(misses[longest] ?? []) - median(misses[shortest] ?? []);
  const notes = [
    `a replayed message costs ${(replayMs / (longest - shortest)).toFixed(1)} ms.`,
    acknowledgementsText(median(acknowledgementsOfLongest)),
    turnsText(turns),
  ];
  return { rows, notes: notes.map((note) => `CLI ${version}: ${note}`) };
}

function acknowledgementsText(waitMs: number): string {
  const count = Math.floor((longest - 1) / 2);
  return `told ${longest} messages by hand, waiting for the ${count} acknowledgements of user messages takes ` +
    `${waitMs.toFixed(0)} ms, ${(waitMs / count).toFixed(1)} ms each.`;
}

function turnsText(turns: Readonly<Record<string, number>>): string {
  const counts = Object.entries(turns).filter(([, times]) => times > 0).map(([why, times]) => `${why} ${times}`);
  return `turns as our server counts them: ${counts.join(", ")}.`;
}

async function overHttp(port: number, count: number, round: number): Promise<TurnTimes> {
  const messages = conversation(count, round);
  const miss = await requestChat(port, messages);
  await calm(betweenTurnsMs, options);
  const hit = await requestChat(port, [
    ...messages, { role: "assistant", content: answer }, { role: "user", content: "And then?" },
  ]);
  return { miss: miss.firstContentMs, hit: hit.firstContentMs };
}

async function withBareCli(
  { scope, claude }: CliRun, env: Readonly<Record<string, string>>, count: number, round: number,
): Promise<BareTurnTimes> {
  const cli = new BareCli(scope, claude, env);
  await calm(settleMs, options);
  const messages = conversation(count, round).filter(({ role }) => role !== "system");
  const start = performance.now();
  const waits = await cli.tellHistory(system, messages.slice(0, -1));
  const toldMs = performance.now() - start;
  const first = await cli.nextTurn(messages.at(-1)?.content ?? "");
  await calm(betweenTurnsMs, options);
  const next = await cli.nextTurn("And then?");
  await cli.end();
  const acknowledgementsMs = waits.reduce((sum, ms) => sum + ms, 0);
  return { miss: toldMs + first.firstContentMs, hit: next.firstContentMs, acknowledgementsMs };
}
