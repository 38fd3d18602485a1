/**
 * Conversations that do not simply go on: time to the first content chunk of an edit, of an answer asked for again, of
 * a branch ten turns back, of a client that takes its last note back each time, after a stopped answer, and of a step
 * whose tool result comes together with text; each beside an ordinary next turn of the same run. And how many processes
 * were started for it, counted by a script that stands for `claude`, until the server rests again. Real CLI at two
 * versions, stub upstream at 0 ms. The order turns from branch to branch and from round to round:
 *   ours        our server with its defaults, compiled, on Node without tsx, started anew for each branch
 *   reference   claude-max-api-proxy 1.0.0 as its README starts it, started anew too. It puts the whole history into
 *               one prompt every time and boots a process for it. It drops tools
 * The conversation is led to the server turn by turn before anything is measured. What no process can have in the form
 * in which it comes (a prompt without its note, half an answer) must be told anew: how long the bare CLI takes for an
 * exchange is measured beside it. Linux only.
 */
import { BareCli } from "./bare-cli.ts";
import { type Branch, branches, conversationOf, respond } from "./branches.ts";
import { calm, calmNote } from "./calm.ts";
import { chatBody, chatContentMark, chatPath, requestChat } from "./chat-request.ts";
import { countedServers, type CountedServer } from "./fresh-servers.ts";
import { requestStream } from "./http-stream.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { report } from "./report.ts";
import { difference, oursTo, ratio, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { type GrowingSamples, median, noSamples, rotated } from "./statistics.ts";
import { requireProc, untilQuiet } from "./tree-usage.ts";

const roundsUsual = 3;
const ratioMax = 1.3;
const toldByHand = 4;
const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);
/** Before each measured request. */
const pauseMs = options.isQuick ? 100 : 700;
const repeats = options.isQuick ? { notes: 1, stops: 2, steps: 2 } : { notes: 5, stops: 8, steps: 10 };

interface BranchSamples {
  readonly branch: Branch;
  readonly ms: GrowingSamples;
  readonly starts: GrowingSamples;
}

requireProc();
await withScope(async (scope) => {
  const { measured, versions } = await measureCliVersions(scope, options, { respond }, measure);
  await report({
    name: "branching",
    title: "Conversations that do not simply go on",
    method:
      "Real CLI, stub upstream at 0 ms; from opening the connection to the first content chunk, and the processes " +
      "started until the server rests. The reference boots one for each request, and drops tools.",
    rounds,
    versions,
    rows: measured.flatMap(({ rows }) => rows),
    notes: [...measured.map(({ note }) => note), calmNote()],
  }, options);
});

async function measure(run: CliRun): Promise<{ rows: Row[]; note: string }> {
  const { scope, version, stub, claude } = run;
  const servers = await countedServers(run);
  const names = servers.map(({ name }) => name);
  const next = noSamples(names);
  const samples = branches(repeats).map((branch): BranchSamples =>
    ({ branch, ms: noSamples(names), starts: noSamples(names) }));
  const bareEnvironment = await run.environment();
  const acknowledgements: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [index, { branch, ms, starts }] of samples.entries()) {
      for (const server of rotated(servers, index + round)) {
        const taken = await takeBranch(run, server, branch);
        next[server.name]?.push(taken.nextMs);
        ms[server.name]?.push(...taken.branchMs);
        starts[server.name]?.push(taken.starts);
      }
    }
    acknowledgements.push(...await withScope(async (inner) => {
      const cli = new BareCli(inner, claude, bareEnvironment);
      await untilQuiet(cli.pid, options);
      const [system, ...told] = conversationOf(toldByHand);
      const waits = await cli.tellHistory(system?.content ?? "", told);
      // The first one of a process waits for its boot's end too.
      return waits.slice(1);
    }, scope));
    process.stderr.write(`branching ${version}: ${round + 1} of ${rounds} rounds\n`);
  }
  if (stub.refusals.length > 0) throw new Error(`the stub refused a request: ${stub.refusals[0]?.message}`);
  const toldMs = median(acknowledgements);
  const nextRow = row(`next-${version}`, `Ordinary next turn, CLI ${version}`, "ms", next, [oursTo("reference", next)]);
  return {
    rows: [nextRow, ...samples.flatMap((each) => branchRows(version, each, next, toldMs))],
    note: `CLI ${version}: the bare CLI takes ${toldMs.toFixed(1)} ms to be told an exchange; where that is needed, ` +
      "the ratio is to an ordinary next turn and that.",
  };
}

interface TakenBranch {
  readonly nextMs: number;
  readonly branchMs: readonly number[];
  /** Processes started, from before the branch until the server rests. */
  readonly starts: number;
}

function takeBranch({ scope }: CliRun, server: CountedServer, branch: Branch): Promise<TakenBranch> {
  return withScope(async (inner) => {
    const { pid, port } = await server.start(inner, options);
    const ask = async (messages: readonly object[], { leaves = false } = {}): Promise<number> => {
      await calm(pauseMs, options);
      if (!leaves) return (await requestChat(port, messages, branch.fields)).firstContentMs;
      const body = chatBody(messages, branch.fields);
      return (await requestStream({ port, path: chatPath, body, contentMark: chatContentMark, leaves })).firstContentMs;
    };
    const conversation = conversationOf(branch.exchanges);
    // Without its answer.
    const lastQuestion = conversation.length - 1;
    // The reference keeps nothing of it.
    if (server.name === "ours") {
      for (let end = 2; end < lastQuestion; end += 2) {
        await requestChat(port, conversation.slice(0, end), branch.fields);
      }
      await untilQuiet(pid, options);
    }
    const nextMs = await ask(conversation.slice(0, lastQuestion));
    await untilQuiet(pid, options);
    const before = server.processStarts();
    const branchMs = await branch.run(conversation, ask);
    await untilQuiet(pid, options);
    return { nextMs, branchMs, starts: server.processStarts() - before };
  }, scope);
}

function branchRows(
  version: string, { branch, ms, starts }: BranchSamples, next: GrowingSamples, toldMs: number,
): Row[] {
  const { id, label, toldExchanges } = branch;
  const ordinary = (next["ours"] ?? []).map((each) => each + toldExchanges * toldMs);
  const what = toldExchanges === 0 ? "ours to an ordinary next turn" : "ours to an ordinary next turn and the telling";
  const most = Math.max(...starts["ours"] ?? []);
  return [
    row(`${id}-${version}`, `First content, ${label}, CLI ${version}`, "ms", ms, [
      ratio(what, ms["ours"] ?? [], ordinary, ratioMax),
      oursTo("reference", ms),
    ]),
    row(`${id}-starts-${version}`, `Processes started, ${label}, CLI ${version}`, "count", starts, [
      difference("ours, the most", most, 0),
    ]),
  ];
}
