import { BridgeError } from "../../../errors.ts";
import type { Thinking } from "../../../turn/turn.ts";
import {
  arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, optionalObject, optionalWholeNumber, refuseUnless,
} from "../../check.ts";
import { chooseTools } from "../../chosen-tools.ts";
import type { ParseContext, TurnRequest } from "../../dialect.ts";
import { withModelKeys } from "../../model-keys.ts";
import { modelName } from "../../model-name.ts";
import { samplingSettings } from "../../sampling.ts";
import { stopSequencesAt } from "../../stop-sequences.ts";
import { ToolNames } from "../../tool-names.ts";
import { webSearchName } from "../../web-search.ts";
import { parseConversation } from "./conversation.ts";
import { parseOutput, parseThinking } from "./settings.ts";
import { parseToolChoice, parseTools } from "./tools.ts";
import { parseWebSearch } from "./web-search.ts";

const temperatureMax = 1;
const stopSequencesMax = 100;

/** A checked request for a message. */
export interface MessagesRequest extends TurnRequest {
  /** Maps the tool names in the answer back to the client's. */
  readonly names: ToolNames;
  /** Off: in Anthropic's API a model does not think unless the request asks for it. */
  readonly unsaidThinking: Thinking;
}

/** Parses a request to the Messages API. Throws a BridgeError that names the field which cannot be honoured. */
export function parseMessagesRequest(
  body: unknown, { defaultModel, allowsWebSearch }: Omit<ParseContext, "header">,
): MessagesRequest {
  const fields = objectAt(body, "body");
  refuseUnsupported(fields);
  refuseContinued(fields["thread"]);
  const names = new ToolNames();
  const search = parseWebSearch(fields["tools"], allowsWebSearch);
  // Reserved even where `tool_choice` forbids the search: a client's tool of this name keeps one other name throughout.
  if (search !== undefined) names.reserve(webSearchName);
  const offered = parseTools(fields["tools"], names);
  const { choice, disableParallelToolUse } = parseToolChoice(fields["tool_choice"], names, search !== undefined);
  const webSearch = choice.type === "none" ? undefined : search;
  const { system, messages } = parseConversation(
    fields["system"], fields["messages"], { names, hasSearch: webSearch !== undefined },
  );
  const apiTool = webSearch === undefined ? undefined : webSearchName;
  const tools = chooseTools(offered, { choice }, messages, "tool_choice", apiTool);
  const maxTokens = optionalWholeNumber(fields["max_tokens"], "max_tokens", 1);
  const thinking = parseThinking(fields["thinking"]);
  const output = parseOutput(fields, names);
  return {
    turn: {
      system, messages: withModelKeys(messages, names), ...tools, disableParallelToolUse,
      ...(maxTokens === undefined ? {} : { maxTokens }),
      ...(thinking === undefined ? {} : { thinking }),
      ...(webSearch === undefined ? {} : { webSearch }),
      ...output, ...samplingSettings(fields, temperatureMax),
      stopSequences: stopSequencesAt(fields["stop_sequences"], "stop_sequences", stopSequencesMax),
    },
    model: modelName(fields["model"], defaultModel),
    stream: optionalBoolean(fields["stream"], "stream") ?? false,
    unsaidThinking: { type: "disabled" },
    names,
  };
}

/**
 * Refuses a request that has only what is new in a thread: nothing of it is stored here. One that creates a thread has
 * all of it.
 */
function refuseContinued(value: unknown): void {
  const thread = optionalObject(value, "thread");
  if (thread === undefined || thread["type"] === "create") return;
  if (thread["type"] === "continue") {
    throw new BridgeError("not_found", "thread: none is stored here; send all messages.", { field: "thread" });
  }
  throw new BridgeError("invalid_value", "thread.type: expected create.", { field: "thread.type" });
}

/** Refuses fields that would change the answer's meaning if ignored. The README lists the ignored ones. */
function refuseUnsupported(fields: Fields): void {
  const servers = isAbsent(fields["mcp_servers"]) ? [] : arrayAt(fields["mcp_servers"], "mcp_servers");
  refuseUnless(servers.length === 0, "mcp_servers", "no MCP server is asked; serve their tools as your own.");
  refuseUnless(isAbsent(fields["container"]), "container", "no code is run for the model.");
}
