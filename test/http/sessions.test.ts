import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Config } from "../../src/index.ts";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { waitForHealth } from "../support/health.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { startPuppeteer } from "../support/puppeteer.ts";
import { chatRequest, postJson, readBytes } from "../support/sse.ts";

type Options = NonNullable<Parameters<typeof chatRequest>[2]>;

const said = (content: string): object => ({ role: "user", content });
const ask = (url: string, session: string | undefined, messages: readonly object[], more: object = {}, options: Options = {}): Promise<Response> =>
  chatRequest(url, { model: "opus", messages, ...more }, { ...options, headers: session === undefined ? {} : { "x-session-id": session } });

async function answered(url: string, session: string | undefined, messages: readonly object[], more: object = {}): Promise<string> {
  const response = await ask(url, session, messages, more);
  assert.equal(response.status, 200, await response.clone().text());
  return (await readBytes(response)).toString("utf8");
}

const sessionOf = async (url: string, id: string): Promise<any> => await (await fetch(`${url}/v1/sessions/${id}`)).json();
const listOf = async (url: string): Promise<any[]> => ((await (await fetch(`${url}/v1/sessions`)).json()) as any).data;
const start = (t: Parameters<typeof startEmbeddedWith>[0], fake: string, more: Partial<Config> = {}) => startEmbeddedWith(t, fake, { sessions: true, ...more });

describe("a session", () => {
  it("is begun by the first request that names it, streamed or whole, and is told whole with each later one", async (t) => {
    const { url } = await start(t, "echo-history");
    const conversation: object[] = [];
    for (const [turn, stream] of [false, true, false].entries()) {
      const messages = turn === 0 ? [{ role: "system", content: "Be brief." }, said("a0")] : [said(`a${turn}`)];
      conversation.push(...messages);
      const bySession = await answered(url, "mine", messages, { stream });
      const { messages: kept } = await sessionOf(url, "mine");
      assert.deepEqual(kept.slice(0, -1), conversation);
      assert.equal(kept.at(-1).role, "assistant");
      if (!stream) assert.equal(kept.at(-1).content, JSON.parse(bySession).choices[0].message.content);
      // What the model was told holds all turns in their order.
      assert.match(kept.at(-1).content, new RegExp(Array.from({ length: turn + 1 }, (_, earlier) => `a${earlier}`).join(".*"), "su"));
      conversation.push(kept.at(-1));
    }
  });

  it("is kept with --sessions alone: without it the header says nothing", async (t) => {
    const { url } = await start(t, "answers", { sessions: false });
    for (const id of ["mine", "mine", "no session's id"]) await answered(url, id, [said("WORDS 2")]);
    const { turns: { told, went_on: wentOn } } = await waitForHealth(url, ({ running_turns }) => running_turns === 0);
    assert.deepEqual([told.first_message, wentOn], [3, 0]);
    for (const [method, path] of [["GET", "/v1/sessions"], ["GET", "/v1/sessions/mine"], ["DELETE", "/v1/sessions/mine"]]) {
      const { status, code, message } = await openAiErrorIn(await fetch(`${url}${path}`, { method: method ?? "" }));
      assert.deepEqual([status, code, message], [404, "not_found", "path: this server keeps no sessions. Start it with --sessions."]);
    }
  });

  it("is listed, shown and deleted; without the header nothing is kept", async (t) => {
    const { url } = await start(t, "answers");
    await answered(url, undefined, [said("WORDS 1")]);
    assert.deepEqual(await (await fetch(`${url}/v1/sessions`)).json(), { object: "list", data: [] });
    for (const id of ["a", "b:c.d_e-F"]) await answered(url, id, [said("WORDS 2")]);
    const nowSeconds = Date.now() / 1000;
    const list = await listOf(url);
    assert.deepEqual(list.map(({ id, object, message_count }) => [id, object, message_count]), [["b:c.d_e-F", "session", 2], ["a", "session", 2]]);
    for (const { created_at, last_used_at } of list) for (const time of [created_at, last_used_at]) assert.ok(Number.isInteger(time) && Math.abs(nowSeconds - time) < 60);
    for (const id of ["b:c.d_e-F", encodeURIComponent("b:c.d_e-F")]) {
      assert.deepEqual(await sessionOf(url, id), { ...list[0], messages: [said("WORDS 2"), { role: "assistant", content: "w0 w1 " }] });
    }
    const path = `${url}/v1/sessions/a`;
    assert.deepEqual(await (await fetch(path, { method: "DELETE" })).json(), { id: "a", object: "session", deleted: true });
    for (const method of ["GET", "DELETE"]) {
      const error = await openAiErrorIn(await fetch(path, { method }));
      assert.deepEqual([error.status, error.code, error.param, error.message], [404, "not_found", "path", "path: there is no such session. They are kept in memory for 24 hours after their last turn, unless the server ends or newer ones need their place."]);
    }
    assert.deepEqual((await listOf(url)).map(({ id }) => id), ["b:c.d_e-F"]);
  });

  it("has the calls of its answers, and takes their results as new messages", async (t) => {
    const { url } = await start(t, "calls-tools");
    const tools = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }];
    for (const stream of [false, true]) {
      const id = `s-${stream}`;
      await answered(url, id, [said("CALL look {\"at\":\"é\"}")], { tools, stream });
      const { messages: [, { tool_calls: [call] }] } = await sessionOf(url, id);
      assert.deepEqual([call.type, call.function.name, JSON.parse(call.function.arguments)], ["function", "look", { at: "é" }]);
      const results = [{ role: "tool", tool_call_id: call.id, content: "seen" }];
      await answered(url, id, results, { tools, stream });
      assert.deepEqual((await sessionOf(url, id)).messages.map(({ role }: any) => role), ["user", "assistant", "tool", "assistant"]);
      const error = await openAiErrorIn(await ask(url, id, [{ role: "tool", tool_call_id: "unknown", content: "x" }], { tools }));
      assert.deepEqual([error.status, error.param], [400, "messages[0].tool_call_id"]);
    }
  });

  it("is replaced by a request that has the whole history", async (t) => {
    const { url } = await start(t, "answers");
    await answered(url, "mine", [said("WORDS 1")]);
    const history = [said("WORDS 1"), { role: "assistant", content: "another answer" }, said("WORDS 2")];
    await answered(url, "mine", history);
    assert.deepEqual((await sessionOf(url, "mine")).messages, [...history, { role: "assistant", content: "w0 w1 " }]);
  });

  it("takes one request at a time: another, or a deletion, meanwhile is a 409", async (t) => {
    const { url } = await start(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    const asking = ask(url, "busy", [said(puppeteer.prompt())], { stream: true });
    const puppet = await puppeteer.next();
    for (const [other, field] of [[ask(url, "busy", [said("x")]), "x-session-id"], [fetch(`${url}/v1/sessions/busy`, { method: "DELETE" }), "path"]] as const) {
      const response = await other;
      assert.equal(response.headers.get("retry-after"), "1");
      const error = await openAiErrorIn(response);
      assert.deepEqual([error.status, error.code, error.param, error.message], [409, "session_busy", field, `${field}: the session is being answered by another request. It takes one at a time.`]);
    }
    puppet.start();
    puppet.say("Yes.");
    puppet.finish();
    await readBytes(await asking);
    assert.deepEqual((await sessionOf(url, "busy")).messages.map(({ content }: any) => content).slice(1), ["Yes."]);
    assert.equal((await fetch(`${url}/v1/sessions/busy`, { method: "DELETE" })).status, 200);
  });

  it("stays as it was where a request fails or is left, and is free again", async (t) => {
    const { url } = await start(t, "puppet");
    const puppeteer = await startPuppeteer(t);
    const first = ask(url, "kept", [said(puppeteer.prompt("first"))]);
    const answering = await puppeteer.next();
    answering.start();
    answering.say("One.");
    answering.finish();
    await readBytes(await first);
    const before = await sessionOf(url, "kept");
    assert.equal(before.messages.length, 2);

    // Refused by its parser, and by the engine.
    for (const [messages, more, status] of [[[{ role: "nobody", content: "x" }], {}, 400], [[said("x")], { model: "gpt-5" }, 404]] as const) {
      assert.equal((await openAiErrorIn(await ask(url, "kept", messages, more))).status, status);
    }
    for (const stream of [true, false]) {
      // The process dies in mid-answer.
      const failing = ask(url, "kept", [said(puppeteer.prompt("fails"))], { stream });
      const dying = await puppeteer.next();
      dying.start();
      dying.say("Half an ");
      const response = stream ? await failing : undefined;
      dying.die();
      const text = (await readBytes(response ?? await failing)).toString("utf8");
      assert.match(text, /claude_cli_failed/u);
      assert.doesNotMatch(text, /\[DONE\]/u);

      // The client leaves.
      const leave = new AbortController();
      const leaving = ask(url, "kept", [said(puppeteer.prompt("left"))], { stream }, { signal: leave.signal });
      const left = await puppeteer.next();
      left.start();
      left.say("Half an ");
      if (stream) await leaving;
      leave.abort();
      await leaving.then((answer) => answer.text()).catch(() => undefined);
      await waitForHealth(url, ({ running_turns }) => running_turns === 0);
    }
    assert.deepEqual(await sessionOf(url, "kept"), before);
    const last = ask(url, "kept", [said(puppeteer.prompt("last"))]);
    const ending = await puppeteer.next();
    ending.start();
    ending.say("Two.");
    ending.finish();
    await readBytes(await last);
    assert.deepEqual((await sessionOf(url, "kept")).messages.map(({ role, content }: any) => [role, content]).filter(([role]: any) => role === "assistant"), [["assistant", "One."], ["assistant", "Two."]]);
  });

  it("has an id of letters, digits and . _ : - alone, up to 128 of them", async (t) => {
    const { url } = await start(t, "answers");
    for (const id of ["", "a b", "a/b", "é", "a,b", "x".repeat(129), ".", "..", "..%2f"]) {
      const error = await openAiErrorIn(await ask(url, id, [said("WORDS 1")]));
      assert.deepEqual([error.status, error.code, error.param, error.message], [400, "invalid_value", "x-session-id", "x-session-id: expected 1 to 128 letters, digits and . _ : -"], id);
    }
    await answered(url, "x".repeat(128), [said("WORDS 1")]);
    for (const id of ["%", "%ff", "constructor", "__proto__"]) assert.equal((await fetch(`${url}/v1/sessions/${id}`)).status, 404, id);
    assert.deepEqual((await listOf(url)).map(({ id }) => id), ["x".repeat(128)]);
  });

  it("is chat's: other endpoints keep nothing, and the body's `user` names none", async (t) => {
    const { url } = await start(t, "answers");
    const headers = { "x-session-id": "other" };
    await readBytes(await postJson(`${url}/v1/responses`, { model: "opus", input: "WORDS 1" }, { headers }));
    await readBytes(await postJson(`${url}/v1/messages`, { model: "opus", max_tokens: 100, messages: [said("WORDS 1")] }, { headers }));
    await answered(url, undefined, [said("WORDS 1")], { user: "someone" });
    assert.deepEqual(await listOf(url), []);
  });

  it("may be named by a web page", async (t) => {
    const { url } = await start(t, "answers");
    const asked = { origin: "http://localhost:8080", "access-control-request-method": "POST", "access-control-request-headers": "x-session-id" };
    const preflight = await fetch(`${url}/v1/chat/completions`, { method: "OPTIONS", headers: asked });
    assert.ok(preflight.headers.get("access-control-allow-headers")?.split(", ").includes("x-session-id"));
  });
});
