/** The CLI's stdio protocol as types and codec: the lines that it reads and the lines that it writes. No I/O. */

import type { Message } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";

/** The name of the tool server that offers the client's tools; `--allowedTools` admits it. */
export const toolServerName = "client";
/** The CLI's own tool, which the model calls with its answer when the answer has a schema. */
export const schemaToolName = "StructuredOutput";

/** A model in the CLI's answer to `initialize`. */
export interface CliModel {
  /** The alias that `--model` takes. */
  readonly value: string;
  readonly resolvedModel: string | undefined;
  readonly displayName: string | undefined;
  /** Whether the model decides for each answer how long it thinks, and takes no budget. */
  readonly isAdaptive?: boolean;
}

/**
 * What the answer to `initialize` says of the installation and the login. Its `account` may hold an e-mail address, so
 * only these facts are kept.
 */
export interface InitializeAnswer {
  readonly models: readonly CliModel[];
  readonly loggedIn: boolean;
  /** Whether the CLI knows the account's e-mail address. If so, it tells the address to the model. */
  readonly knowsEmail: boolean;
}

/** What the CLI says of a model with the end of a turn, in tokens. */
export interface ModelLimits {
  /** The id under which the CLI asks for the model. */
  readonly id: string;
  /** How many tokens a request and its answer may have together. */
  readonly contextWindow: number | undefined;
  readonly outputTokensMax: number | undefined;
}

/** The parts of a `rate_limit_event` that are used; `resetsAt` in epoch seconds. */
export interface RateLimitInfo {
  readonly status: string;
  readonly resetsAt: number | undefined;
  /** Which window it is: `five_hour`, `seven_day` and others. */
  readonly rateLimitType: string | undefined;
  /** How much of the window is used, from 0 to 1. */
  readonly utilization: number | undefined;
}

/** Any JSON object: its fields are checked where they are read. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a JSON value is an object, which arrays and null are not. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function line(message: JsonObject): string {
  return `${withoutLoneSurrogates(JSON.stringify(message))}\n`;
}

/**
 * Replaces lone surrogates by U+FFFD. `JSON.stringify` writes only those as `\ud…` escapes. CLI 2.1.197 replaces one in
 * a value itself, but passes on one in a key of a call's input, and the API refuses the whole request as invalid JSON.
 */
function withoutLoneSurrogates(json: string): string {
  if (!json.includes("\\ud")) return json;
  // Match every escape, so that an escaped backslash before `ud…` is not taken for the beginning of one.
  return json.replaceAll(/\\(?:ud[89a-f][\da-f]{2}|.)/gu, (escape) => (escape.length > 2 ? "\ufffd" : escape));
}

/** A control request from this server to the CLI. */
export function controlRequestLine(requestId: string, request: JsonObject): string {
  return line({ type: "control_request", request_id: requestId, request });
}

/** The answer to a control request from the CLI. */
export function controlSuccessLine(requestId: string, response: JsonObject): string {
  return line({ type: "control_response", response: { subtype: "success", request_id: requestId, response } });
}

/** The refusal of a control request from the CLI. */
export function controlErrorLine(requestId: string, error: string): string {
  return line({ type: "control_response", response: { subtype: "error", request_id: requestId, error } });
}

/**
 * Stands between two blocks of a system prompt, which the CLI is told as one text. The CLI itself joins several texts
 * in the same way (2.1.197, 2.1.330).
 */
const systemSeparator = "\n\n";

/**
 * The first control request to a process, sent once. Where `systemPrompt` is empty, the model's system prompt is the
 * CLI's own sentence of identity alone.
 */
export function initializeRequest(
  { system, tools, responseSchema }: Pick<Turn, "system" | "tools" | "responseSchema">,
): JsonObject {
  return {
    subtype: "initialize",
    systemPrompt: system.length === 0 ? [] : [system.map(({ text }) => text).join(systemSeparator)],
    ...(tools.length === 0 ? {} : { sdkMcpServers: [toolServerName] }),
    ...(responseSchema === undefined ? {} : { jsonSchema: responseSchema }),
  };
}

/** Matches a text that begins with slashes: the slashes, and what follows them. */
const commandLike = /^(\/+)([^/].*)$/su;

/**
 * A user's content blocks, changed so that the CLI does not read a command of its own in them. If the last
 * text begins with a slash, the CLI takes it for a command and never asks the model. So the slashes become a
 * block of their own before it.
 */
function withoutCommand({ content }: Message): readonly unknown[] {
  const last = content.at(-1);
  const [, slashes, rest] = last?.type === "text" ? commandLike.exec(last.text) ?? [] : [];
  // The API refuses a block of white space alone, so such a text stays whole. Slashes alone are no command.
  if (slashes === undefined || rest === undefined || rest.trim() === "") return content;
  return [...content.slice(0, -1), { type: "text", text: slashes }, { type: "text", text: rest }];
}

/** A user message that starts a turn. */
export function turnLine(message: Message, uuid: string): string {
  return line({
    type: "user", message: { role: "user", content: withoutCommand(message) }, parent_tool_use_id: null,
    session_id: "", uuid,
  });
}

/** A user message that only joins the history; the CLI acknowledges it with a `result` of `num_turns: 0`. */
export function historyUserLine(message: Message, uuid: string): string {
  return line({
    type: "user", message: { role: "user", content: withoutCommand(message) }, shouldQuery: false,
    parent_tool_use_id: null, session_id: "", uuid,
  });
}

/**
 * The words that the CLI puts into a message without content, in two parts. It does not send the API an assistant
 * message that consists of them.
 */
const noContentWords = ["(no", " content)"] as const;

/**
 * An assistant's content blocks. If the only text is the CLI's own words for a message without content, it becomes two
 * blocks: the CLI would leave out a message with one.
 */
function withoutSentinel({ content }: Message): readonly unknown[] {
  const [only] = content;
  if (content.length !== 1 || only?.type !== "text" || only.text.trim() !== noContentWords.join("")) return content;
  const words = only.text.indexOf(noContentWords[1]);
  return [only.text.slice(0, words), only.text.slice(words)].map((text) => ({ type: "text", text }));
}

/**
 * An assistant message that joins the history. The CLI merges messages with equal ids or none: `id` must be unique. It
 * leaves out thinking unless `model` is the id under which it asks for the model; otherwise any word will do.
 */
export function historyAssistantLine(message: Message, id: string, uuid: string, model = "claude"): string {
  return line({
    type: "assistant",
    message: {
      id, type: "message", role: "assistant", model, content: withoutSentinel(message),
      stop_reason: message.content.some((block) => block.type === "tool_use") ? "tool_use" : "end_turn",
      stop_sequence: null, usage: { input_tokens: 0, output_tokens: 0 },
    },
    parent_tool_use_id: null, session_id: "", uuid,
  });
}

/** Parses a line from the CLI. Undefined for a line that is no JSON object (a warning on stdout, an empty line). */
export function parseLine(latin1Line: string): JsonObject | undefined {
  if (!latin1Line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(latin1Line, "latin1").toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function parseInitializeAnswer(response: unknown): InitializeAnswer {
  const answer = isObject(response) ? response : {};
  const account = isObject(answer["account"]) ? answer["account"] : {};
  const models = Array.isArray(answer["models"]) ? answer["models"].filter(isObject) : [];
  return {
    models: models.flatMap((model) => {
      const value = optionalString(model["value"]);
      if (value === undefined) return [];
      return [
        {
          value, resolvedModel: optionalString(model["resolvedModel"]),
          displayName: optionalString(model["displayName"]),
          ...(model["supportsAdaptiveThinking"] === true ? { isAdaptive: true } : {}),
        }
      ];
    }),
    loggedIn: account["tokenSource"] !== "none" || optionalString(account["apiKeySource"]) !== undefined,
    knowsEmail: typeof account["email"] === "string" && account["email"] !== "",
  };
}

export function parseRateLimitInfo(value: unknown): RateLimitInfo | undefined {
  if (!isObject(value)) return undefined;
  const status = optionalString(value["status"]);
  if (status === undefined) return undefined;
  const rateLimitType = optionalString(value["rateLimitType"]);
  const windows = isObject(value["unifiedWindows"]) ? value["unifiedWindows"] : {};
  const window = isObject(windows[rateLimitType ?? ""]) ? windows[rateLimitType ?? ""] : undefined;
  return {
    status,
    resetsAt: optionalNumber(value["resetsAt"]),
    rateLimitType,
    utilization: optionalNumber(value["utilization"]) ?? (
      isObject(window) ? optionalNumber(window["utilization"]) : undefined
    ),
  };
}

/** The `modelUsage` of a `result`: an entry for each model that was asked. Those that say nothing are left out. */
export function parseModelLimits(value: unknown): readonly ModelLimits[] {
  const told = Object.entries(isObject(value) ? value : {}).map(([id, usage]) => {
    const { contextWindow, maxOutputTokens } = isObject(usage) ? usage : {};
    return { id, contextWindow: positiveNumber(contextWindow), outputTokensMax: positiveNumber(maxOutputTokens) };
  });
  return told.filter(({ contextWindow, outputTokensMax }) => (contextWindow ?? outputTokensMax) !== undefined);
}

function positiveNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : undefined;
}

function optionalNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The value when it is a string, else undefined. */
export function optionalString(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
