import { BridgeError } from "../errors.ts";
import type { Tool, Turn } from "../turn/turn.ts";
import { isObject, type JsonObject, toolServerName } from "./protocol.ts";

/** Matches the API's error for a tool. The number is the tool's position in the order in which the CLI sends them. */
const placeInFailure = /\btools\.(\d+)\./u;

/**
 * The tools that the CLI was told to give the model, and those that it says it gives. The CLI silently leaves out tools
 * that it cannot read, and often all tools because of one. Without a check the model would answer as if it had none.
 */
export class ServedTools {
  readonly list: readonly Tool[];
  /** The names of the tools as in `system/init`, in the order in which the CLI sends the tools to the API. */
  #listed: readonly string[] = [];

  constructor({ tools }: Pick<Turn, "tools">) {
    this.list = tools;
  }

  has(toolName: string): boolean {
    return this.list.some(({ name }) => name === toolName);
  }

  /**
   * Checks the `system/init` line, which the CLI writes before it asks the model. Returns the error of a turn whose
   * model would lack a tool.
   */
  check(init: JsonObject): BridgeError | undefined {
    if (this.list.length === 0) return undefined;
    if (!isConnected(init)) return new BridgeError("cli_failed", "The claude process did not connect to the tools.");
    const listed = Array.isArray(init["tools"]) ? init["tools"].filter((name) => typeof name === "string") : [];
    this.#listed = listed;
    const names = new Set(listed);
    const missing = this.list.filter(({ name }) => !names.has(name));
    if (missing.some(({ name }) => names.has(`mcp__${toolServerName}__${name}`))) {
      const words = "The claude CLI gives the tools other names than the client's: it lacks `tool_names`.";
      return new BridgeError("cli_failed", words);
    }
    // A tool that no CLI can list makes the CLI leave out all others, so it is named first.
    const atFault = missing.find(({ inputSchema }) => !isListable(inputSchema)) ?? missing[0];
    return atFault === undefined ? undefined : refusal(atFault);
  }

  /**
   * The error of a turn that failed before the model answered. If a tool is at fault, the new error names it: the API
   * gives only its position.
   */
  explain(error: BridgeError): BridgeError {
    const place = error.code === "invalid_request" ? placeInFailure.exec(error.message)?.[1] : undefined;
    const placed = place === undefined ? undefined : this.#listed[Number(place)];
    const atFault = this.list.find(({ name }) => name === placed);
    return atFault === undefined ? error : refusal(atFault, ` ${error.message}`);
  }
}

function refusal({ name, source }: Tool, why = ""): BridgeError {
  const shown = JSON.stringify(source?.name ?? name);
  const words = `the claude CLI cannot give the model the tool ${shown}, for its name or its schema.${why}`;
  return source === undefined
    ? new BridgeError("invalid_value", `tools: ${words}`, { part: "tools" })
    : new BridgeError("invalid_value", `${source.path}: ${words}`, { field: source.path });
}

function isConnected({ mcp_servers: servers }: JsonObject): boolean {
  if (!Array.isArray(servers)) return true;
  return servers.filter(isObject).some(({ name, status }) => name === toolServerName && status === "connected");
}

/** Whether a schema meets what MCP's `tools/list` asks. If one schema does not, the CLI discards the whole list. */
function isListable({ properties, required }: JsonObject): boolean {
  const hasProperties = properties === undefined || (isObject(properties) && Object.values(properties).every(isObject));
  const isList = Array.isArray(required) && required.every((name) => typeof name === "string");
  return hasProperties && (required === undefined || isList);
}
