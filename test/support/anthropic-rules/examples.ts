/** The made-up bodies that rules are shown with: one that keeps every rule, and the parts to change it by. */

/** The newest kind, as any name that is not known. */
export const newestModel = "claude-test";

export const text = (value: string) => ({ type: "text", text: value });
export const user = (...content: unknown[]) => ({ role: "user", content });
export const assistant = (...content: unknown[]) => ({ role: "assistant", content });
export const use = (id: string, input: unknown = {}) => ({ type: "tool_use", id, name: "look", input });
export const result = (id: string, content: unknown = "seen") => ({ type: "tool_result", tool_use_id: id, content });

export const tool = {
  name: "look",
  description: "Looks.",
  input_schema: { type: "object", properties: { "a.b-c_1": { type: ["string", "null"] } } },
};

/** A question, with whatever else is asked for. */
export const asking = (more: object = {}): object => ({
  model: newestModel,
  max_tokens: 2_000,
  messages: [user(text("a"))],
  ...more,
});
/** A conversation of these messages. */
export const saying = (...messages: unknown[]): object => asking({ messages });
/** The same with the tool that `use` calls. */
export const sayingWithTool = (...messages: unknown[]): object => asking({ messages, tools: [tool] });
/** A question with a tool of this schema. */
export const withSchema = (input_schema: unknown): object => asking({ tools: [{ name: "look", input_schema }] });
/** A question with a tool that has this schema at one of its properties. */
export const withProperty = (schema: unknown): object => withSchema({ type: "object", properties: { a: schema } });

/** One of these bodies each, by what they are called. */
export function each<Input>(
  inputs: Readonly<Record<string, Input>>,
  make: (input: Input) => unknown,
): Record<string, () => unknown> {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, () => make(input)]));
}
