/** Lines of the CLI, recorded or made up, played through a translator. */
import assert from "node:assert/strict";
import { parseDelta } from "../../src/claude/deltas.ts";
import { type JsonObject, parseLine } from "../../src/claude/protocol.ts";
import { type TranslateOptions, TurnTranslator } from "../../src/claude/translate.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import { callsIn, checkGrammar, summaryOf } from "./turn-events.ts";

export type Path = "fast" | "parsed";

/** A translator for a turn like any other. */
export function translatorOf(options: Partial<TranslateOptions> = {}): TurnTranslator {
  return new TurnTranslator({ nowMs: () => 0, previousMessageId: undefined, rateLimit: undefined, hasSchema: false, callsMax: Infinity, isServed: () => true, onCall: () => {}, mayBegin: () => true, ...options });
}

/** Plays lines through a translator, each delta by the fast path or all by the parser, until `ends` if that is given. */
export function playThrough(translator: TurnTranslator, lines: readonly string[], path: Path, ends = (): boolean => false) {
  const events: TurnEvent[] = [];
  let taken = 0;
  for (const line of lines) {
    if (ends()) break;
    taken++;
    const delta = path === "fast" ? parseDelta(line) : undefined;
    if (delta !== undefined) {
      translator.takeDelta(delta, events);
    } else {
      const message = parseLine(line);
      assert.ok(message !== undefined, line);
      translator.take(message, events);
    }
  }
  const { outcome, rateLimit, callIds, hasToldAllCalls, messageId } = translator;
  checkGrammar(events, outcome.name !== "running" && outcome.name !== "failed");
  return { ...summaryOf(events), taken, events, calls: callsIn(events), rateLimit, callIds, hasToldAllCalls, messageId, outcome: outcome.name, error: outcome.name === "failed" ? outcome.error : undefined };
}

export function play(lines: readonly string[], path: Path, nowMs = 0, options: Partial<TranslateOptions> = {}) {
  return playThrough(translatorOf({ nowMs: () => nowMs, ...options }), lines, path);
}

export const event = (inner: JsonObject): JsonObject => ({ type: "stream_event", event: inner });
export const start = (id: string, more: JsonObject = {}): JsonObject => event({ type: "message_start", message: { id, model: "claude-x", ...more } });
export const text = (value: unknown): JsonObject => event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: value } });
export const stop = (reason: string | null, usage: JsonObject = {}): JsonObject => event({ type: "message_delta", delta: { stop_reason: reason }, usage });
export const result: JsonObject = { type: "result", is_error: false };
export const whole = (id: string, content: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({ type: "assistant", message: { id, model: "claude-x", content, ...more } });
export const toolUse = (index: number, id: string, name = "look"): JsonObject => event({ type: "content_block_start", index, content_block: { type: "tool_use", id, name, input: {} } });
export const input = (index: number, partial_json: string): JsonObject => event({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json } });
export const blockStop = (index: number): JsonObject => event({ type: "content_block_stop", index });
export const rateLimit: JsonObject = { type: "rate_limit_event", rate_limit_info: { status: "allowed" } };

export function playWith(options: Partial<TranslateOptions>, ...messages: JsonObject[]) {
  return play(messages.map((message) => Buffer.from(JSON.stringify(message)).toString("latin1")), "parsed", 0, options);
}

export function playMessages(...messages: JsonObject[]) {
  return playWith({}, ...messages);
}
