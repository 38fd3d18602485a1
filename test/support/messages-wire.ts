/**
 * A judge of the bytes of a streamed message: what no stream of Anthropic's has is an error that names it. Written from the
 * API's documentation, with nothing of the server's own code.
 */
import assert from "node:assert/strict";

/** An event's JSON. */
export interface MessageEvent { readonly type: string; readonly [field: string]: any }

export interface JudgedMessage {
  /** All events but pings, in their order. */
  readonly events: readonly MessageEvent[];
  readonly pings: number;
  /** The whole message, as its events have it; undefined where the stream failed. */
  readonly message: any;
  /** The error's type, where the stream failed. */
  readonly failure: string | undefined;
}

/** The field of a block to which a delta adds its own. */
const grows: Readonly<Record<string, readonly [delta: string, block: string]>> = {
  text_delta: ["text", "text"], thinking_delta: ["thinking", "thinking"], signature_delta: ["signature", "signature"], input_json_delta: ["partial_json", "json"],
};
const errorTypes = [
  "invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error", "request_too_large", "rate_limit_error", "api_error", "timeout_error", "overloaded_error",
];
const stopReasons = ["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "pause_turn", "model_context_window_exceeded"];

/** The body of an error, which must hold it and nothing else. */
export function anthropicErrorOf(text: string): { readonly type: string; readonly message: string } {
  const body = JSON.parse(text);
  assert.deepEqual(Object.keys(body), ["type", "error", "request_id"]);
  assert.equal(body.type, "error");
  assert.deepEqual(Object.keys(body.error).filter((name) => name !== "details"), ["type", "message"]);
  assert.ok(errorTypes.includes(body.error.type), body.error.type);
  assert.ok(typeof body.error.message === "string" && body.error.message !== "");
  assert.match(body.request_id, /^\S+$/u);
  return body.error;
}

/** The error that a response carries, and its status; its id is in the body and in both headers. */
export async function anthropicErrorIn(response: Response): Promise<{ readonly status: number; readonly type: string; readonly message: string }> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/u);
  const text = await response.text();
  const error = anthropicErrorOf(text);
  const { request_id: id } = JSON.parse(text);
  assert.deepEqual([response.headers.get("request-id"), response.headers.get("x-request-id")], [id, id]);
  return { status: response.status, ...error };
}

/** What the bytes of one whole stream say. Throws an AssertionError that names the first fault. */
export function judgeMessageStream(bytes: Uint8Array): JudgedMessage {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  assert.ok(text.endsWith("\n\n"), "the last event is cut");
  const all = text.slice(0, -2).split("\n\n").map((block): MessageEvent => {
    const [, name, data = ""] = /^event: (\w+)\ndata: ([^\r\n]+)$/u.exec(block) ?? assert.fail(`no event of two lines: ${JSON.stringify(block.slice(0, 100))}`);
    const event = JSON.parse(data) as MessageEvent;
    assert.equal(event.type, name, "the event's name is not its type");
    return event;
  });
  for (const event of all) if (event.type === "ping") assert.deepEqual(event, { type: "ping" });
  const events = all.filter(({ type }) => type !== "ping");
  const pings = all.length - events.length;
  const last = events.at(-1);
  if (last?.type === "error") {
    const { type } = anthropicErrorOf(JSON.stringify(last));
    assert.ok(!events.some(({ type: other }) => other === "message_stop" || other === "message_delta"), "a failed stream finishes");
    if (events.length > 1) assemble(events.slice(0, -1));
    return { events, pings, message: undefined, failure: type };
  }
  const message = assemble(events);
  assert.deepEqual(events.slice(-2).map(({ type }) => type), ["message_delta", "message_stop"], "it does not end as a message does");
  assert.ok(stopReasons.includes(message.stop_reason), message.stop_reason);
  return { events, pings, message, failure: undefined };
}

function assemble([first, ...others]: readonly MessageEvent[]): any {
  assert.equal(first?.type, "message_start", "it does not begin with the message");
  const message = structuredClone(first["message"]);
  assert.deepEqual(Object.keys(message).slice(0, 5), ["id", "type", "role", "model", "content"]);
  assert.deepEqual([message.type, message.role, message.content, message.stop_reason, message.stop_sequence], ["message", "assistant", [], null, null]);
  assert.match(message.id, /^msg_/u);
  assert.ok(Number.isInteger(message.usage.input_tokens) && Number.isInteger(message.usage.output_tokens));
  let open: number | undefined;
  let isOver = false;
  for (const event of others) {
    assert.ok(!isOver || event.type === "message_stop", `${event.type} behind the end`);
    switch (event.type) {
      case "content_block_start":
        assert.deepEqual([open, event["index"]], [undefined, message.content.length], "a block begins inside of another, or out of order");
        open = event["index"];
        message.content.push({ ...event["content_block"] });
        break;
      case "content_block_delta": {
        assert.equal(event["index"], open, "a delta of a block that is not open");
        addDelta(message.content[open ?? -1], event["delta"]);
        break;
      }
      case "content_block_stop": {
        assert.equal(event["index"], open, "a block ends that is not open");
        const { json, ...block } = message.content[open ?? -1];
        if (json !== undefined) message.content[open ?? -1] = { ...block, input: JSON.parse(json) };
        open = undefined;
        break;
      }
      case "message_delta":
        assert.equal(open, undefined, "the message ends inside of a block");
        Object.assign(message, event["delta"], { usage: { ...message.usage, ...event["usage"] } });
        isOver = true;
        break;
      case "message_stop":
        assert.deepEqual([isOver, event], [true, { type: "message_stop" }]);
        break;
      default:
        assert.fail(`an event that no stream has: ${event.type}`);
    }
  }
  return message;
}

function addDelta(block: any, delta: any): void {
  const [from, to] = grows[delta.type] ?? [];
  if (from !== undefined && to !== undefined) block[to] = (block[to] ?? "") + delta[from];
  else if (delta.type === "citations_delta") block.citations = [...block.citations ?? [], delta.citation];
  else assert.fail(`a delta that no block has: ${delta.type}`);
}
