import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ControlChannel } from "../../src/claude/control.ts";
import { BridgeError } from "../../src/errors.ts";

interface Written { readonly type: string; readonly request_id: string; readonly request: unknown }

function channel() {
  const written: Written[] = [];
  const control = new ControlChannel((line) => written.push(JSON.parse(line) as Written));
  const reply = (index: number, response: Record<string, unknown>): void =>
    control.settle({ type: "control_response", response: { ...response, request_id: written[index]?.request_id } });
  return { control, written, reply };
}

describe("a control request", () => {
  it("is written at once, each with an id of its own", () => {
    const { control, written } = channel();
    void control.request({ subtype: "a" });
    void control.request({ subtype: "b" });
    assert.deepEqual(written.map(({ type, request }) => [type, request]), [["control_request", { subtype: "a" }], ["control_request", { subtype: "b" }]]);
    assert.equal(new Set(written.map(({ request_id }) => request_id)).size, 2);
  });

  it("resolves with its own reply, in whatever order replies come", async () => {
    const { control, reply } = channel();
    const first = control.request({ subtype: "a" });
    const second = control.request({ subtype: "b" });
    reply(1, { subtype: "success", response: { n: 2 } });
    reply(0, { subtype: "success" });
    assert.deepEqual(await second, { n: 2 });
    assert.equal(await first, undefined);
  });

  it("rejects with the CLI's words when it is refused", async () => {
    const { control, reply } = channel();
    const request = control.request({ subtype: "initialize" });
    reply(0, { subtype: "error", error: "no such thing" });
    await assert.rejects(request, (error) => error instanceof BridgeError && error.code === "cli_failed" && /refused initialize: no such thing\./u.test(error.message));
  });

  it("tells of a refusal while it is read, before what stands behind it", async () => {
    const { control, reply } = channel();
    const told: string[] = [];
    const request = control.request({ subtype: "initialize" }, ({ message }) => told.push(message));
    reply(0, { subtype: "error", error: "no such thing" });
    told.push("the line behind it");
    await assert.rejects(request);
    assert.deepEqual(told, ["The claude process refused initialize: no such thing.", "the line behind it"]);
  });

  it("rejects when it is refused without a word", async () => {
    const { control, reply } = channel();
    const request = control.request({ subtype: "initialize" });
    reply(0, { subtype: "error" });
    await assert.rejects(request, /no reason given/u);
  });

  it("rejects with what ended the process, all that are pending", async () => {
    const { control, reply } = channel();
    const requests = [control.request({ subtype: "a" }), control.request({ subtype: "b" }), control.request({ subtype: "c" })];
    reply(1, { subtype: "success", response: 1 });
    const cause = new BridgeError("cli_failed", "gone");
    control.failAll(cause);
    const settled = await Promise.allSettled(requests);
    assert.deepEqual(settled.map((result) => (result.status === "rejected" ? result.reason : result.value)), [cause, 1, cause]);
  });

  it("is settled once: what comes later changes nothing", async () => {
    const { control, reply } = channel();
    const request = control.request({ subtype: "a" });
    reply(0, { subtype: "success", response: 1 });
    reply(0, { subtype: "error", error: "late" });
    control.failAll(new BridgeError("cli_failed", "later"));
    assert.equal(await request, 1);
  });

  it("is not settled by a reply to nobody, nor by nonsense", async () => {
    const { control, reply } = channel();
    const request = control.request({ subtype: "a" });
    for (const response of [undefined, null, "x", [], {}, { request_id: 1 }, { request_id: "unknown", subtype: "success", response: "wrong" }]) {
      control.settle({ type: "control_response", response });
    }
    reply(0, { subtype: "success", response: "right" });
    assert.equal(await request, "right");
  });
});
