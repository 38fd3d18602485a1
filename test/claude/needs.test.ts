import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ControlRefused } from "../../src/claude/control.ts";
import { lackingOf, needsSeenIn, probedTool, takesRequest } from "../../src/claude/needs.ts";
import { BridgeError } from "../../src/errors.ts";

describe("what a CLI must do", () => {
  const servers = [{ name: "client", status: "connected" }];
  for (const [what, init, seen] of [
    ["a tool under its name", { tools: [probedTool.name], mcp_servers: servers }, { clientTools: true, toolNames: true }],
    ["a tool under a longer name", { tools: [`mcp__client__${probedTool.name}`], mcp_servers: servers }, { clientTools: true, toolNames: false }],
    ["no tool", { tools: [], mcp_servers: servers }, { clientTools: false }],
    ["a tool server that is not connected", { tools: [], mcp_servers: [{ name: "client", status: "failed" }] }, { clientTools: false }],
    ["no list of tools", { mcp_servers: servers }, {}],
  ] as const) {
    it(`is seen in its list of tools: ${what}`, () => assert.deepEqual(needsSeenIn(init), seen));
  }

  it("is a request that it takes; a refusal of another kind shows nothing", async () => {
    const refused = (words: string): Promise<boolean | undefined> => takesRequest(Promise.reject(new ControlRefused("cli_failed", words)));
    assert.equal(await takesRequest(Promise.resolve({})), true);
    assert.equal(await refused("The claude process refused x: Unsupported control request subtype: x."), false);
    assert.equal(await refused("The claude process refused x: the value is odd."), undefined);
    assert.equal(await takesRequest(Promise.reject(new BridgeError("cli_failed", "It ended: unknown."))), undefined);
  });

  it("is lacking where it was seen to be, and not where nothing was seen; the API's parameters matter to some turns only", () => {
    assert.deepEqual(lackingOf({}), []);
    assert.deepEqual(lackingOf({ history: true, toolNames: false, settings: false, extraBody: false }), ["toolNames", "settings"]);
  });
});
