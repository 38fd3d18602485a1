/** What the CLI must do, and what of it was seen. */

import type { Tool } from "../turn/turn.ts";
import { type NeedName, needRows } from "./capability-rows.ts";
import { ControlRefused } from "./control.ts";
import { isObject, type JsonObject, toolServerName } from "./protocol.ts";

/** For each thing that the CLI must do, whether it does; a thing that was not seen yet is not in it. */
export type Needs = Readonly<Partial<Record<NeedName, boolean>>>;

/** The tool that the probe serves. No model is told of it. */
export const probedTool: Tool = {
  name: "probed_tool", description: "", inputSchema: { type: "object", properties: {} },
};

/** What the CLI must do and does not, so that it cannot be used at all. */
export function lackingOf(needs: Needs): readonly NeedName[] {
  // `extraBody` matters to some turns only, and shows in their answers alone (`engine/kept-parameters.ts`).
  return needRows.map(({ name }) => name).filter((name) => name !== "extraBody" && needs[name] === false);
}

/** What the CLI's list of its tools (`system/init`) shows while it is served `probedTool`. */
export function needsSeenIn(init: JsonObject): Needs {
  if (!Array.isArray(init["tools"]) || !Array.isArray(init["mcp_servers"])) return {};
  const isConnected = init["mcp_servers"].filter(isObject).some(({ name, status }) => (
    name === toolServerName && status === "connected"
  ));
  const isPlain = init["tools"].includes(probedTool.name);
  const isPrefixed = init["tools"].includes(`mcp__${toolServerName}__${probedTool.name}`);
  const clientTools = isConnected && (isPlain || isPrefixed);
  return clientTools ? { clientTools, toolNames: isPlain } : { clientTools };
}

/**
 * Whether the CLI takes a control request; undefined where its answer does not show that: it may refuse a value, or
 * have died.
 */
export function takesRequest(answer: Promise<unknown>): Promise<boolean | undefined> {
  return answer.then(() => true, (error: unknown) => {
    const isUnknown = error instanceof ControlRefused && /unsupported|unknown|not supported/iu.test(error.message);
    return isUnknown ? false : undefined;
  });
}
