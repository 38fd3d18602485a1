/** Bodies by a grammar, whole and broken: each is understood or refused by name, directly and over HTTP. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { describe, it } from "node:test";
import { type ChatRequest, parseChatRequest } from "../../../../src/api/openai/chat-completions/request.ts";
import { BridgeError } from "../../../../src/errors.ts";
import { chatGrammar } from "../../../support/chat-grammar.ts";
import { faultOf } from "../../../support/composed-request.ts";
import { startEmbedded } from "../../../support/embedded-server.ts";
import { samplingDeprecated, temperatureOrTopP } from "../../../support/anthropic-rules/sampling.ts";
import { forcedCall } from "../../../support/anthropic-rules/tools.ts";
import { startObedientClaude } from "../../../support/obedient-claude.ts";
import { openAiErrorOf, statusOf } from "../../../support/openai-error.ts";
import { isRunning, listProcesses } from "../../../support/processes.ts";
import { seededRandom } from "../../../support/random.ts";
import { sampleOf, seedOf } from "../../../support/sample.ts";
import { readBytes, readStrictSse } from "../../../support/sse.ts";
import { joinedSystem } from "../../../support/turns.ts";

const bodiesParsed = sampleOf({ what: "bodies parsed", small: 250, large: 5_000, whole: 100_000 });
const seed = seedOf(2);
const bodiesDrawnWhole = 100_000;
const bodiesDrawn = sampleOf({ what: "bodies drawn for the server", small: 120, large: 2_000, whole: bodiesDrawnWhole });
/** Not to take minutes, a part of what is drawn is sent (a turn costs a process, a refusal little), but for the whole. */
const sendsAll = bodiesDrawn >= bodiesDrawnWhole;
const oneTakenInThisManySent = 40;
const oneRefusedInThisManySent = sendsAll ? 1 : 2;
const requestsAtOnce = 8;
const answerMsMax = 60_000;
const described = `${bodiesDrawn} bodies, sent ${sendsAll ? "all" : `one in ${oneRefusedInThisManySent} of those it refuses, one in ${oneTakenInThisManySent} of the others`}`;

function parse(body: unknown): ChatRequest | BridgeError {
  try {
    return parseChatRequest(body, "opus");
  } catch (error) {
    assert.ok(error instanceof BridgeError, `${String(error)}\n${error instanceof Error ? error.stack : ""}`);
    return error;
  }
}

function assertTakenByUpstream({ turn }: ChatRequest): void {
  const { system, messages, tools, toolChoice, effort, thinking, stopSequences, responseSchema } = turn;
  assert.equal(faultOf({ model: "claude-test", system: joinedSystem(system), messages, tools }), null);
  if (toolChoice.type === "any") assert.ok(tools.length > 0, "a call of what?");
  if (toolChoice.type === "tool") assert.ok(tools.some(({ name }) => name === toolChoice.name), "a call of which?");
  assert.ok(effort === undefined || ["low", "medium", "high", "xhigh", "max"].includes(effort), String(effort));
  assert.ok(thinking?.type !== "enabled" || Number.isInteger(thinking.budgetTokens));
  for (const sequence of stopSequences) assert.ok(typeof sequence === "string" && sequence !== "");
  if (responseSchema !== undefined) assert.equal(responseSchema["type"], "object");
}

function assertRefusedByName(error: BridgeError): void {
  assert.ok(statusOf(error) >= 400 && statusOf(error) < 500, `${statusOf(error)} ${error.message}`);
  assert.notEqual(error.field, undefined, error.message);
  assert.ok(error.message.startsWith(String(error.field)), error.message);
  assert.ok(error.message.length < 3_000, "no novel");
}

/** By hand: tens of thousands by `fetch` would take twice as long. */
async function post(url: string, body: string, agent: Agent): Promise<IncomingMessage> {
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const asking = request(`${url}/v1/chat/completions`, { method: "POST", agent, headers, timeout: answerMsMax });
  asking.once("timeout", () => asking.destroy(new Error(`no answer within ${answerMsMax} ms`)));
  asking.end(body);
  const [response] = await once(asking, "response") as [IncomingMessage];
  return response;
}

describe("whatever the body is", () => {
  it(`it is a turn that the upstream takes, or a 4xx that names the field (${bodiesParsed} bodies)`, () => {
    const grammar = chatGrammar(seededRandom(1));
    const kinds = new Map<string, number>();
    let taken = 0;
    for (let run = 0; run < bodiesParsed; run++) {
      const body = grammar.body();
      try {
        const parsed = parse(body);
        if (parsed instanceof BridgeError) {
          assertRefusedByName(parsed);
          kinds.set(parsed.code, (kinds.get(parsed.code) ?? 0) + 1);
        } else {
          assertTakenByUpstream(parsed);
          taken += 1;
        }
      } catch (error) {
        throw new Error(`body ${run}: ${JSON.stringify(body)}: ${String(error)}`, { cause: error });
      }
    }
    // The grammar would be of no use if it made but one of these.
    assert.ok(taken > bodiesParsed / 4 && taken < (bodiesParsed * 3) / 4, `${taken} taken`);
    for (const kind of ["missing_field", "invalid_type", "invalid_value", "unsupported_parameter"]) assert.ok((kinds.get(kind) ?? 0) > bodiesParsed / 1_000, `${kind}: ${kinds.get(kind)}`);
  });

  it(`the server answers it with a 200 or a 4xx that names the field, and no process is left (${described})`, async (t) => {
    const claude = await startObedientClaude(t, [], [samplingDeprecated.name, temperatureOrTopP.name, forcedCall.name]);
    const settings = { claude: claude.path, passEnv: ["RELAYS_PORT"], fetchImages: false, conversationIdleSeconds: 0, maxProcesses: requestsAtOnce, logLevel: "error" } as const;
    const { url, api, logLines } = await startEmbedded(t, settings, claude.environment);
    const grammar = chatGrammar(seededRandom(seed));
    // A script in its place costs many times as much.
    const oneTakenInThisMany = sendsAll ? 1 : claude.isCheap ? oneTakenInThisManySent : oneTakenInThisManySent * 10;
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const statuses = new Map<number, number>();
    let drawn = 0;
    let taken = 0;
    let refused = 0;

    const next = (): { readonly text: string; readonly parsed: ChatRequest | BridgeError } | undefined => {
      while (drawn++ < bodiesDrawn) {
        const text = JSON.stringify(grammar.body());
        const parsed = parse(JSON.parse(text));
        const isSent = parsed instanceof BridgeError ? refused++ % oneRefusedInThisManySent === 0 : taken++ % oneTakenInThisMany === 0;
        if (isSent) return { text, parsed };
      }
      return undefined;
    };
    const client = async (): Promise<void> => {
      for (let body = next(); body !== undefined; body = next()) {
        const { text, parsed } = body;
        try {
          const response = await post(url, text, agent);
          const { statusCode: status = 0 } = response;
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status === 200) {
            assert.ok(!(parsed instanceof BridgeError), "what is refused alone is refused here");
            if (parsed.stream) assert.equal((await readStrictSse(response)).data.at(-1), "[DONE]");
            else assert.equal((JSON.parse((await readBytes(response)).toString()) as { object: string }).object, "chat.completion");
          } else {
            const error = openAiErrorOf((await readBytes(response)).toString());
            assert.ok(status >= 400 && status < 500, `${status} ${error.message}`);
            assert.notEqual(error.param, null, error.message);
            if (parsed instanceof BridgeError) assert.deepEqual([status, error.param, error.message], [statusOf(parsed), parsed.field, parsed.message]);
          }
        } catch (error) {
          throw new Error(`${text}: ${String(error)}`, { cause: error });
        }
      }
    };
    await Promise.all(Array.from({ length: requestsAtOnce }, client));
    // A body whose one fault is a model's name that nobody has is rare.
    for (const status of [200, 400, ...(bodiesDrawn < 40_000 ? [] : [404])]) assert.ok((statuses.get(status) ?? 0) > 0, `${status} among ${JSON.stringify([...statuses])}`);
    assert.equal(claude.turns, statuses.get(200), "each answer is a turn of the CLI's, and nothing else is");
    assert.deepEqual(logLines, [], "nothing failed inside");
    t.diagnostic(`${bodiesDrawn} bodies from seed ${seed}: ${JSON.stringify(Object.fromEntries(statuses))}; ${taken} can be taken`);
    const living = [...claude.living];
    await api.close();
    assert.deepEqual(living.filter(isRunning), []);
    assert.deepEqual(listProcesses(claude.path, process.pid), []);
  });
});
