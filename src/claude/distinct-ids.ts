import type { AssistantBlock, Message, ToolUseBlock, UserBlock } from "../turn/message.ts";

/**
 * Matches an id with a number at its end. CLI 2.1.330 takes a call with the id `b_2` for a repetition of the call with
 * the id `b`, and leaves the result of one of the two out of what it sends.
 */
const numberedId = /^(.+)_\d+$/u;

/**
 * Renames the ids of calls that the CLI would confuse with those of other calls in the conversation, in the calls and
 * in their results. Returns the same array if there are no such ids.
 */
export function withDistinctIds(messages: readonly Message[]): readonly Message[] {
  const ids = new DistinctIds();
  /** The new ids of calls that were renamed, by the old ones. */
  const renamed = new Map<string, string>();
  let isChanged = false;
  const call = (block: ToolUseBlock): ToolUseBlock => {
    const id = ids.claim(block.id);
    if (id === block.id) {
      renamed.delete(block.id);
      return block;
    }
    renamed.set(block.id, id);
    isChanged = true;
    return { ...block, id };
  };
  const inAssistant = (block: AssistantBlock): AssistantBlock => (block.type === "tool_use" ? call(block) : block);
  const inUser = (block: UserBlock): UserBlock => {
    const id = block.type === "tool_result" ? renamed.get(block.tool_use_id) : undefined;
    return block.type === "tool_result" && id !== undefined ? { ...block, tool_use_id: id } : block;
  };
  const changed = messages.map((message): Message => (message.role === "assistant"
    ? { role: "assistant", content: message.content.map(inAssistant) }
    : { role: "user", content: renamed.size === 0 ? message.content : message.content.map(inUser) }));
  return isChanged ? changed : messages;
}

/** Gives each call of a conversation an id that the CLI tells apart from all others. */
class DistinctIds {
  readonly #used = new Set<string>();
  /** The used ids that end in a number, without the number. */
  readonly #unnumbered = new Set<string>();

  /** Returns the id itself if the CLI tells it apart, else one made from it. */
  claim(id: string): string {
    let distinct = id;
    for (let number = 2; this.#isConfused(distinct); number++) distinct = `${id}-${number}`;
    this.#used.add(distinct);
    const [, unnumbered] = numberedId.exec(distinct) ?? [];
    if (unnumbered !== undefined) this.#unnumbered.add(unnumbered);
    return distinct;
  }

  #isConfused(id: string): boolean {
    const [, unnumbered = id] = numberedId.exec(id) ?? [];
    return this.#used.has(id) || this.#used.has(unnumbered) || this.#unnumbered.has(id);
  }
}
