/**
 * What the CLI makes of what it was told: the body of its request to the API, after its own repairs. Made-up CLIs hold
 * it against the API's rules. As seen on 2.1.197 and 2.1.330; where they differ, as the one that repairs less.
 */
import { modelNamed, takesAdaptiveThinking, takesDisabledThinking } from "./anthropic-rules/models.ts";
import { type Breach, findBreach } from "./anthropic-rules/rules.ts";
import { wellFormed } from "./well-formed.ts";

export interface ToldBlock {
  readonly type: string;
  readonly text?: string;
  readonly [key: string]: unknown;
}
export interface ToldMessage {
  readonly role: "user" | "assistant";
  readonly content: readonly ToldBlock[];
}
/** The same, in any form in which it is told. */
export interface GivenMessage {
  readonly role: "user" | "assistant";
  readonly content: string | readonly { readonly type: string }[];
}
export interface ToldTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: unknown;
}

/** All that a process has been told when it asks the API. */
export interface ToldRequest {
  /** As in the CLI's list of models, resolved. */
  readonly model: string;
  readonly system: string;
  readonly messages: readonly GivenMessage[];
  readonly tools?: readonly ToldTool[];
  /** By `CLAUDE_CODE_MAX_OUTPUT_TOKENS`. */
  readonly outputTokensMax?: string | undefined;
  /** By `set_max_thinking_tokens`. */
  readonly thinkingTokens?: number | null | undefined;
  /** By `CLAUDE_CODE_EXTRA_BODY`. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface ComposedRequest {
  readonly body: Readonly<Record<string, unknown>>;
  /** What the CLI changed, so that the model sees something else than the client sent. */
  readonly repairs: readonly string[];
}

const identity = "You are a Claude agent, built on Anthropic's Claude Agent SDK.";
const noContent: ToldBlock = { type: "text", text: "(no content)" };
const missingResult = "[Tool result missing due to internal error]";
const outputTokensDefault = 32_000;
const budgetTokensMin = 1_024;
const clearThinking = { edits: [{ type: "clear_thinking_20251015", keep: "all" }] };

export function composeRequest(told: ToldRequest): ComposedRequest {
  const repairs: string[] = [];
  const maxTokens = told.outputTokensMax === undefined ? outputTokensDefault : Number(told.outputTokensMax);
  const thinking = thinkingOf(told, maxTokens);
  const body = {
    model: told.model,
    max_tokens: maxTokens,
    system: [identity, told.system]
      .filter((text) => text !== "")
      .map((text) => ({ type: "text", text: wellFormed(text) })),
    messages: withAllResults(merged(told.messages, repairs), repairs),
    tools: (told.tools ?? []).map(({ name, description = "", inputSchema }) => ({
      name,
      description: wellFormed(description),
      input_schema: inputSchema,
    })),
    thinking,
    ...(thinking.type === "disabled" ? {} : { context_management: clearThinking }),
    ...told.parameters,
  };
  return { body, repairs };
}

/** What the server is at fault for in what it told a process: the API would refuse it, or the CLI had to repair it. */
export function faultOf(told: ToldRequest): Breach | null {
  const { body, repairs } = composeRequest(told);
  const breach = findBreach(body);
  if (breach !== null) return breach;
  return repairs[0] === undefined ? null : { rule: "repaired-by-cli", message: repairs[0] };
}

function thinkingOf({ model, thinkingTokens }: ToldRequest, maxTokens: number): { readonly type: string; readonly budget_tokens?: number } {
  const named = modelNamed(model);
  if (thinkingTokens === 0 && takesDisabledThinking(named)) return { type: "disabled" };
  if (takesAdaptiveThinking(named)) return { type: "adaptive" };
  // A small bound leaves no room for thinking; a small budget goes up as it was told (2.1.197).
  if (maxTokens <= budgetTokensMin) return { type: "disabled" };
  return { type: "enabled", budget_tokens: Math.min(thinkingTokens ?? maxTokens, maxTokens - 1) };
}

/** Consecutive user messages are one; what is blank is left out, or stands in words of the CLI's own. */
function merged(told: readonly GivenMessage[], repairs: string[]): ToldMessage[] {
  const messages: ToldMessage[] = [];
  for (const [index, { role, content }] of told.entries()) {
    const blocks: readonly ToldBlock[] = typeof content === "string" ? [{ type: "text", text: content }] : content;
    const visible = blocks.filter((block) => !isBlank(block));
    if (role === "assistant") {
      if (blocks.length > 0 && visible.length === 0) {
        repairs.push(`messages.${index}: the assistant's blank message was left out`);
        continue;
      }
      if (blocks.length === 0) repairs.push(`messages.${index}: the assistant's empty message became "(no content)"`);
      messages.push({ role, content: blocks.length === 0 ? [noContent] : blocks.map(wellFormedBlock) });
      continue;
    }
    if (visible.length === 0) repairs.push(`messages.${index}: the user's blank message became "(no content)"`);
    const kept = visible.length === 0 ? [noContent] : visible.map(wellFormedBlock);
    messages.push({ role, content: kept });
  }
  return usersJoined(messages);
}

/** Consecutive user messages as one. Where a text follows a text, the CLI puts a line break between them. */
export function usersJoined(told: readonly ToldMessage[]): ToldMessage[] {
  const messages: ToldMessage[] = [];
  for (const message of told) {
    const before = messages.at(-1);
    const last = before?.content.at(-1);
    if (before?.role !== "user" || message.role !== "user" || last === undefined) {
      messages.push(message);
      continue;
    }
    const isSeam = last.type === "text" && message.content[0]?.type === "text";
    const begun = isSeam ? [...before.content.slice(0, -1), { ...last, text: `${last.text ?? ""}\n` }] : before.content;
    messages[messages.length - 1] = { role: "user", content: [...begun, ...message.content] };
  }
  return messages;
}

/** A call without a result gets one that tells of an error; a result without a call is left out. */
function withAllResults(messages: readonly ToldMessage[], repairs: string[]): ToldMessage[] {
  let open: readonly unknown[] = [];
  return messages.map((message, index): ToldMessage => {
    const { content: blocks } = message;
    if (message.role === "assistant") {
      open = [...open, ...blocks.flatMap((block) => (block.type === "tool_use" ? [block["id"]] : []))];
      return message;
    }
    const asked = open;
    open = [];
    const isStray = (block: ToldBlock): boolean =>
      block.type === "tool_result" && !asked.includes(block["tool_use_id"]);
    const given = new Set(blocks.map((block) => block["tool_use_id"]));
    const missing = asked.filter((id) => !given.has(id));
    for (const block of blocks.filter(isStray)) {
      repairs.push(`messages.${index}: the result of ${String(block["tool_use_id"])} was left out`);
    }
    for (const id of missing) repairs.push(`messages.${index}: the result of ${String(id)} was missing`);
    const results = missing.map((id): ToldBlock => ({
      type: "tool_result",
      tool_use_id: id,
      content: missingResult,
      is_error: true,
    }));
    const kept = [...results, ...blocks.filter((block) => !isStray(block))];
    return { role: "user", content: kept.length === 0 ? [noContent] : kept };
  });
}

function isBlank({ type, text }: ToldBlock): boolean {
  return type === "text" && (text ?? "").trim() === "";
}

/** A lone surrogate becomes U+FFFD, but not in the keys of an object (2.1.197). */
function wellFormedBlock(block: ToldBlock): ToldBlock {
  const reviver = (_key: string, value: unknown): unknown => (typeof value === "string" ? wellFormed(value) : value);
  return JSON.parse(JSON.stringify(block), reviver) as ToldBlock;
}
