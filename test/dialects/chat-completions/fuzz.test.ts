/** Bodies by a grammar, whole and broken: each is understood or refused by name, directly and over HTTP. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ChatRequest, parseChatRequest } from "../../../src/dialects/chat-completions/request.ts";
import { BridgeError } from "../../../src/errors.ts";
import { findViolation } from "../../support/anthropic-rules.ts";
import { chatGrammar } from "../../support/chat-grammar.ts";
import { startEmbeddedWith } from "../../support/embedded-server.ts";
import { runningFakes } from "../../support/fake-claude.ts";
import { openAiErrorOf } from "../../support/openai-error.ts";
import { seededRandom } from "../../support/random.ts";
import { chatRequest, readStrictSse } from "../../support/sse.ts";

const bodiesParsed = 100_000;
const bodiesSent = 2_000;
/** A turn costs a process of the fake's, so most of what is sent is what is refused. */
const oneTakenInThisManySent = 16;
const requestsAtOnce = 4;
const wrapping = { model: "m", max_tokens: 1 };

function parse(body: unknown): ChatRequest | BridgeError {
  try {
    return parseChatRequest(body, "opus");
  } catch (error) {
    assert.ok(error instanceof BridgeError, `${String(error)}\n${error instanceof Error ? error.stack : ""}`);
    return error;
  }
}

function assertTakenByUpstream({ turn }: ChatRequest): void {
  const { system, messages, tools, toolChoice, effort, thinkingTokens, stop, responseSchema } = turn;
  assert.equal(findViolation({
    ...wrapping, messages, ...(system === "" ? {} : { system }),
    tools: tools.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema })),
    ...(toolChoice.type === "tool" ? { tool_choice: toolChoice } : {}),
  }), null);
  if (toolChoice.type === "required") assert.ok(tools.length > 0, "a call of what?");
  assert.ok(effort === undefined || ["low", "medium", "high", "xhigh", "max"].includes(effort), String(effort));
  assert.ok(thinkingTokens === undefined || Number.isInteger(thinkingTokens));
  for (const sequence of stop) assert.ok(typeof sequence === "string" && sequence !== "");
  if (responseSchema !== undefined) assert.equal(responseSchema["type"], "object");
}

function assertRefusedByName(error: BridgeError): void {
  assert.ok(error.status >= 400 && error.status < 500, `${error.status} ${error.message}`);
  assert.notEqual(error.param, null, error.message);
  assert.ok(error.message.startsWith(String(error.param)), error.message);
  assert.ok(error.message.length < 3_000, "no novel");
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
          kinds.set(parsed.kind, (kinds.get(parsed.kind) ?? 0) + 1);
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
    for (const kind of ["missing_field", "invalid_type", "invalid_value", "unsupported_parameter"]) assert.ok((kinds.get(kind) ?? 0) > 100, `${kind}: ${kinds.get(kind)}`);
  });

  it(`the server answers it with a 200 or a 4xx that names the field, and no process is left (${bodiesSent} bodies)`, async (t) => {
    const { url, api, logLines } = await startEmbeddedWith(t, "answers", { fetchImages: false, conversationIdleSeconds: 0, logLevel: "error" });
    const random = seededRandom(2);
    const grammar = chatGrammar(random);
    const statuses = new Map<number, number>();
    let left = bodiesSent;

    /** The next body to send: the made-up CLI speaks plain text, so none that must have a call or JSON. */
    const next = (): { readonly text: string; readonly parsed: ChatRequest | BridgeError } => {
      for (;;) {
        const text = JSON.stringify(grammar.body());
        const parsed = parse(JSON.parse(text));
        if (parsed instanceof BridgeError) return { text, parsed };
        const { toolChoice, responseSchema } = parsed.turn;
        const isPlain = toolChoice.type !== "required" && toolChoice.type !== "tool" && responseSchema === undefined;
        if (isPlain && random.below(oneTakenInThisManySent) === 0) return { text, parsed };
      }
    };
    const client = async (): Promise<void> => {
      while (left-- > 0) {
        const { text, parsed } = next();
        const response = await chatRequest(url, text);
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        try {
          if (response.status === 200) {
            assert.ok(!(parsed instanceof BridgeError), "what is refused alone is refused here");
            if (parsed.stream) assert.equal((await readStrictSse(response)).data.at(-1), "[DONE]");
            else assert.equal((await response.json() as { object: string }).object, "chat.completion");
          } else {
            const error = openAiErrorOf(await response.text());
            assert.ok(response.status >= 400 && response.status < 500, `${response.status} ${error.message}`);
            assert.notEqual(error.param, null, error.message);
            if (parsed instanceof BridgeError) assert.deepEqual([response.status, error.param, error.message], [parsed.status, parsed.param, parsed.message]);
          }
        } catch (error) {
          throw new Error(`${text}: ${String(error)}`, { cause: error });
        }
      }
    };
    await Promise.all(Array.from({ length: requestsAtOnce }, client));
    for (const status of [200, 400, 404]) assert.ok((statuses.get(status) ?? 0) > 0, `${status} among ${JSON.stringify([...statuses])}`);
    assert.deepEqual(logLines, [], "nothing failed inside");
    await api.close();
    assert.deepEqual(runningFakes("answers"), []);
  });
});
