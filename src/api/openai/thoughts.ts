/**
 * The model's signed thinking, as clients hold it and send it back. In Anthropic's own shape the signature stands
 * beside the text. In OpenAI's `reasoning` items nobody has signed the text, and `encrypted_content` is for its
 * provider alone: this server puts the whole block into it, as base64, not encrypted, as the block has the API's
 * signature.
 */

import type { Thought } from "../../turn/message.ts";
import { type Fields, isFields } from "../check.ts";

/** The beginning of this server's `encrypted_content`. Other providers' has no colon. */
const prefix = "claude-max-api:";

/** The `encrypted_content` that gives a thought back in a later request. */
export function packedThought(thought: Thought): string {
  return `${prefix}${Buffer.from(JSON.stringify(thought)).toString("base64")}`;
}

/** The thought in a `reasoning` item; undefined for one of another provider, or without `encrypted_content`. */
export function unpackedThought({ encrypted_content: packed }: Fields): Thought | undefined {
  if (typeof packed !== "string" || !packed.startsWith(prefix)) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(packed.slice(prefix.length), "base64").toString("utf8"));
    const thought = isFields(value) ? signedThought(value) : undefined;
    const model = isFields(value) ? value["model"] : undefined;
    return thought === undefined || typeof model !== "string" ? thought : { ...thought, model };
  } catch {
    return undefined;
  }
}

/** Reads a thinking block of Anthropic's; undefined for one that is not signed, which the Messages API would refuse. */
export function signedThought({ type, thinking, signature, data }: Fields): Thought | undefined {
  if (type === "redacted_thinking" && typeof data === "string" && data !== "") return { type, data };
  const isSigned = type === "thinking" && typeof signature === "string" && signature !== "";
  return isSigned && typeof thinking === "string" ? { type, thinking, signature } : undefined;
}

/** The thoughts beside a chat message's content: LiteLLM's `thinking_blocks`, or OpenRouter's `reasoning_details`. */
export function thoughtsBeside({ thinking_blocks: blocks, reasoning_details: details }: Fields): readonly Thought[] {
  const ofLiteLlm = fieldsIn(blocks).map(signedThought);
  const ofOpenRouter = fieldsIn(details).map(detailedThought);
  const [own, others] = [ofLiteLlm, ofOpenRouter].map((list) => list.filter((thought) => thought !== undefined));
  return own !== undefined && own.length > 0 ? own : others ?? [];
}

/** Reads an entry of `reasoning_details`; its `format` names the provider that signed the thought. */
function detailedThought({ type, format, text, signature, data }: Fields): Thought | undefined {
  if (format !== "anthropic-claude-v1") return undefined;
  if (type === "reasoning.encrypted") return signedThought({ type: "redacted_thinking", data });
  return type === "reasoning.text" ? signedThought({ type: "thinking", thinking: text, signature }) : undefined;
}

function fieldsIn(list: unknown): readonly Fields[] {
  return Array.isArray(list) ? list.filter(isFields) : [];
}
