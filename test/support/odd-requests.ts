/** Chat requests that clients do send and that meet a rule of the API, by what is odd about them. */
import { gif, jpeg, png } from "./anthropic-rules/image-bytes.ts";

const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown, ...calls: unknown[]) => ({
  role: "assistant",
  content,
  ...(calls.length === 0 ? {} : { tool_calls: calls }),
});
const call = (id: string, args = "{}", name = "look") => ({
  id,
  type: "function",
  function: { name, arguments: args },
});
const result = (id: string, content: unknown = "seen") => ({ role: "tool", tool_call_id: id, content });
const tool = (parameters: unknown, more: object = {}) => ({
  type: "function",
  function: { name: "look", description: "Looks.", parameters, ...more },
});
const open = { type: "object", properties: { city: { type: "string" } } };
const tools = [tool(open)];

const said = (...messages: unknown[]): object => ({ messages });
const withTool = (...messages: unknown[]): object => ({ messages, tools });
const asking = (more: object): object => ({ messages: [user("hello")], ...more });
const withSchema = (parameters: unknown): object => asking({ tools: [tool(parameters)] });
const withProperty = (schema: unknown): object => withSchema({ type: "object", properties: { city: schema } });
const formatted = (schema: object): object =>
  asking({ response_format: { type: "json_schema", json_schema: { name: "n", schema, strict: true } } });
const image = (type: string, bytes: Buffer) => ({
  type: "image_url",
  image_url: { url: `data:${type};base64,${bytes.toString("base64")}` },
});
const showing = (...images: unknown[]): object => said(user([{ type: "text", text: "what is this?" }, ...images]));
const loop = [user("how is it?"), assistant(null, call("t1")), result("t1")];
const budgetModel = "claude-haiku-4-5";

const histories: Readonly<Record<string, () => object>> = {
  "a last message of the assistant's": () => said(user("a"), assistant("b")),
  "a last message of the assistant's that ends in white space": () => said(user("a"), assistant("b \n")),
  "a first message of the assistant's": () => said(assistant("b"), user("a")),
  "a system message alone": () => said({ role: "system", content: "Be brief." }),
  "a blank message of the user's": () => said(user("a"), assistant("b"), user(" ")),
  "blank parts beside others": () =>
    said(
      user([
        { type: "text", text: "a" },
        { type: "text", text: " " },
        { type: "text", text: "" },
      ]),
    ),
  "a blank answer of the assistant's": () => said(user("a"), assistant(" \n"), user("c")),
  "blank parts of the assistant's": () =>
    said(
      user("a"),
      assistant([
        { type: "text", text: "b" },
        { type: "text", text: " " },
      ]),
      user("c"),
    ),
  "an assistant's message of nothing": () => said(user("a"), assistant(null), user("c")),
  "lone surrogates": () =>
    said({ role: "system", content: "S \ud83d" }, user("a \ud83d"), assistant("b \ude00"), user("c")),
  "a tool's result that is blank": () => withTool(user("a"), assistant(null, call("t1")), result("t1", " ")),
  "a tool's result of nothing": () => withTool(user("a"), assistant(null, call("t1")), result("t1", [])),
  "a tool's result of blank parts": () =>
    withTool(user("a"), assistant(null, call("t1")), result("t1", [{ type: "text", text: " " }])),
  "a word of the user's beside the results": () => withTool(...loop, user("and?")),
  "results of two calls, in another order": () =>
    withTool(user("a"), assistant(null, call("t1"), call("t2")), result("t2"), result("t1")),
  "ids with a colon": () => withTool(user("a"), assistant(null, call("call:1")), result("call:1")),
  "the same id in two turns": () => withTool(...loop, assistant(null, call("t1")), result("t1")),
  "a history of calls without tools": () => said(...loop),
  "a history of calls, and no call wanted": () => ({ ...withTool(...loop), tool_choice: "none" }),
  "a call of a tool that is not served": () =>
    withTool(user("a"), assistant(null, call("t1", "{}", "other one")), result("t1")),
  "arguments that are no object": () => withTool(user("a"), assistant(null, call("t1", "[1]")), result("t1")),
  "lone surrogates in the keys of arguments": () =>
    withTool(user("a"), assistant(null, call("t1", '{"k\\ud83d":"\\ud83d"}')), result("t1")),
};

const definitions: Readonly<Record<string, () => object>> = {
  "a tool's name with a space": () => asking({ tools: [tool(open, { name: "a b" })] }),
  "a tool's name of 200 letters": () => asking({ tools: [tool(open, { name: "x".repeat(200) })] }),
  "a tool without parameters": () => withSchema(undefined),
  "a property's name with a dollar": () => withSchema({ type: "object", properties: { $top: { type: "integer" } } }),
  "a property's name with brackets": () => withSchema({ type: "object", properties: { "filter[id]": {} } }),
  "a property's name of 70 letters": () => withSchema({ type: "object", properties: { ["x".repeat(70)]: {} } }),
  "a property's name with a space, further in": () => withProperty({ type: "object", properties: { "a b": {} } }),
  "a schema without a type": () => withSchema({ properties: { city: {} } }),
  "a schema of two types": () => withSchema({ type: ["object", "null"], properties: {} }),
  "a union at the top": () => withSchema({ anyOf: [open, { type: "object", properties: {} }] }),
  "allOf beside properties at the top": () => withSchema({ ...open, allOf: [{ required: ["city"] }] }),
  "required: null": () => withSchema({ ...open, required: null }),
  "required: a string": () => withSchema({ ...open, required: "city" }),
  "required: the same twice": () => withSchema({ ...open, required: ["city", "city"] }),
  "properties: null": () => withSchema({ type: "object", properties: null }),
  "a property that is true": () => withProperty(true),
  "a property that is null": () => withProperty(null),
  "exclusiveMinimum: true": () => withProperty({ type: "integer", minimum: 0, exclusiveMinimum: true }),
  "items as a list": () => withProperty({ type: "array", items: [{ type: "string" }] }),
  "type: any": () => withProperty({ type: "any" }),
  "a type in capitals": () => withProperty({ type: "STRING" }),
  "required: true in a property": () => withProperty({ type: "string", required: true }),
  "description: null": () => withProperty({ type: "string", description: null }),
  "default: null, nullable, example": () =>
    withProperty({ type: "string", default: null, nullable: true, example: "x" }),
  "enum: null": () => withProperty({ type: "string", enum: null }),
  "a pattern that is no expression": () => withProperty({ type: "string", pattern: "^[a-z" }),
  "a broken reference": () => withProperty({ $ref: "#/$defs/nothing" }),
  "a strict tool that is open": () => asking({ tools: [tool(open, { strict: true })] }),
  "a strict tool with bounds": () =>
    asking({
      tools: [
        tool(
          {
            ...open,
            properties: { n: { type: "integer", minimum: 1 } },
            required: ["n"],
            additionalProperties: false,
          },
          { strict: true },
        ),
      ],
    }),
  "25 strict tools": () =>
    asking({
      tools: Array.from({ length: 25 }, (_, index) =>
        tool({ ...open, additionalProperties: false }, { name: `f${index}`, strict: true }),
      ),
    }),
};

const parameters: Readonly<Record<string, () => object>> = {
  "max_tokens 1": () => asking({ max_tokens: 1 }),
  "max_tokens 1, thinking with a budget": () => asking({ model: budgetModel, max_tokens: 1 }),
  "max_tokens 1,500, thinking with a budget": () => asking({ model: budgetModel, max_tokens: 1_500 }),
  "max_tokens 100,000 of a model that gives 64,000": () => asking({ model: budgetModel, max_tokens: 100_000 }),
  "max_tokens 1,000,000": () => asking({ max_tokens: 1_000_000 }),
  "a budget of 5": () => asking({ model: budgetModel, thinking: { type: "enabled", budget_tokens: 5 } }),
  "a budget above max_tokens": () =>
    asking({ model: budgetModel, max_tokens: 2_000, thinking: { type: "enabled", budget_tokens: 5_000 } }),
  "a budget for a model that is adaptive only": () => asking({ thinking: { type: "enabled", budget_tokens: 2_048 } }),
  "no thinking, of a model with a budget": () => asking({ model: budgetModel, reasoning_effort: "none" }),
  "no thinking, of opus 4.8": () => asking({ model: "claude-opus-4-8", reasoning_effort: "none" }),
  "no thinking, of sonnet 4.6": () => asking({ model: "claude-sonnet-4-6", reasoning_effort: "none" }),
  "no thinking, of a model that always thinks": () => asking({ reasoning_effort: "none" }),
  "effort, of haiku 4.5": () => asking({ model: budgetModel, reasoning_effort: "high" }),
  "a tool loop with a budget": () => ({ model: budgetModel, ...withTool(...loop) }),
  "a tool loop of two steps with a budget": () => ({
    model: "claude-sonnet-4-5",
    ...withTool(...loop, assistant("so", call("t2")), result("t2")),
  }),
  "a tool loop, adaptive": () => withTool(...loop),
  "temperature 2": () => asking({ temperature: 2, top_p: 0.5 }),
  "a stop sequence of a line's end": () => asking({ stop: ["\n"] }),
  "a forced call": () => asking({ tools, tool_choice: "required" }),
  "a forced call of that tool, with a budget": () =>
    asking({ model: budgetModel, tools, tool_choice: { type: "function", function: { name: "look" } } }),
  "an answer's schema that is open": () => formatted(open),
  "an answer's schema with bounds": () =>
    formatted({
      type: "object",
      properties: { n: { type: "integer", minimum: 1 } },
      required: ["n"],
      additionalProperties: false,
    }),
  "an answer's schema that is recursive": () => formatted({ type: "object", properties: { next: { $ref: "#" } } }),
  "an answer's schema with a property's name with a dollar": () =>
    formatted({ type: "object", properties: { $top: { type: "string" } } }),
  "an answer's schema with a union at the top": () =>
    formatted({ anyOf: [open, { type: "object", properties: {} }] }),
  "an answer's schema that is a list's": () => formatted({ type: "array", items: { type: "string" } }),
  "an answer's schema of draft 4": () =>
    formatted({ type: "object", properties: { n: { type: "integer", minimum: 0, exclusiveMinimum: true } } }),
};

const images: Readonly<Record<string, () => object>> = {
  "a png": () => showing(image("image/png", png(30, 40))),
  "a jpeg": () => showing(image("image/jpeg", jpeg(30, 40))),
  "a gif said to be a png": () => showing(image("image/png", gif(30, 40))),
  "a png of any bytes": () => showing(image("application/octet-stream", png(30, 40))),
  "a png of image/*": () => showing(image("image/*", png(30, 40))),
  "a bmp": () => showing(image("image/bmp", Buffer.from("BM".padEnd(64, "\0"), "latin1"))),
  "a png cut in the middle": () => showing(image("image/png", png(300, 400).subarray(0, 60))),
  "a png's header alone": () => showing(image("image/png", png(3, 4).subarray(0, 24))),
  "an image 8,001 wide": () => showing(image("image/png", png(8_001, 1))),
  "21 images 2,001 wide": () => showing(...Array.from({ length: 21 }, () => image("image/png", png(2_001, 1)))),
  "an image of 4 MB": () => showing(image("image/png", Buffer.concat([png(1, 1), Buffer.alloc(4_000_000)]))),
  "a broken png in a tool's result": () =>
    withTool(
      user("a"),
      assistant(null, call("t1")),
      result("t1", [image("image/png", png(300, 400).subarray(0, 60))]),
    ),
};

export const oddRequests: Readonly<Record<string, () => object>> = {
  ...histories,
  ...definitions,
  ...parameters,
  ...images,
};
