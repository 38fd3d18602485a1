import { BridgeError } from "../errors.ts";
import { goneToolText } from "../own-words.ts";
import type { Message } from "../turn/message.ts";
import type { Tool, ToolChoice } from "../turn/turn.ts";

/** A request's `tool_choice`, with the names by which the model knows the tools. */
export interface ParsedChoice {
  readonly choice: ToolChoice;
  /** The only tools that the model may call, which may be none; undefined where it may call all. */
  readonly allowed?: readonly string[];
}

/** The tools that the model sees, and the turn's tool choice. */
export interface ChosenTools {
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
}

/**
 * Applies a request's tool choice to its tools; `path` is the field of the choice. The Messages API has no
 * `tool_choice` for some of the tools, so the model is shown only these. The API refuses a history with calls unless
 * the request has tools: where the model is to see none, placeholders with the names of the calls in `messages` are
 * made. `apiTool` is the name of a tool that the API runs itself, where the turn has one: a call that is demanded may
 * be of that.
 */
export function chooseTools(
  offered: readonly Tool[], { choice, allowed }: ParsedChoice, messages: readonly Message[], path: string,
  apiTool?: string,
): ChosenTools {
  const isDemanded = choice.type === "any" || choice.type === "tool";
  if (offered.length === 0 && isDemanded && apiTool === undefined) {
    throw new BridgeError(
      "invalid_value", `${path}: a call is asked for, but there are no tools to call.`, { field: path },
    );
  }
  for (const name of choice.type === "tool" ? [choice.name] : allowed ?? []) {
    if (name !== apiTool && !offered.some((tool) => tool.name === name)) {
      throw new BridgeError("invalid_value", `${path}: it names a tool that is not among the tools.`, { field: path });
    }
  }
  const tools = allowed === undefined ? offered : offered.filter(({ name }) => allowed.includes(name));
  if (tools.length > 0) return { tools, toolChoice: choice };
  const called = new Set(
    messages.flatMap(({ content }) => content.flatMap((block) => (block.type === "tool_use" ? [block.name] : [])))
  );
  const placeholders = [...called].map(
    (name) => ({ name, description: goneToolText, inputSchema: { type: "object", properties: {} } })
  );
  // The placeholders must not be called, so the choice names the only tool that can be.
  if (isDemanded && apiTool !== undefined) return { tools: placeholders, toolChoice: { type: "tool", name: apiTool } };
  return { tools: placeholders, toolChoice: { type: placeholders.length === 0 ? "auto" : "none" } };
}
