/** A rule of the real Messages API, and the request that it is held against. */
import { modelNamed, type Model } from "./models.ts";

export interface RuleLimits {
  /** Largest `max_tokens`. */
  readonly outputTokensMax: number;
  /** The context window. Tokens are estimated, four characters to one. */
  readonly promptTokensMax: number;
}

export type Fields = Readonly<Record<string, unknown>>;

/** A content block and where it stands: `messages.3.content.0`. */
export interface Placed {
  readonly at: string;
  readonly role: string;
  readonly block: Fields;
}

export interface ApiRequest {
  readonly body: Fields;
  /** The body as it came over the wire. */
  readonly text: string;
  readonly model: Model;
  readonly limits: RuleLimits;
  /** Every block of every message, system messages included. */
  readonly blocks: readonly Placed[];
  /** The same without system messages: CLI 2.1.330 puts some of its own anywhere in the list. */
  readonly conversation: readonly Placed[];
}

export interface Rule {
  /** Short and lasting: reports and lists of known breaches go by it. */
  readonly name: string;
  /** What the API demands, as a sentence. */
  readonly demands: string;
  /** A part of the API's own sentence. */
  readonly words: string;
  /** Parts of its other sentences, where it has several for this. */
  readonly otherWords?: readonly string[];
  /** The sentence with which the API refuses the request, or null. */
  find(request: ApiRequest): string | null;
  /** Bodies, by what is wrong with each, that break this rule and no other. */
  readonly broken: Readonly<Record<string, () => unknown>>;
  /** Bodies next to them that keep every rule. */
  readonly kept: Readonly<Record<string, () => unknown>>;
}

/** `text` is what came over the wire, where that is known; limits are the model's where they are not given. */
export function readRequest(
  body: unknown,
  text = JSON.stringify(body) ?? "",
  limits: Partial<RuleLimits> = {},
): ApiRequest {
  const fields = isRecord(body) ? body : {};
  const model = modelNamed(String(fields["model"]));
  const blocks = [...placedBlocks(listOf(fields["messages"]))];
  return {
    body: fields,
    text,
    model,
    blocks,
    limits: { outputTokensMax: model.outputTokensMax, promptTokensMax: model.promptTokensMax, ...limits },
    conversation: blocks.filter(({ role }) => role !== "system"),
  };
}

function* placedBlocks(messages: readonly unknown[]): Generator<Placed> {
  for (const [index, message] of messages.entries()) {
    if (!isRecord(message)) continue;
    const { role, content } = message;
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : listOf(content);
    for (const [place, block] of blocks.entries()) {
      if (isRecord(block)) yield { at: `messages.${index}.content.${place}`, role: String(role), block };
    }
  }
}

/** A block and, where it is a tool's result, the blocks inside. */
export function* withInner({ at, role, block }: Placed): Generator<Placed> {
  yield { at, role, block };
  if (block["type"] !== "tool_result") return;
  for (const [index, inner] of listOf(block["content"]).entries()) {
    if (isRecord(inner)) yield { at: `${at}.tool_result.content.${index}`, role, block: inner };
  }
}

/** What the first of them gives that gives anything. */
export function firstOf<Item>(items: Iterable<Item>, find: (item: Item) => string | null): string | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
