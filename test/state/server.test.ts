import assert from "node:assert/strict";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import type { Config } from "../../src/index.ts";
import { StateDatabase } from "../../src/state/database.ts";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { postJson, readSse } from "../support/sse.ts";
import { withoutSqlite } from "../support/sqlite-node.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const start = (t: TestContext, stateDir: string | undefined, more: Partial<Config> = {}) => startEmbeddedWith(t, "echo-history", { stateDir, ...more });
const ask = (url: string, body: object, headers = {}): Promise<Response> => postJson(`${url}/v1/responses`, { model: "opus", ...body }, { headers });

async function whole(url: string, body: object, headers = {}): Promise<any> {
  const response = await ask(url, body, headers);
  assert.equal(response.status, 200, await response.clone().text());
  return await response.json();
}

const textOf = (response: any): string => response.output[0].content[0].text;

describe("a server with --state-dir", { skip: withoutSqlite }, () => {
  it("goes on with the responses of the server before it, and gives them back to the byte", async (t) => {
    const stateDir = join(await temporaryFolder(t), "state");
    const first = await start(t, stateDir);
    const body = await (await ask(first.url, { input: "The number is 7." })).text();
    const { id, output: [{ id: item }] } = JSON.parse(body);
    const { id: forgotten } = await whole(first.url, { input: "Forget this.", store: false });
    await first.api.close();
    const { url } = await start(t, stateDir);
    assert.equal(await (await fetch(`${url}/v1/responses/${id}`)).text(), body);
    const next = await whole(url, { input: "Which number?", previous_response_id: id });
    assert.match(textOf(next), /The number is 7\..*Which number\?/su);
    assert.match(textOf(await whole(url, { input: [{ type: "item_reference", id: item }, { role: "user", content: "Go on." }] })), /Go on\./u);
    const error = await openAiErrorIn(await ask(url, { input: "x", previous_response_id: forgotten }));
    assert.deepEqual([error.status, error.code, error.message], [400, "previous_response_not_found",
      "previous_response_id: there is no such response. Unless `store` is false, they are kept on disk for 30 days after their last use, unless newer ones need their place."]);
    assert.deepEqual(await (await fetch(`${url}/v1/responses/${id}`, { method: "DELETE" })).json(), { id, object: "response", deleted: true });
    assert.equal((await fetch(`${url}/v1/responses/${id}`)).status, 404);
    assert.match(textOf(await whole(url, { input: "And now?", previous_response_id: next.id })), /The number is 7\./u);
  });

  it("does not find with one key what was made with another", async (t) => {
    const stateDir = join(await temporaryFolder(t), "state");
    const made: any = {};
    for (const apiKey of ["first", "second", "first"]) {
      const { url, api } = await start(t, stateDir, { apiKey });
      const headers = { authorization: `Bearer ${apiKey}` };
      for (const [key, id] of Object.entries(made)) assert.equal((await fetch(`${url}/v1/responses/${id}`, { headers })).status, key === apiKey ? 200 : 404);
      made[apiKey] = (await whole(url, { input: "x" }, headers)).id;
      await api.close();
    }
  });

  it("is refused beside another on the same folder, and leaves its port free", async (t) => {
    const stateDir = join(await temporaryFolder(t), "state");
    const { url } = await start(t, stateDir);
    await assert.rejects(start(t, stateDir), { message: `--state-dir: ${stateDir} is in use by another server.` });
    assert.equal((await ask(url, { input: "x" })).status, 200);
  });

  it("lets go of the folder where it cannot listen", async (t) => {
    const stateDir = join(await temporaryFolder(t), "state");
    const { url } = await start(t, undefined);
    await assert.rejects(start(t, stateDir, { port: Number(new URL(url).port) }), { code: "EADDRINUSE" });
    await start(t, stateDir);
  });

  it("tells an answer that could not be kept as an error, streamed or whole, and no part of it as complete", async (t) => {
    // The head of a stream does not wait for the answer, so that the failure is told in it.
    const { url } = await start(t, join(await temporaryFolder(t), "state"), { headWaitSeconds: 0 });
    const { id } = await whole(url, { input: "x" });
    const message = "The state of this server (--state-dir) cannot be written to: the disk is full.";
    // Stands for a disk that is full.
    const change = t.mock.method(StateDatabase.prototype, "change", () => {
      throw new BridgeError("storage_failed", message);
    });
    const answer = await ask(url, { input: "y", previous_response_id: id });
    assert.equal(answer.headers.get("x-should-retry"), "false");
    const error = await openAiErrorIn(answer);
    assert.deepEqual([error.status, error.type, error.code, error.message], [500, "server_error", "storage_failed", message]);
    let last = "";
    for await (const { data } of readSse(await ask(url, { input: "y", stream: true }))) last = data;
    const { type, response } = JSON.parse(last);
    assert.deepEqual([type, response.status, response.error], ["response.failed", "failed", { code: "storage_failed", message }]);
    assert.equal((await ask(url, { input: "y", store: false })).status, 200);
    change.mock.restore();
    assert.equal((await ask(url, { input: "y", previous_response_id: id })).status, 200);
  });
});

if (withoutSqlite !== false) describe("a server on a Node without SQLite", () => {
  it("does not start with --state-dir, and says why", async (t) => {
    const stateDir = join(await temporaryFolder(t), "state");
    await assert.rejects(start(t, stateDir), { message: `--state-dir needs the SQLite that is part of Node 22.13 and newer; this is Node ${process.versions.node}.` });
    await assert.rejects(lstat(stateDir), { code: "ENOENT" });
  });
});
