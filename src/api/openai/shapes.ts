/**
 * The shapes in which this family's endpoints take the parts of a request, whichever API a shape comes from. The
 * parsers look up here what a part is, and `npx tsx scripts/readme.ts` makes the README's table of it.
 */

import type { DocumentBlock, ImageBlock, ServerToolBlock, Thought } from "../../turn/message.ts";
import { type Fields, isFields } from "../check.ts";
import { documentBlock, imageBlock } from "../source-blocks.ts";
import { chatFile, chatImage, contentImage, inputFile, inputImage, mcpImage } from "./part-readers.ts";
import { signedThought, unpackedThought } from "./thoughts.ts";
import { searchBlocks } from "./web-search.ts";

const chat = "Chat Completions";
const responses = "Responses";
const anthropic = "Anthropic's Messages";
const mcp = "MCP";

/** Which API a shape comes from. `both`: OpenAI writes it so at either endpoint. */
export type Whose = typeof chat | typeof responses | typeof anthropic | typeof mcp | "AI SDK" | "both";

/** The names that `Whose` has for this family's endpoints. */
export const endpoints = { chat, responses } as const;

/** What every row has: for the README, how the shape looks and what it is taken for. */
interface Shape {
  readonly whose: Whose;
  readonly looks: string;
  readonly as: string;
}

/** How a function tool is written. */
export interface ToolShape extends Shape {
  /** The field that has the definition; undefined where the tool itself is the definition. */
  readonly holder?: "function";
  /** The definition's field that has the JSON Schema of the input. */
  readonly schema: "parameters" | "input_schema" | "inputSchema";
  /** The values of the tool's `type`, which may also be absent. */
  readonly types: readonly string[];
}

const aTool = "a function tool";

/** The shape of a function tool at `/v1/chat/completions`; `flatShape` is that at `/v1/responses`. */
export const nestedShape: ToolShape = {
  whose: chat, looks: '{"type":"function","function":{"name":…,"parameters":…}}', as: aTool,
  holder: "function", schema: "parameters", types: ["function"],
};
export const flatShape: ToolShape = {
  whose: responses, looks: '{"type":"function","name":…,"parameters":…}', as: aTool,
  schema: "parameters", types: ["function"],
};

export const toolShapes: readonly ToolShape[] = [
  nestedShape,
  flatShape,
  {
    whose: anthropic, looks: '{"name":…,"input_schema":…}', as: aTool,
    schema: "input_schema", types: ["function", "custom"],
  },
  { whose: mcp, looks: '{"name":…,"inputSchema":…}', as: aTool, schema: "inputSchema", types: ["function"] },
];

/** Where a format of the type `json_schema` has its schema: in the field `holder`, or in the format itself. */
export interface FormatShape extends Shape { readonly holder?: "json_schema" }

const aSchema = "the schema of the answer";

export const formatShapes: readonly FormatShape[] = [
  { whose: chat, looks: '{"type":"json_schema","json_schema":{"schema":…}}', as: aSchema, holder: "json_schema" },
  { whose: responses, looks: '{"type":"json_schema","schema":…}', as: aSchema },
];

/** What a `tool_choice` with a certain `type` asks for. */
export interface ChoiceShape extends Shape {
  readonly type: string;
  readonly means: "auto" | "none" | "any" | "tool" | "allowed" | "search";
}

/** A choice that asks for a tool by name has the name in `function.name` or in `name`. */
export const choiceShapes: readonly ChoiceShape[] = [
  { whose: "both", type: "auto", looks: '"auto"', as: "", means: "auto" },
  { whose: "both", type: "none", looks: '"none"', as: "", means: "none" },
  { whose: "both", type: "required", looks: '"required"', as: "", means: "any" },
  { whose: anthropic, type: "any", looks: '{"type":"any"}, "any"', as: "`required`", means: "any" },
  { whose: anthropic, type: "tool", looks: '{"type":"tool","name":…}', as: "a named function", means: "tool" },
  {
    whose: chat, type: "function", looks: '{"type":"function","function":{"name":…}}', as: "a named function",
    means: "tool",
  },
  { whose: responses, type: "function", looks: '{"type":"function","name":…}', as: "a named function", means: "tool" },
  { whose: "both", type: "custom", looks: '{"type":"custom","name":…}', as: "", means: "tool" },
  { whose: "both", type: "allowed_tools", looks: '{"type":"allowed_tools",…}', as: "", means: "allowed" },
  {
    whose: responses, type: "web_search", looks: '{"type":"web_search"}, {"type":"web_search_preview"}',
    as: "a search of the web, with `--allow-web-search`", means: "search",
  },
];

/** A part of a message's content. `field` tells apart shapes of the same `type`. */
export type PartShape = Shape & { readonly type: string; readonly field: string } & (
  /** The text is in `field`. */
  | { readonly kind: "text" | "refusal" }
  | { readonly kind: "image"; readonly read: (part: Fields, path: string) => ImageBlock }
  | { readonly kind: "file"; readonly read: (part: Fields, path: string) => DocumentBlock }
  /** A call with `id`, `name` and `input`; the result of one with `tool_use_id`, `content` and `is_error`. */
  | { readonly kind: "call" | "result" }
  /** Thinking, which is left out where `read` finds no signature. */
  | { readonly kind: "thought"; readonly read: (part: Fields) => Thought | undefined }
);

type BareShape = Omit<Shape, "as" | "looks"> & { readonly type: string; readonly field: string };

const part = (whose: Whose, type: string, field: string): BareShape & { readonly looks: string } => (
  { whose, type, field, looks: `{"type":"${type}","${field}":…}` });

const anImage = "an image";
const aPdf = "a PDF";
const aThought = "a thought of the model's; ignored without its signature";

export const partShapes: readonly PartShape[] = [
  { ...part("both", "text", "text"), as: "text", kind: "text" },
  { ...part(responses, "input_text", "text"), as: "text", kind: "text" },
  { ...part(responses, "output_text", "text"), as: "text", kind: "text" },
  { ...part("both", "refusal", "refusal"), as: "the assistant's text", kind: "refusal" },
  { ...part(chat, "image_url", "image_url"), as: anImage, kind: "image", read: chatImage },
  { ...part(responses, "input_image", "image_url"), as: anImage, kind: "image", read: inputImage },
  { ...part(anthropic, "image", "source"), as: anImage, kind: "image", read: imageBlock },
  { ...part(mcp, "image", "data"), as: anImage, kind: "image", read: mcpImage },
  { ...part("AI SDK", "image", "image"), as: anImage, kind: "image", read: contentImage },
  { ...part(chat, "file", "file"), as: aPdf, kind: "file", read: chatFile },
  { ...part(responses, "input_file", "file_data"), as: aPdf, kind: "file", read: inputFile },
  { ...part(anthropic, "document", "source"), as: "a PDF, or text", kind: "file", read: documentBlock },
  {
    whose: anthropic, type: "tool_use", field: "id", looks: '{"type":"tool_use","id":…,"name":…,"input":…}',
    as: "an entry of `tool_calls`", kind: "call",
  },
  {
    whose: anthropic, type: "tool_result", field: "tool_use_id",
    looks: '{"type":"tool_result","tool_use_id":…,"content":…}', as: "a message of role `tool`", kind: "result",
  },
  { ...part(anthropic, "thinking", "thinking"), as: aThought, kind: "thought", read: signedThought },
  { ...part(anthropic, "redacted_thinking", "data"), as: aThought, kind: "thought", read: signedThought },
  {
    ...part("AI SDK", "reasoning", "text"), as: "nothing: it is ignored, as reasoning without a signature is",
    kind: "thought", read: () => undefined,
  },
];

/** Whether a value is a part of a message's content: a string, or an object of a type that the table has. */
export function isPart(value: unknown): boolean {
  return typeof value === "string" || (isFields(value) && partShapes.some(({ type }) => type === value["type"]));
}

/** What a message with a certain `role` is. `idField`: where a result has the id of its call. */
export type RoleShape = Shape & { readonly role: string } & (
  | { readonly act: "system" | "user" | "assistant" } | { readonly act: "result"; readonly idField?: string }
);

export const roleShapes: readonly RoleShape[] = [
  { whose: "both", role: "system", looks: "", as: "", act: "system" },
  { whose: "both", role: "developer", looks: "", as: "", act: "system" },
  { whose: "both", role: "user", looks: "", as: "", act: "user" },
  {
    whose: chat, role: "assistant", looks: '{"role":"assistant","tool_calls":[…]}', as: "`function_call` items",
    act: "assistant",
  },
  {
    whose: chat, role: "tool", looks: '{"role":"tool","tool_call_id":…}', as: "a `function_call_output` item",
    act: "result", idField: "tool_call_id",
  },
  { whose: chat, role: "function", looks: '{"role":"function"}', as: "the result of a `function_call`", act: "result" },
];

/** What an entry of the conversation with a certain `type` is. `addsTools`: those in its `tools` may be called too. */
export type ItemShape = Shape & { readonly type: string; readonly addsTools?: true } & (
  /** A call: of the tool `tool`, or of the one that it names. `field` has the input. */
  | { readonly act: "call"; readonly tool?: string; readonly field: string }
  /** The result of a call, in `field`. */
  | { readonly act: "result"; readonly field: string; readonly isHosted?: true }
  /** Thinking, which is left out where `read` finds no signature. */
  | { readonly act: "thought"; readonly read: (item: Fields) => Thought | undefined }
  /** A web search, which is left out where `read` finds no blocks that this server stored. */
  | { readonly act: "search"; readonly read: (item: Fields) => readonly ServerToolBlock[] }
  /** Text that is neither the user's nor the model's: it stays in its place. */
  | { readonly act: "note" }
  | { readonly act: "skip" }
);

type BareItem = Shape & { readonly type: string };

const item = (type: string, as: string): BareItem => ({ whose: responses, type, looks: `{"type":"${type}",…}`, as });
/** A call of a tool that OpenAI defines and the client runs. The tool itself is not served. */
const hosted = (type: string, tool: string, field: string): ItemShape => (
  { ...item(type, `a call of a tool \`${tool}\``), act: "call", tool, field });
const hostedResult = (type: string, field: string): ItemShape => (
  { ...item(type, "the result of that call"), act: "result", field, isHosted: true });
const skipped = (type: string, why: string): ItemShape => ({ ...item(type, `nothing: ${why}`), act: "skip" });

/** The `type` of OpenAI's tool that searches among the client's tools, and the model's name for it. */
export const searchToolName = "tool_search";
const moreTools = "entries of `tools` (at `/v1/responses`)";
const ranElsewhere = "OpenAI ran it";
const sealed = "only OpenAI can read it, and what it stands for is lost";

export const itemShapes: readonly ItemShape[] = [
  { ...item("function_call", "an entry of `tool_calls`"), act: "call", field: "arguments" },
  { ...item("function_call_output", "a message of role `tool`"), act: "result", field: "output" },
  { ...item("custom_tool_call", "an entry of `tool_calls`"), act: "call", field: "input" },
  { ...item("custom_tool_call_output", "a message of role `tool`"), act: "result", field: "output" },
  hosted("local_shell_call", "local_shell", "action"), hostedResult("local_shell_call_output", "output"),
  hosted("shell_call", "shell", "action"), hostedResult("shell_call_output", "output"),
  hosted("apply_patch_call", "apply_patch", "operation"), hostedResult("apply_patch_call_output", "output"),
  hosted("tool_search_call", searchToolName, "arguments"),
  { ...item("tool_search_output", `the result of that call, and ${moreTools}`), act: "result", field: "tools",
    isHosted: true, addsTools: true },
  { ...item("additional_tools", moreTools), act: "skip", addsTools: true },
  {
    ...item("reasoning", "a thought of the model's, by its `encrypted_content`; nothing for another provider's"),
    act: "thought", read: unpackedThought,
  },
  { ...item("agent_message", "the user's text, but for what is sealed in it"), act: "note" },
  { ...item("web_search_call", "a search of the model's, in a stored response; else nothing"), act: "search",
    read: searchBlocks },
  ...[
    "file_search_call", "code_interpreter_call", "image_generation_call", "mcp_list_tools",
    "mcp_call", "mcp_approval_request", "mcp_approval_response",
  ].map((type) => skipped(type, ranElsewhere)),
  ...["compaction", "compaction_summary", "context_compaction"].map((type) => skipped(type, sealed)),
  ...["compaction_trigger", "ghost_snapshot"].map((type) => skipped(type, "it is a note of the client's to itself")),
];

/** Whether the model may also call the tools that an item of this type holds. */
export function addsTools(type: unknown): boolean {
  return itemShapes.some((shape) => shape.type === type && shape.addsTools === true);
}

/** A row of the README's table. */
export interface ShapeTold extends Shape { readonly where: string }

/** All rows of the README's table: the shapes that one API has, and that this family's endpoints take too. */
export function shapesTold(): readonly ShapeTold[] {
  const told = (where: string, shapes: readonly Shape[]): readonly ShapeTold[] =>
    shapes.filter(({ whose }) => whose !== "both").map(({ whose, looks, as }) => ({ where, whose, looks, as }));
  return [
    ...told("a tool", toolShapes), ...told("`response_format`, `text.format`", formatShapes),
    ...told("`tool_choice`", choiceShapes), ...told("a part of a message", partShapes),
    ...told("a message", roleShapes), ...told("an entry of the conversation", itemShapes),
  ];
}
