import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type JsonObject, parseLine } from "../../src/claude/protocol.ts";
import { ServedTools } from "../../src/claude/served-tools.ts";
import { BridgeError } from "../../src/errors.ts";
import type { Tool } from "../../src/turn/turn.ts";
import { loadRecording, recordedVersions } from "../support/recordings.ts";
import { tool } from "../support/turns.ts";
import { statusOf } from "../support/openai-error.ts";

/** The line that the CLI writes before it asks the model. */
const initOf = (tools: readonly string[], status = "connected"): JsonObject => ({
  type: "system", subtype: "init", tools, mcp_servers: [{ name: "client", status }],
});
/** As a dialect makes them: the model's name, the client's, and the place. */
const placed = (names: readonly string[], more: Partial<Tool> = {}): Tool[] =>
  names.map((name, index) => tool(name, { source: { name: `my ${name}`, path: `tools[${index}]` }, ...more }));
const schemaOf = (required: unknown, properties: unknown = {}): Partial<Tool> =>
  ({ inputSchema: { type: "object", properties, required } });
const faultOf = (tools: readonly Tool[], init: JsonObject): string | null | undefined => new ServedTools({ tools }).check(init)?.field;

describe("the tools that a model is given", () => {
  for (const version of recordedVersions) {
    it(`are all that were served, in what ${version} was recorded to say`, () => {
      for (const name of ["tool-call", "parallel-tool-calls", "tool-error"]) {
        const inits = loadRecording(version, name).claudeLines.flatMap((line) => {
          const message = parseLine(line);
          return message?.["subtype"] === "init" ? [message] : [];
        });
        assert.ok(inits.length > 0);
        for (const init of inits) {
          const listed = init["tools"] as string[];
          assert.ok(listed.length > 0);
          assert.equal(new ServedTools({ tools: placed(listed) }).check(init), undefined);
          assert.equal(faultOf(placed([...listed, "another"]), init), `tools[${listed.length}]`);
        }
      }
    });
  }

  it("are looked at only where some were served, and may be more than these", () => {
    assert.equal(new ServedTools({ tools: [] }).check({ type: "system", subtype: "init" }), undefined);
    assert.equal(faultOf(placed(["a"]), initOf(["b", "a"])), undefined);
  });

  it("lack one by the client's name and its place", () => {
    const fault = new ServedTools({ tools: placed(["a", "b", "c"]) }).check(initOf(["a", "c"]));
    assert.deepEqual([fault?.code, fault && statusOf(fault), fault?.field], ["invalid_value", 400, "tools[1]"]);
    assert.match(fault?.message ?? "", /^tools\[1\]: .*"my b"/u);
    assert.equal(new ServedTools({ tools: [tool("a")] }).check(initOf([]))?.part, "tools", "one that no request defines");
  });

  it("lack all for the sake of one, and that one is named", () => {
    for (const bad of [schemaOf(null), schemaOf("x"), schemaOf([1]), schemaOf([], { x: true }), schemaOf([], [])]) {
      const [a, b] = placed(["a", "b"]);
      assert.equal(faultOf([a, { ...b, ...bad }] as Tool[], initOf([])), "tools[1]", JSON.stringify(bad));
    }
  });

  it("must not have their server's name before their own in that line: the model would call them by that", () => {
    const fault = new ServedTools({ tools: placed(["a", "b"]) }).check(initOf(["a", "mcp__client__b"]));
    assert.deepEqual([fault?.code, fault?.field], ["cli_failed", undefined]);
    assert.match(fault?.message ?? "", /it lacks `tool_names`/u);
    assert.equal(faultOf(placed(["a"]), initOf(["mcp__other__a"])), "tools[0]");
  });

  it("are nobody's fault where the CLI never asked for them", () => {
    const fault = new ServedTools({ tools: placed(["a"]) }).check(initOf([], "failed"));
    assert.deepEqual([fault?.code, fault?.field], ["cli_failed", undefined]);
  });
});

describe("a turn that failed before it began", () => {
  const tools = placed(["b", "c", "a"]);

  it("says which tool the API means by a place in the CLI's order", () => {
    const served = new ServedTools({ tools });
    served.check(initOf(["a", "b", "c"]));
    const refused = new BridgeError("invalid_request", "API Error: 400 tools.1.custom.input_schema: JSON schema is invalid.");
    const { code, field: param, message } = served.explain(refused);
    assert.deepEqual([code, param], ["invalid_value", "tools[0]"]);
    assert.match(message, /"my b".*JSON schema is invalid/u);
  });

  it("is told as it is where no tool is at fault", () => {
    const served = new ServedTools({ tools });
    for (const error of [
      new BridgeError("upstream_error", "Overloaded"), new BridgeError("rate_limited", "tools.0.x"),
      new BridgeError("invalid_request", "tools.9.custom: no such place"), new BridgeError("invalid_request", "messages.1: wrong"),
    ]) assert.equal(served.explain(error), error);
  });
});
