/** Chat requests by a grammar, seeded: most are such as clients send, some are broken in one place or many. */
import type { Random } from "./random.ts";

export interface DrawnBody {
  readonly body: Record<string, unknown>;
  /** Whether nothing was put in the place of something else. */
  readonly isWhole: boolean;
}

export interface Grammar {
  /** A request body. With a chance of about a half it is one that is taken. */
  body(): Record<string, unknown>;
  /** The same. */
  drawn(): DrawnBody;
  /** Messages of which every call has its results, in any order, over any mixture of roles and contents. */
  history(): Record<string, unknown>[];
  /** Tools that fit the history's calls or not. */
  tools(): unknown[];
}

/** One pixel. */
const images = {
  png: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  gif: "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==",
} as const;

const ids = ["call_1", "call_1", "call_2", "a.b", "a:b", "", "é", "x".repeat(300), "toolu_01"];
const functionNames = ["get_weather", "mcp.search", "a b", "a_b", "é", "__proto__", "constructor", "x".repeat(200)];
const properties = [
  {}, { city: { type: "string" } }, { "a.b-c": { anyOf: [{ type: "string" }, { type: "null" }] } }, { __proto_: { type: "array", items: {} } },
  { count: { type: "integer", minimum: -2.5, maximum: 1234567890123456800, description: "How many." } },
  { day: { type: "string", format: "date", description: "A day." }, code: { type: "string", pattern: "[", maxLength: 9_000 } },
];
const topFields = [
  "model", "messages", "stream", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "response_format", "max_tokens",
  "max_completion_tokens", "stop", "reasoning_effort", "reasoning", "thinking", "n", "logprobs", "top_logprobs", "modalities", "audio", "web_search_options", "moderation",
  "temperature", "seed", "user", "metadata", "__proto__", "constructor", "toString", "something_new",
];

const breakable: ReadonlySet<string> = new Set(["messages", "tools", "functions", "tool_choice", "function_call", "stop", "stream_options", "reasoning", "thinking"]);

/** A fault deep inside a schema is the upstream's to find. */
function withoutSchemas(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value), (key, inner: unknown) => (key === "parameters" ? null : inner));
}

export function chatGrammar(random: Random): Grammar {
  const { below, pick } = random;
  const chance = (oneIn: number): boolean => below(oneIn) === 0;
  const times = <T>(max: number, make: () => T): T[] => Array.from({ length: below(max + 1) }, make);

  const words = (): string => pick(["hi", "", " ", "\n\t", "WORDS 1", "a longer sentence.", "\u00a0", "\ufeff", random.nastyText(6)]);
  const wrong = (): unknown => pick<unknown>([undefined, null, true, false, 0, -1, 1.5, 1e300, "", "x", [], {}, [null], [{}], { type: "text" }, "constructor", "__proto__", [[[]]], { "": 0 }, random.nastyText(3)]);
  const textPart = (): unknown => (chance(6) ? words() : { type: "text", text: words() });
  const imagePart = (): unknown => {
    const kind = pick(["png", "gif"] as const);
    const url = chance(10) ? "https://example.invalid/a.png" : `data:image/${kind};base64,${images[kind]}`;
    return { type: "image_url", image_url: chance(3) ? url : { url, detail: pick(["low", "auto"]) } };
  };
  const filePart = (): unknown => ({ type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: pick(["a.pdf", "", null]) } });
  const parts = (...makers: (() => unknown)[]): unknown => (chance(3) ? pick([words(), words(), "", null, undefined]) : times(3, () => pick(makers)()));

  const system = () => ({ role: pick(["system", "developer"]), content: parts(textPart) });
  const user = () => ({ role: "user", content: parts(textPart, textPart, imagePart, filePart), ...(chance(5) ? { name: "bob" } : {}) });
  const said = () => ({ role: "assistant", content: parts(textPart, () => ({ type: "refusal", refusal: words() })), ...(chance(5) ? { reasoning_content: words(), tool_calls: pick([null, []]) } : {}) });
  const args = (): unknown => pick<unknown>(["{}", '{"a":1}', "", null, "[1]", "7", "not json", '{"a":', { a: 1 }, '{"__proto__":{"a":1}}', random.nastyText(4)]);
  const definition = () => ({ name: pick(functionNames), arguments: args() });

  /** A call with its results, and whatever may stand between. */
  function* exchange(): Generator<Record<string, unknown>> {
    if (chance(6)) {
      yield { role: "assistant", content: parts(textPart), function_call: definition() };
      if (chance(5)) yield system();
      yield { role: "function", name: "f", content: parts(textPart) };
      return;
    }
    const callIds = [...new Set(times(3, () => pick(ids)))];
    if (callIds.length === 0) callIds.push("only");
    yield { role: "assistant", content: parts(textPart), tool_calls: callIds.map((id) => ({ id, type: "function", function: definition() })) };
    for (const id of callIds.sort(() => below(3) - 1)) {
      if (chance(8)) yield system();
      yield { role: "tool", tool_call_id: id, content: parts(textPart, textPart, imagePart) };
    }
  }

  const history = (): Record<string, unknown>[] => {
    const messages = times(6, () => pick<() => Record<string, unknown>[]>([() => [system()], () => [user()], () => [user()], () => [said()], () => [...exchange()]])()).flat();
    messages.splice(below(messages.length + 1) === 0 ? 0 : messages.length, 0, { role: "user", content: "what is this?" });
    return messages;
  };

  const schema = (): unknown => pick<() => unknown>([
    () => undefined,
    () => null,
    () => ({ type: "object", properties: pick(properties), additionalProperties: false, $schema: "http://json-schema.org/draft-07/schema#" }),
    () => ({ type: pick(["object", ["object", "null"]]), properties: pick(properties) }),
    () => {
      const union = pick(["anyOf", "oneOf", "allOf"]);
      const members = times(2, () => ({ type: "object", properties: pick(properties), required: ["city"] }));
      // Of `oneOf` no more than one may hold: else no answer of the model would do.
      const others = members.slice(1).map((member) => ({ ...member, required: ["nothing"] }));
      return { [union]: union === "oneOf" && members.length > 0 ? [members[0], ...others] : [...members, {}] };
    },
    () => ({ anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/b" }], $defs: { a: { type: "object", properties: pick(properties) }, b: { properties: pick(properties) } } }),
  ])();
  const tools = (): unknown[] => [...new Set(times(4, () => pick(functionNames)))].map((name) => ({ type: "function", function: { name, description: pick([undefined, null, "", "D"]), parameters: schema(), strict: pick([true, null]) } }));
  const named = () => ({ type: "function", function: { name: pick(functionNames) } });
  const choice = (): unknown => pick<() => unknown>([
    () => "auto", () => "none", () => "required", () => "any", () => null, named, () => ({ type: "allowed_tools", allowed_tools: { mode: pick(["auto", "required"]), tools: times(2, named) } }),
  ])();

  const fields: Readonly<Record<string, () => unknown>> = {
    tools, tool_choice: choice,
    parallel_tool_calls: () => pick([true, false, null]),
    functions: () => tools().map((tool) => (tool as { function: unknown }).function),
    function_call: () => pick<unknown>(["auto", "none", null, { name: pick(functionNames) }]),
    response_format: () => pick<unknown>([null, { type: "text" }, { type: "json_object", schema: schema() }, { type: "json_schema", json_schema: { name: "n", schema: schema() } }]),
    max_tokens: () => pick([1, 100, null]),
    max_completion_tokens: () => pick([1, 100, null]),
    stop: () => pick<unknown>(["END", ["a", "", "b"], null, [], "", random.nastyText(3)]),
    reasoning_effort: () => pick(["none", "minimal", "low", "high", "max", "unheard of", "constructor", null]),
    reasoning: () => pick<unknown>([null, {}, { effort: pick(["high", "toString", null]) }]),
    thinking: () => pick<unknown>([null, true, { type: "disabled" }, { type: "enabled", budget_tokens: 2_048 }, { type: "adaptive" }]),
    stream: () => pick([true, false, null]),
    stream_options: () => pick<unknown>([null, {}, { include_usage: true, include_obfuscation: false }]),
    n: () => pick([1, null, 1, 2]),
    logprobs: () => pick([false, null]),
    modalities: () => pick<unknown>([["text"], null, []]),
    temperature: () => 0.3,
  };

  /** Puts something else in the place of a value somewhere inside. */
  const broken = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || Object.keys(value).length === 0 || chance(3)) return chance(5) ? value : wrong();
    if (Array.isArray(value)) {
      const at = below(value.length);
      return pick<() => unknown>([
        () => value.map((item, index) => (index === at ? broken(item) : item)),
        () => value.filter((_item, index) => index !== at),
        () => [...value, value[at]],
        () => [...value].reverse(),
      ])();
    }
    const key = pick(Object.keys(value));
    const others = Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
    return chance(6) ? others : { ...others, [key]: broken((value as Record<string, unknown>)[key]) };
  };

  const drawn = (): DrawnBody => {
    const whole: Record<string, unknown> = { model: pick(["opus", "sonnet", "claude-opus-4", "", null]), messages: history() };
    for (const name of Object.keys(fields)) if (chance(4)) whole[name] = fields[name]?.();
    if (chance(2)) return { body: whole, isWhole: true };
    for (let faults = below(3); faults >= 0; faults--) {
      const name = chance(2) ? "messages" : pick(topFields);
      const value = breakable.has(name) && !chance(4) ? broken(withoutSchemas(whole[name])) : wrong();
      Object.defineProperty(whole, name, { value, enumerable: true, configurable: true, writable: true });
    }
    return { body: whole, isWhole: false };
  };

  return { body: () => drawn().body, drawn, history, tools };
}
