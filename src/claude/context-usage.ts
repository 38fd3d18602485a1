import { BridgeError } from "../errors.ts";
import { type ControlChannel, ControlRefused } from "./control.ts";
import { type After, orLate } from "./late.ts";
import { isObject, type JsonObject } from "./protocol.ts";
import type { Reading } from "./run.ts";
import type { Turn } from "../turn/turn.ts";

/**
 * How long the CLI may take to count tokens, in milliseconds. It asks the API's own count three times, each of them
 * twice where that fails.
 */
export const countWaitMsMax = 20_000;

/** Asks how full the context window is. */
const usageRequest: JsonObject = { subtype: "get_context_usage" };

/**
 * What the CLI takes off its count of the tools, in tokens: about what the API adds to a request that has any. Where
 * there are tools, it is in the count of a whole request.
 */
const toolsDiscount = 500;
/**
 * What is counted for tools of which the CLI tells nothing, because they have no more than the discount. The API's own
 * addition is some 350 of that, so this is off by 75 at most.
 */
export const fewToolsTokens = 425;

/**
 * What the CLI tells of the tokens of what it was told. It has the API count them in parts, each as a request of its
 * own: the system prompt, the tools, and the messages, with the notes that the CLI adds (2.1.330 its environment). Not
 * in it are the API's own parameters, such as a search of the web and an answer's schema, and the CLI's sentence of
 * identity. Where the API counts nothing, the CLI does not say so: 2.1.330 tells an estimate by the letters, 2.1.197
 * asks the model for one token, to read its usage.
 */
export interface ContextUsage {
  readonly inputTokens: number;
}

/**
 * Resolves with the CLI's count of what a process has been told, once all of it is. `reading` is that of a turn whose
 * question is not asked: nothing comes of it but its failure. Rejects with `not_implemented` where the CLI knows no
 * such request, and with `turn_timeout` where it does not answer within `countWaitMsMax`.
 */
export async function usageOfTold(
  { batches, told }: Reading, { tools }: Pick<Turn, "tools">, control: ControlChannel, after?: After,
): Promise<ContextUsage> {
  let isOver = false;
  const failed = batches.next().finally(() => (isOver = true)).then(() => {
    throw new BridgeError("cli_failed", "The claude process answered what was no question.");
  });
  const usage = told.then(() => (isOver ? failed : askUsage(control, after)))
    .then((response) => parseContextUsage(response, tools.length > 0));
  return await Promise.race([usage, failed]);
}

async function askUsage(control: ControlChannel, after: After | undefined): Promise<unknown> {
  const answer = control.request(usageRequest).catch((error: unknown) => {
    if (!(error instanceof ControlRefused)) throw error;
    const words = "The claude CLI here cannot count tokens before the model is asked: it does not know the request.";
    throw new BridgeError("not_implemented", words);
  });
  return await orLate(answer, countWaitMsMax, () => {
    const words = `The claude process did not count the tokens within ${countWaitMsMax / 1000} s.`;
    throw new BridgeError("turn_timeout", words);
  }, after);
}

/** How the CLI names the parts: by an id, or only by a name (2.1.197). Others are no part of what it was told. */
const parts = [["system_prompt", "System prompt"], ["mcp_tools", "MCP tools"], ["messages", "Messages"]] as const;

/**
 * Reads the CLI's answer to `get_context_usage`. `hasTools`: whether it was told tools. Throws `cli_failed` for an
 * answer that says nothing of the messages.
 */
export function parseContextUsage(response: unknown, hasTools: boolean): ContextUsage {
  const categories = isObject(response) && Array.isArray(response["categories"]) ? response["categories"] : [];
  const [system = 0, tools = 0, messages] = parts.map(([id, name]) => {
    const part = categories.filter(isObject).find((one) => (one["id"] ?? one["name"]) === ("id" in one ? id : name));
    return typeof part?.["tokens"] === "number" ? part["tokens"] : undefined;
  });
  if (messages === undefined) throw new BridgeError("cli_failed", "The claude process told no count of the messages.");
  const ofTools = tools > 0 ? tools + toolsDiscount : fewToolsTokens;
  return { inputTokens: system + messages + (hasTools ? ofTools : 0) };
}
