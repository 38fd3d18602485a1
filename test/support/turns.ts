/** Turns and their parts, as short as a test wants to write them. */
import type { Message, TextBlock, ToolResultBlock } from "../../src/turn/message.ts";
import type { Tool, Turn } from "../../src/turn/turn.ts";

/** A caller that stays. */
export const never: AbortSignal = new AbortController().signal;

export function user(text: string): Message {
  return { role: "user", content: [{ type: "text", text }] };
}

export function assistant(text: string): Message {
  return { role: "assistant", content: [{ type: "text", text }] };
}

/** A system prompt of blocks, one for each text. */
export function systemOf(...texts: readonly string[]): readonly TextBlock[] {
  return texts.map((text) => ({ type: "text", text }));
}

/** A system prompt as the CLI is told it. */
export function joinedSystem(system: readonly TextBlock[]): string {
  return system.map(({ text }) => text).join("\n\n");
}

/** A turn that asks for nothing in particular; what is left out is as a plain request has it. */
export function turnOf(overrides: Partial<Turn> = {}): Turn {
  return { model: "fake", system: [], messages: [], tools: [], toolChoice: { type: "auto" }, disableParallelToolUse: false, stopSequences: [], ...overrides };
}

/** A turn of one message. */
export function ask(text: string, overrides: Partial<Turn> = {}): Turn {
  return turnOf({ messages: [user(text)], ...overrides });
}

export function tool(name: string, more: Partial<Tool> = {}): Tool {
  return { name, description: `Does ${name}.`, inputSchema: { type: "object", properties: {} }, ...more };
}

/** An assistant message of calls: ids with their names. */
export function callsOf(...calls: readonly (readonly [id: string, name: string, input?: Readonly<Record<string, unknown>>])[]): Message {
  return { role: "assistant", content: calls.map(([id, name, input = {}]) => ({ type: "tool_use", id, name, input })) };
}

/** A user message of results: ids with what each is. */
export function resultsOf(...results: readonly (readonly [id: string, content: ToolResultBlock["content"], more?: Partial<ToolResultBlock>])[]): Message {
  return { role: "user", content: results.map(([tool_use_id, content, more = {}]) => ({ type: "tool_result", tool_use_id, content, ...more })) };
}

/** The same without where the tools stand in the client's request. */
export function withoutSources<Parsed extends { readonly tools: readonly Tool[] }>(parsed: Parsed): Parsed {
  return { ...parsed, tools: parsed.tools.map(({ source: _source, ...rest }) => rest) };
}
