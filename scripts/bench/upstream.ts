/**
 * What goes up to the model: the bytes of every POST that reaches the stub of the Messages API in one turn, from the
 * real CLI at two versions, for our server and for the reference with the same messages. "Tokens" are bytes / 4, a
 * rule of thumb. A turn counts until 300 ms after the end of its answer, to catch the CLI's side requests.
 *   hello          one system line and "Hello"
 *   five messages  the third question of a conversation that is new to both: our server replays it
 *   next turn      the second question after that "Hello": our server's process is still there,
 *                  the reference keeps none
 */
import { setTimeout as delay } from "node:timers/promises";
import { textAnswer, type AnthropicStub } from "../../test/support/anthropic-stub.ts";
import { requestChat, type ChatMessage } from "./chat-request.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { startOurs, waitUntilWarm, warm } from "./our-server.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { startReference } from "./reference.ts";
import { report } from "./report.ts";
import { oursTo, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { type GrowingSamples, median, noSamples } from "./statistics.ts";

const roundsUsual = 5;
const trailingMs = 300;
const bytesPerToken = 4;
const answer = "Hello there";
const system: ChatMessage = { role: "system", content: "Be terse." };
const hello: readonly ChatMessage[] = [system, { role: "user", content: "Hello" }];

interface Scenario {
  readonly id: string;
  readonly label: string;
  readonly messages: readonly ChatMessage[];
}

const scenarios: readonly Scenario[] = [
  { id: "hello", label: "“Hello”", messages: hello },
  {
    id: "next",
    label: "Next turn",
    messages: [...hello, { role: "assistant", content: answer }, { role: "user", content: "And then?" }],
  },
  {
    id: "five",
    label: "Five messages",
    messages: [
      system,
      { role: "user", content: "What is a monad?" },
      { role: "assistant", content: "A monoid in the category of endofunctors." },
      { role: "user", content: "Shorter, please." },
      { role: "assistant", content: "A pattern." },
      { role: "user", content: "Thanks. And a functor?" },
    ],
  },
];

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);

await withScope(async (scope) => {
  const respond = () => textAnswer([answer]);
  const { measured, versions } = await measureCliVersions(scope, options, { respond }, measure);
  const rows = measured.flat();
  await report({
    name: "upstream",
    title: "Bytes sent upstream a turn",
    method: "The bodies of all requests of one turn, as the stub of the Messages API receives them from the real CLI.",
    rounds,
    versions,
    rows,
    notes: ["Tokens are bytes / 4, a rule of thumb.", ...rows.map(tokensNote)],
  }, options);
});

async function measure({ scope, version, stub, build, reference, environment }: CliRun): Promise<Row[]> {
  const other = await startReference(scope, reference, await environment());
  const bytes: Readonly<Record<string, GrowingSamples>> =
    Object.fromEntries(scenarios.map(({ id }) => [id, noSamples(["ours", "reference"])]));
  for (let round = 0; round < rounds; round++) {
    await withScope(async (inner) => {
      // A new server each round: it does not know the conversation of five messages yet.
      const ours = await startOurs(inner, build, { env: await environment() });
      await waitUntilWarm(ours.port, warm);
      for (const { id, messages } of scenarios) {
        bytes[id]?.["ours"]?.push(await bytesOfTurn(stub, ours.port, messages));
        bytes[id]?.["reference"]?.push(await bytesOfTurn(stub, other.port, messages));
      }
    }, scope);
  }
  if (stub.refusals.length > 0) throw new Error(`the stub refused a request: ${stub.refusals[0]?.message}`);
  return scenarios.map(({ id, label }) => {
    const samples = bytes[id] ?? {};
    if (median(samples["ours"] ?? []) === 0) throw new Error("no request came upstream");
    return row(`${id}-${version}`, `${label}, CLI ${version}`, "bytes", samples, [oursTo("reference", samples)]);
  });
}

async function bytesOfTurn(stub: AnthropicStub, port: number, messages: readonly ChatMessage[]): Promise<number> {
  const before = stub.requests.length;
  await requestChat(port, messages);
  await delay(trailingMs);
  return stub.requests.slice(before).reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
}

function tokensNote({ label, sides }: Row): string {
  const tokens = sides.map(({ who, summary }) => {
    const count = Math.round(summary.median / bytesPerToken).toLocaleString("en-US");
    return `${who} about ${count} tokens`;
  });
  return `${label}: ${tokens.join(", ")}.`;
}
