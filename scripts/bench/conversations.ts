/**
 * Long conversations: time to the first content chunk of a request with 1, 10, 50, 100 and 200 messages (its system line
 * included) when no process knows them (a miss: ours replays them in their true roles), and of the next turn after it (a
 * hit: ours sends one message). Real CLI at two versions, stub upstream at 0 ms. Beside the reference, which puts the whole
 * history into one prompt every time, and beside the bare CLI that is told the same history by hand in the same way: it
 * shows how much of a replay is waiting for the CLI's acknowledgements. The per-message cost of a replay is the slope
 * between the shortest and the longest conversation.
 */
import { startAnthropicStub, textAnswer } from "../../test/support/anthropic-stub.ts";
import { claudePath, claudeVersions, type ClaudeVersion } from "../../test/support/real-claude.ts";
import { BareCli } from "./bare-cli.ts";
import { calm, calmNote } from "./calm.ts";
import { contestantEnvironment } from "./environment.ts";
import { requestChat, type ChatMessage } from "./http-stream.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, healthOf, startOurs, waitUntilWarm, type Build } from "./our-server.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { ratio, row, type Row } from "./result.ts";
import { type Scope, withScope } from "./scope.ts";
import { median, rotated } from "./statistics.ts";

const roundsUsual = 5;
const lengths = [1, 10, 50, 100, 200] as const;
const warm = 2;
const settleMs = 2_500;
const betweenTurnsMs = 1_500;
const system = "Be terse.";
const answer = "Hello there";

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);

await withScope(async (scope) => {
  const build = await buildOurs(scope);
  const reference = await installReference(scope, options.reference);
  const rows: Row[] = [];
  const notes: string[] = [];
  for (const version of claudeVersions) {
    const measured = await measure(scope, version, build, reference);
    rows.push(...measured.rows);
    notes.push(...measured.notes);
  }
  await report({
    name: "conversations",
    title: "Long conversations",
    method: "Real CLI, stub upstream at 0 ms; from opening the connection to the first content chunk. A miss replays the history on a fresh process, a hit goes on with a living one.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion, CLI: claudeVersions.join(" and ") },
    rows,
    notes: [...notes, calmNote()],
  }, options);
});

/** `count` messages that begin with the system line and end with a question; a single one is the question alone. */
function conversation(count: number, round: number): ChatMessage[] {
  if (count === 1) return [{ role: "user", content: `Question ${round}` }];
  return Array.from({ length: count }, (_, index): ChatMessage => {
    if (index === 0) return { role: "system", content: system };
    return index % 2 === 1
      ? { role: "user", content: `Question ${index} of round ${round}: how does the story of the lighthouse go on?` }
      : { role: "assistant", content: `Part ${index}: the keeper climbs the stairs once more and looks out over the sea, where a light answers his.` };
  });
}

async function measure(parent: Scope, version: ClaudeVersion, build: Build, reference: string): Promise<{ rows: Row[]; notes: string[] }> {
  return withScope(async (scope) => {
    const stub = await startAnthropicStub({ respond: () => textAnswer([answer]) });
    scope.defer(() => stub.close());
    const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: claudePath(version), upstreamUrl: stub.url });
    const ours = await startOurs(scope, build, { env: await environment(), args: ["--conversation-idle", "40"] });
    const other = await startReference(scope, reference, await environment());
    const handEnvironment = await environment();
    const misses: Record<string, number[]> = {};
    const waits: number[][] = [];
    const rows: Row[] = [];
    for (const count of lengths) {
      const hit: Record<string, number[]> = { ours: [], reference: [], "bare CLI": [] };
      const miss: Record<string, number[]> = { ours: [], reference: [], "bare CLI": [] };
      const acknowledgements: number[] = [];
      const turns = {
        ours: (round: number) => overHttp(ours.port, count, round),
        reference: (round: number) => overHttp(other.port, count, round),
        "bare CLI": async (round: number) => {
          const cli = new BareCli(scope, claudePath(version), handEnvironment, handEnvironment["TMPDIR"] ?? "/");
          await calm(settleMs);
          const messages = conversation(count, round).filter(({ role }) => role !== "system");
          const start = performance.now();
          const acks = await cli.tellHistory(system, messages.slice(0, -1));
          const told = performance.now() - start;
          const first = await cli.nextTurn(messages.at(-1)?.content ?? "");
          await calm(betweenTurnsMs);
          const next = await cli.nextTurn("And then?");
          await cli.end();
          if (round >= 0) acknowledgements.push(acks.reduce((sum, ms) => sum + ms, 0));
          return { miss: told + first.firstContentMs, hit: next.firstContentMs };
        },
      };
      // Only the first length has an unmeasured round: all later ones find every cache filled.
      for (let round = count === lengths[0] ? -1 : 0; round < rounds; round++) {
        for (const [name, turn] of rotated(Object.entries(turns), round + 1)) {
          await waitUntilWarm(ours.port, warm);
          if (name !== "bare CLI") await calm(settleMs);
          const times = await turn(round);
          if (round < 0) continue;
          miss[name]?.push(times.miss);
          hit[name]?.push(times.hit);
        }
      }
      process.stderr.write(`conversations ${version}: ${count} messages done\n`);
      misses[count] = miss["ours"] ?? [];
      waits.push(acknowledgements);
      const label = `${count} ${count === 1 ? "message" : "messages"}, CLI ${version}`;
      rows.push(
        row(`miss-${count}-${version}`, `Miss, ${label}`, "ms", miss, [ratio("ours to reference", miss["ours"] ?? [], miss["reference"] ?? []), ratio("ours to the bare CLI", miss["ours"] ?? [], miss["bare CLI"] ?? [])]),
        row(`hit-${count}-${version}`, `Hit after ${label}`, "ms", hit, [ratio("ours to reference", hit["ours"] ?? [], hit["reference"] ?? []), ratio("ours to the bare CLI", hit["ours"] ?? [], hit["bare CLI"] ?? [])]),
      );
    }
    const { reuse } = await healthOf(ours.port);
    const [shortest, longest] = [lengths[0], lengths.at(-1) ?? 0];
    const slope = (median(misses[longest] ?? []) - median(misses[shortest] ?? [])) / (longest - shortest);
    const acknowledged = Math.floor((longest - 1) / 2);
    return {
      rows,
      notes: [
        `CLI ${version}: a replayed message costs ${slope.toFixed(1)} ms.`,
        `CLI ${version}: told ${longest} messages by hand, waiting for the ${acknowledged} acknowledgements of user messages takes ${median(waits.at(-1) ?? []).toFixed(0)} ms, ${(median(waits.at(-1) ?? []) / acknowledged).toFixed(1)} ms each.`,
        `CLI ${version}: reuse as our server counts it: ${Object.entries(reuse).filter(([, times]) => times > 0).map(([why, times]) => `${why} ${times}`).join(", ")}.`,
      ],
    };
  }, parent);
}

async function overHttp(port: number, count: number, round: number): Promise<{ miss: number; hit: number }> {
  const messages = conversation(count, round);
  const miss = await requestChat(port, messages);
  await calm(betweenTurnsMs);
  const hit = await requestChat(port, [...messages, { role: "assistant", content: answer }, { role: "user", content: "And then?" }]);
  return { miss: miss.firstContentMs, hit: hit.firstContentMs };
}
