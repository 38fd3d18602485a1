/** What the clients of the conversation trees write: chat completion requests, and the tools, choices and forms in them. */

export type ChatPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } };
/** A call of the model's, as its answer had it. */
export interface ChatCall { readonly id: string; readonly type: "function"; readonly function: { readonly name: string; readonly arguments: string } }
export interface ChatMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content: string | readonly ChatPart[];
  readonly tool_calls?: readonly ChatCall[];
  readonly tool_call_id?: string;
}
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly object[];
  readonly max_tokens?: number;
  readonly reasoning_effort?: string;
  readonly thinking?: { readonly type: "enabled"; readonly budget_tokens: number };
  readonly temperature?: number;
  readonly stop?: readonly string[];
  readonly response_format?: ResponseFormat;
  readonly tool_choice?: "none" | "required" | { readonly type: "function"; readonly function: { readonly name: string } };
  readonly parallel_tool_calls?: false;
  readonly web_search_options?: object;
  readonly stream: boolean;
}
/** Which calls a client wants, if it has a tool. */
export type Choice = Pick<ChatBody, "tool_choice" | "parallel_tool_calls">;
/** What a client may set anew with each request, besides its output limit. */
export type Settings = Pick<ChatBody, "reasoning_effort" | "thinking" | "temperature" | "stop" | "response_format">;

export interface ResponseFormat { readonly type: "json_schema"; readonly json_schema: { readonly name: string; readonly schema: object } }

/** A schema that the API takes as it is. Nobody looks whether the answer fits. */
export function formatWith(key: string): ResponseFormat {
  return { type: "json_schema", json_schema: { name: "answer", schema: { type: "object", properties: { [key]: { type: "string" } }, required: [key], additionalProperties: false } } };
}

/** A schema that the API does not take, so that the CLI's own tool gives the answer: it may have more properties. */
export function toolFormatWith(key: string): ResponseFormat {
  return { type: "json_schema", json_schema: { name: "answer", schema: { type: "object", properties: { [key]: { type: "string" } }, required: [key], additionalProperties: true } } };
}

export function isOpen(schema: object): boolean {
  return (schema as { additionalProperties?: boolean }).additionalProperties === true;
}

/** A call that is demanded of a model that is to think is asked for in words: that is another beginning, and not drawn. */
export const choices: readonly Choice[] = [
  {}, {}, {}, { tool_choice: "none" }, { parallel_tool_calls: false }, { tool_choice: "required" }, { tool_choice: { type: "function", function: { name: "look" } } },
];

/** One tool that the CLI passes on as it is, two that it would cut (a strict one, and one with a long description), and a longer list. */
export type ToolKind = "plain" | "strict" | "long" | "two";
export const kinds: readonly ToolKind[] = ["plain", "plain", "two", "strict", "long"];
export interface FunctionTool { readonly name: string; readonly description: string; readonly parameters: object; readonly strict?: true }
const parameters = { type: "object", properties: {} };
const look: FunctionTool = { name: "look", description: "Looks.", parameters };
export const tools: Readonly<Record<ToolKind, readonly FunctionTool[]>> = {
  plain: [look],
  two: [look, { name: "hear", description: "Hears.", parameters }],
  strict: [{ ...look, parameters: { ...parameters, required: [], additionalProperties: false }, strict: true }],
  long: [{ ...look, description: "Looks. ".repeat(1_300).trim() }],
};

/** Whether the CLI's own tool gives the answer, if no call of the client's is demanded. */
export function givesByTool({ response_format: format }: Settings): boolean {
  return format !== undefined && isOpen(format.json_schema.schema);
}

export function demandsCall({ tool_choice: choice }: Choice): boolean {
  return choice !== undefined && choice !== "none";
}

export function partsOf({ content }: ChatMessage): readonly ChatPart[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}

export function textOf(message: ChatMessage | undefined): string {
  return message === undefined ? "" : partsOf(message).map((part) => (part.type === "text" ? part.text : "")).join("");
}
