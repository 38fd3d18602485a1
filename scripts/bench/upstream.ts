/**
 * What goes up to the model: the bytes of every POST that reaches the stub of the Messages API in one turn, from the real
 * CLI at two versions, for ours and for the reference with the same messages. "Tokens" are bytes / 4, a rule of thumb and
 * no count. A turn is over when its answer is and nothing has come for 300 ms more, so that side requests are in.
 *   hello          one system line and "Hello"
 *   five messages  the third question of a conversation that neither has seen: ours replays it
 *   next turn      the second question after that "Hello": ours goes on with the living process, the reference has none
 */
import { setTimeout as delay } from "node:timers/promises";
import { startAnthropicStub, textAnswer, type AnthropicStub } from "../../test/support/anthropic-stub.ts";
import { claudePath, claudeVersions, type ClaudeVersion } from "../../test/support/real-claude.ts";
import { contestantEnvironment } from "./environment.ts";
import { requestChat, type ChatMessage } from "./http-stream.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, waitUntilWarm, type Build } from "./our-server.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { ratio, row, type Row } from "./result.ts";
import { type Scope, withScope } from "./scope.ts";
import { median } from "./statistics.ts";

const roundsUsual = 5;
const warm = 2;
const trailingMs = 300;
const bytesPerToken = 4;
const answer = "Hello there";
const system: ChatMessage = { role: "system", content: "Be terse." };
const hello: readonly ChatMessage[] = [system, { role: "user", content: "Hello" }];
const scenarios: readonly { readonly id: string; readonly label: string; readonly messages: readonly ChatMessage[] }[] = [
  { id: "hello", label: "“Hello”", messages: hello },
  { id: "next", label: "Next turn", messages: [...hello, { role: "assistant", content: answer }, { role: "user", content: "And then?" }] },
  {
    id: "five", label: "Five messages", messages: [
      system, { role: "user", content: "What is a monad?" }, { role: "assistant", content: "A monoid in the category of endofunctors." },
      { role: "user", content: "Shorter, please." }, { role: "assistant", content: "A pattern." }, { role: "user", content: "Thanks. And a functor?" },
    ],
  },
];

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);

await withScope(async (scope) => {
  const build = await buildOurs(scope);
  const reference = await installReference(scope, options.reference);
  const rows: Row[] = [];
  for (const version of claudeVersions) rows.push(...await measure(scope, version, build, reference));
  const tokens = rows.map(({ label, sides }) => `${label}: ${sides.map(({ who, summary }) => `${who} about ${Math.round(summary.median / bytesPerToken).toLocaleString("en-US")} tokens`).join(", ")}.`);
  await report({
    name: "upstream",
    title: "Bytes sent upstream a turn",
    method: "The bodies of all requests of one turn, as the stub of the Messages API receives them from the real CLI.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion, CLI: claudeVersions.join(" and ") },
    rows,
    notes: ["Tokens are bytes / 4, a rule of thumb.", ...tokens],
  }, options);
});

async function measure(parent: Scope, version: ClaudeVersion, build: Build, reference: string): Promise<Row[]> {
  return withScope(async (scope) => {
    const stub = await startAnthropicStub({ respond: () => textAnswer([answer]) });
    scope.defer(() => stub.close());
    const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: claudePath(version), upstreamUrl: stub.url });
    const other = await startReference(scope, reference, await environment());
    const bytes: Record<string, Record<string, number[]>> = Object.fromEntries(scenarios.map(({ id }) => [id, { ours: [], reference: [] }]));
    for (let round = 0; round < rounds; round++) {
      await withScope(async (inner) => {
        // A fresh server each round: it has not seen the conversation of five.
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
      const { ours = [], reference: theirs = [] } = bytes[id] ?? {};
      if (median(ours) === 0) throw new Error("no request came upstream");
      return row(`${id}-${version}`, `${label}, CLI ${version}`, "bytes", { ours, reference: theirs }, [ratio("ours to reference", ours, theirs)]);
    });
  }, parent);
}

async function bytesOfTurn(stub: AnthropicStub, port: number, messages: readonly ChatMessage[]): Promise<number> {
  const before = stub.requests.length;
  await requestChat(port, messages);
  await delay(trailingMs);
  return stub.requests.slice(before).reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
}
