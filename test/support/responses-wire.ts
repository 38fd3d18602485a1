/**
 * A judge of a Responses stream's bytes: rebuilds the response from its events as a client does, and holds every event that
 * repeats something against it. Written from OpenAI's event types, with nothing of the server's own code.
 */
import assert from "node:assert/strict";

export interface JudgedResponse {
  /** The response of the last event. */
  readonly response: any;
  /** Its items' text, by their type: `message`, `reasoning`, `function_call`, `custom_tool_call`. */
  readonly items: readonly { readonly type: string; readonly text: string; readonly item: any }[];
  /** How many pieces of text came. */
  readonly deltas: number;
  readonly keepalives: number;
}

const deltaTypes: ReadonlyMap<string, string> = new Map([
  ["response.output_text.delta", "message"], ["response.reasoning_summary_text.delta", "reasoning"],
  ["response.function_call_arguments.delta", "function_call"], ["response.custom_tool_call_input.delta", "custom_tool_call"],
]);
/** What ends an item's text, and the field that repeats it. */
const doneTypes: ReadonlyMap<string, string> = new Map([
  ["response.output_text.done", "text"], ["response.reasoning_summary_text.done", "text"],
  ["response.function_call_arguments.done", "arguments"], ["response.custom_tool_call_input.done", "input"],
]);
const partAdded = ["response.content_part.added", "response.reasoning_summary_part.added"];
const partDone = ["response.content_part.done", "response.reasoning_summary_part.done"];
const lastTypes = ["response.completed", "response.incomplete", "response.failed"];

/** What the bytes of one whole stream say. Throws an AssertionError that names the first fault. */
export function judgeResponseStream(bytes: Buffer): JudgedResponse {
  const events = eventsIn(bytes);
  const [created, inProgress] = events;
  const last = events.pop();
  assert.deepEqual([created?.type, inProgress?.type], ["response.created", "response.in_progress"]);
  assert.ok(lastTypes.includes(last?.type), `the last event is ${last?.type}`);
  assert.deepEqual([created.response.status, created.response.output, created.response.usage], ["in_progress", [], null]);
  const { id, created_at, model } = created.response;
  assert.ok(typeof id === "string" && id.startsWith("resp_") && Number.isInteger(created_at) && typeof model === "string");
  for (const { response } of [inProgress, last]) assert.deepEqual([response.id, response.created_at, response.model], [id, created_at, model]);

  const items: { type: string; text: string; item: any; isDone: boolean }[] = [];
  let deltas = 0;
  let keepalives = 0;
  for (const event of events.slice(2)) {
    if (event.type === "keepalive") keepalives++;
    else if (event.type === "response.output_item.added") {
      assert.equal(event.output_index, items.length, "an item out of its place");
      assert.ok(items.every(({ isDone }) => isDone), "an item begins inside of another");
      assert.equal(event.item.status, "in_progress");
      items.push({ type: event.item.type, text: "", item: event.item, isDone: false });
    } else {
      const open = items.at(-1) ?? assert.fail(`${event.type} before any item`);
      assert.ok(!open.isDone, `${event.type} after its item's end`);
      assert.equal(event.output_index, items.length - 1, `${event.type} out of its place`);
      if (event.type === "response.output_item.done") {
        assert.deepEqual([event.item.id, event.item.type, textOfItem(event.item)], [open.item.id, open.type, open.text], "an item ends as another than it was");
        assert.notEqual(event.item.status, "in_progress");
        Object.assign(open, { item: event.item, isDone: true });
        continue;
      }
      assert.equal(event.item_id, open.item.id);
      const deltaOf = deltaTypes.get(event.type);
      const repeats = doneTypes.get(event.type);
      if (deltaOf !== undefined) {
        assert.equal(deltaOf, open.type);
        open.text += event.delta;
        deltas++;
      } else if (repeats !== undefined) assert.equal(event[repeats], open.text, `${event.type} repeats another text`);
      else if (partAdded.includes(event.type)) assert.deepEqual([event.part.text, open.text], ["", ""]);
      else if (partDone.includes(event.type)) assert.equal(event.part.text, open.text);
      else assert.fail(`an event that nobody knows: ${event.type}`);
    }
  }
  const { response } = last;
  assert.equal(response.status, last.type.slice("response.".length));
  assert.deepEqual(response.output, items.filter(({ isDone }) => isDone).map(({ item }) => item), "the response has other items than came");
  if (response.status === "failed") {
    assert.deepEqual([typeof response.error.code, typeof response.error.message, response.usage], ["string", "string", null]);
  } else {
    assert.ok(items.length > 0 && items.every(({ isDone }) => isDone), "an item has no end");
    assert.equal(response.error, null);
    const { input_tokens: input, output_tokens: output, total_tokens: total } = response.usage;
    assert.equal(total, input + output);
    assert.equal(response.incomplete_details === null, response.status === "completed");
  }
  return { response, items, deltas, keepalives };
}

function eventsIn(bytes: Buffer): any[] {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  assert.ok(text.endsWith("\n\n"), "the last event is cut");
  return text.slice(0, -2).split("\n\n").map((block, index) => {
    const [, name, data] = /^event: ([a-z_.]+)\ndata: ([^\r\n]+)$/u.exec(block) ?? assert.fail(`not one event line and one data line: ${JSON.stringify(block.slice(0, 100))}`);
    const event = JSON.parse(data ?? "");
    assert.deepEqual([event.type, event.sequence_number], [name, index], "an event under another name, or out of its order");
    return event;
  });
}

function textOfItem(item: any): string {
  switch (item.type) {
    case "message": return item.content.map(({ text }: any) => text).join("");
    case "reasoning": return item.summary.map(({ text }: any) => text).join("");
    case "function_call": return item.arguments;
    // Its arguments are an object, and come whole.
    case "tool_search_call": return "";
    default: return item.input;
  }
}
