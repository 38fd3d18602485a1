/** Random requests to the Messages API whose tokens can be counted: from a few words to a hundred thousand. Pure. */
import type { Random } from "./random.ts";

type Json = Readonly<Record<string, unknown>>;

const words = [
  "the", "a", "process", "which", "answers", "tokens", "internationalisation", "ok", "Zürich", "größer", "日本語", "привет", "😀", "42", "3.14159",
  "2026-11-28", "const", "=>", "{", "}", "\"quoted\"", "\\n", "\n", "\t", "https://example.com/a?b=c", "snake_case", "camelCase",
];
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/** How long a request's texts are at most, in words: each size is drawn as often. */
const sizes = [5, 50, 300, 2_000] as const;
const toolCounts = [0, 0, 1, 4, 20] as const;

export function countableRequest(random: Random): Json {
  const { below, pick } = random;
  const size = pick(sizes);
  const text = (): string => `x ${Array.from({ length: below(size) }, () => pick(words)).join(" ")} x`;
  const tools = Array.from({ length: pick(toolCounts) }, (_, index) => ({
    name: `tool_${index}`, description: text(),
    input_schema: {
      type: "object", required: ["at"],
      properties: { at: { type: "string", description: text().slice(0, 500) }, kind: { enum: ["one", "two"] }, count: { type: "integer", minimum: below(9) } },
    },
  }));
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
  const question = (): Json => ({ role: "user", content: below(8) === 0 ? [image, { type: "text", text: text() }] : text() });
  let calls = 0;
  const exchange = (): Json[] => {
    const tool = tools.length === 0 ? undefined : pick(tools);
    if (tool === undefined || below(2) === 0) return [question(), { role: "assistant", content: text() }];
    const id = `toolu_${++calls}`;
    return [
      question(), { role: "assistant", content: [{ type: "text", text: text() }, { type: "tool_use", id, name: tool.name, input: { at: text() } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: [{ type: "text", text: text() }] }] }, { role: "assistant", content: text() },
    ];
  };
  const history = Array.from({ length: below(6) }, exchange).flat();
  return {
    model: pick(["sonnet", "opus", "haiku"]), ...(below(3) === 0 ? {} : { system: text() }), ...(tools.length === 0 ? {} : { tools }),
    messages: [...history, question()],
  };
}
