/** What `scripts/record.ts` records. The stub is steered by the words of the prompt. */
import type { Tool } from "../../src/turn/turn.ts";
import {
  brokenAnswer, errorAnswer, lastUserText, type StubAnswer, type StubRequestBody, subscriptionHeaders, textAnswer,
  toolUseAnswer,
} from "../../test/support/anthropic-stub.ts";
import type { RecordedClaude } from "./recorded-claude.ts";

export interface Scenario {
  readonly tools?: readonly Tool[];
  readonly isLoggedOut?: boolean;
  readonly play: (claude: RecordedClaude) => Promise<unknown>;
}

const wordsDefault = 3;
const resetsAt = 2_000_000_000;
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";
const weather: Tool = {
  name: "get_weather", description: "Current weather for a city",
  inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const citySchema = {
  type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false,
};
const uuids = [1, 2, 3, 4].map((digit) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`);

/** `ERR:429:rate_limit_error`, `TOOL:NAME:{…}`, `MAXTOK`, `THINK`, `BREAK`, `WARN`, `LIMIT`, `N=5 DELAY=20`. */
export function steered(body: StubRequestBody): StubAnswer {
  const words = lastUserText(body);
  const [, status, type] = /^ERR:(\d+):(\w+)/u.exec(words) ?? [];
  if (status !== undefined && type !== undefined) return errorAnswer(Number(status), type, "No.");
  const calls = [...words.matchAll(/TOOL:(\w+):(\{[^}]*\})/gu)].map(([, name = "", input = ""]) => (
    { name, input: JSON.parse(input) as Readonly<Record<string, unknown>> }
  ));
  if (calls.length > 0) return toolUseAnswer(calls);
  const count = Number(/N=(\d+)/u.exec(words)?.[1] ?? wordsDefault);
  const deltas = Array.from({ length: count }, (_, index) => `w${index} `);
  if (words.startsWith("BREAK")) return brokenAnswer(deltas);
  if (words.startsWith("LIMIT")) {
    const window = { status: "rejected", utilization: 1, resetsAt } as const;
    return errorAnswer(429, "rate_limit_error", "You have reached your limit.", subscriptionHeaders(window));
  }
  return textAnswer(deltas, {
    everyMs: Number(/DELAY=(\d+)/u.exec(words)?.[1] ?? 0),
    ...(words.startsWith("MAXTOK") ? { stopReason: "max_tokens" } : {}),
    ...(words.startsWith("THINK") ? { thinking: ["Let me ", "think."] } : {}),
    headers: words.startsWith("WARN")
      ? subscriptionHeaders({ status: "allowed_warning", utilization: 0.9, resetsAt })
      : subscriptionHeaders({ utilization: 0.2, resetsAt }),
  });
}

/** One question after `initialize`. */
function asks(content: unknown, tools: readonly Tool[] = []): Scenario {
  return {
    tools,
    play: (claude) => {
      claude.begin();
      return claude.ask(content);
    },
  };
}

/** One question that is answered by calls, whose results are told at once. */
function calls(content: string, text: string, isError = false): Scenario {
  return {
    tools: [weather],
    play: (claude) => {
      claude.resultOf = () => ({
        type: "tool_result", tool_use_id: "", content: [{ type: "text", text }], ...(isError ? { is_error: true } : {}),
      });
      claude.begin();
      return claude.ask(content);
    },
  };
}

function rewinds(claude: RecordedClaude, id: string, uuid: string | undefined, more: object = {}): Promise<unknown> {
  return claude.control(id, { subtype: "rewind_conversation", target_message_uuid: uuid, ...more });
}

const [first, second, third, fourth] = uuids;
const isDelta = (message: any): boolean => message.event?.type === "content_block_delta";
const isCall = (message: any): boolean => message.request?.message?.method === "tools/call";
const interrupting = { interrupt_if_running: true };

export const scenarios: Readonly<Record<string, Scenario>> = {
  text: asks("hello N=4"),
  "two-turns": { play: async (claude) => {
    claude.begin();
    await claude.ask("first N=2");
    await claude.ask("second N=2");
  } },
  image: asks([
    { type: "text", text: "what is this N=2" },
    { type: "image", source: { type: "base64", media_type: "image/png", data: dot } },
  ]),
  history: { play: async (claude) => {
    claude.begin();
    await claude.ask("What is the weather in Paris?", { shouldQuery: false });
    claude.write({
      type: "assistant",
      message: {
        id: "msg_history_1", type: "message", role: "assistant", model: "claude",
        content: [{ type: "text", text: "Let me look." }, {
          type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Paris" },
        }],
        stop_reason: "tool_use", stop_sequence: null, usage: { input_tokens: 0, output_tokens: 0 },
      },
      parent_tool_use_id: null, session_id: "", uuid: first,
    });
    await claude.ask([{ type: "tool_result", tool_use_id: "toolu_1", content: "sunny N=2" }]);
  } },
  settings: { play: async (claude) => {
    claude.begin();
    const settings = { effortLevel: "low", env: { CLAUDE_CODE_MAX_OUTPUT_TOKENS: "123" } };
    await claude.control("set-1", { subtype: "apply_flag_settings", settings });
    await claude.control("think-1", { subtype: "set_max_thinking_tokens", max_thinking_tokens: 0 });
    await claude.ask("hello N=1");
  } },
  thinking: asks("THINK N=2"),
  "json-schema": { play: async (claude) => {
    claude.begin({ jsonSchema: citySchema });
    await claude.ask('TOOL:StructuredOutput:{"city":"Paris"} N=1');
  } },
  "tool-call": calls('TOOL:get_weather:{"city":"Paris"} N=1', "sunny N=2"),
  "parallel-tool-calls": calls(
    'TOOL:get_weather:{"city":"Paris"} TOOL:get_weather:{"city":"Rome"} N=1', "sunny N=2",
  ),
  "tool-error": calls('TOOL:get_weather:{"city":"Nowhere"} N=1', "city not found N=2", true),
  interrupt: { play: async (claude) => {
    claude.begin();
    claude.say("long N=500 DELAY=20");
    await claude.waitFor(isDelta);
    claude.write({ type: "control_request", request_id: "int-1", request: { subtype: "interrupt" } });
    await claude.waitFor(({ type }) => type === "result");
  } },
  "max-tokens": asks("MAXTOK N=3"),
  rewind: { play: async (claude) => {
    claude.begin();
    await claude.ask("first N=1", { uuid: first });
    await claude.ask("second N=1", { uuid: second });
    await claude.ask("third N=1", { uuid: third });
    await rewinds(claude, "rw-refused", second);
    await rewinds(claude, "rw-1", third);
    await rewinds(claude, "rw-2", second);
    await claude.ask("other N=1", { uuid: fourth });
  } },
  "rewind-running": { play: async (claude) => {
    claude.begin();
    await claude.ask("first N=1", { uuid: first });
    claude.say("long N=500 DELAY=20", { uuid: second });
    await claude.waitFor(isDelta);
    await rewinds(claude, "rw-1", second, interrupting);
    await claude.ask("next N=1", { uuid: third });
  } },
  "rewind-parked": { tools: [weather], play: async (claude) => {
    claude.begin();
    await claude.ask("first N=1", { uuid: first });
    claude.say('TOOL:get_weather:{"city":"Paris"} N=1', { uuid: second });
    await claude.waitFor(isCall);
    await rewinds(claude, "rw-1", second, interrupting);
    await claude.ask("next N=1", { uuid: third });
  } },
  "rewind-to-empty": { play: async (claude) => {
    claude.begin();
    await claude.ask("first N=1", { uuid: first });
    await rewinds(claude, "rw-1", first);
    await claude.ask("another conversation N=1", { uuid: second });
  } },
  "error-400": asks("ERR:400:invalid_request_error"),
  "error-401": asks("ERR:401:authentication_error"),
  "error-429": asks("ERR:429:rate_limit_error"),
  "error-529": asks("ERR:529:overloaded_error"),
  "upstream-breaks": asks("BREAK N=6"),
  "subscription-windows": { play: async (claude) => {
    claude.begin();
    await claude.ask("hi");
    await claude.ask("WARN now");
    await claude.ask("LIMIT now");
  } },
  "not-logged-in": { ...asks("hi"), isLoggedOut: true },
};
