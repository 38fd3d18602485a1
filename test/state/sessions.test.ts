import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { openState } from "../support/open-state.ts";
import { seededRandom } from "../support/random.ts";
import { seedOf } from "../support/sample.ts";
import { withoutSqlite } from "../support/sqlite-node.ts";
import { chatRequest } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const folderIn = async (t: Parameters<typeof temporaryFolder>[0]): Promise<string> => join(await temporaryFolder(t), "state");

describe("a session on disk", { skip: withoutSqlite }, () => {
  it("is found as it was left, also by the next server, and by its own key alone", async (t) => {
    const folder = await folderIn(t);
    let nowSeconds = 1_000_000_000;
    const options = { apiKey: "first", nowSeconds: () => nowSeconds };
    const { state } = await openState(t, folder, options);
    state.sessions.keep({ id: "a", before: [], added: ['"é\\ud83d"', "2"] });
    nowSeconds += 60;
    state.sessions.keep({ id: "b", before: [], added: ["1"] });
    nowSeconds += 60;
    state.sessions.keep({ id: "a", before: ['"é\\ud83d"', "2"], added: ["3"] });
    await state.close();
    const { state: other } = await openState(t, folder, { apiKey: "second" });
    assert.deepEqual([other.sessions.find("a"), other.sessions.list(), other.sessions.delete("a")], [undefined, [], false]);
    other.sessions.keep({ id: "a", before: [], added: ["other"] });
    await other.close();
    const { state: { sessions } } = await openState(t, folder, options);
    assert.deepEqual(sessions.find("a"), { id: "a", createdAt: 1_000_000_000, lastUsedAt: 1_000_000_120, messageCount: 3, messages: ['"é\\ud83d"', "2", "3"] });
    assert.deepEqual(sessions.list().map(({ id, messageCount }) => [id, messageCount]), [["a", 3], ["b", 1]]);
    nowSeconds += 60;
    sessions.keep({ id: "a", before: [], added: ["5"] });
    assert.deepEqual(sessions.find("a"), { id: "a", createdAt: 1_000_000_000, lastUsedAt: 1_000_000_180, messageCount: 1, messages: ["5"] });
    assert.deepEqual([sessions.delete("a"), sessions.delete("a"), sessions.find("a"), sessions.find("constructor")], [true, false, undefined, undefined]);
  });

  it("goes with age and for want of room, as responses do", async (t) => {
    let nowSeconds = 1_000_000_000;
    const { state: { sessions, responses }, database } = await openState(t, await folderIn(t), { bytesMax: 4 * 1024 * 1024, secondsMax: 86_400, nowSeconds: () => nowSeconds });
    const megabyte = JSON.stringify("x".repeat(1024 * 1024));
    sessions.keep({ id: "a", before: [], added: [megabyte] });
    nowSeconds += 1;
    responses.keep({ id: "resp_1", input: [], output: [], body: megabyte as never });
    nowSeconds += 1;
    sessions.keep({ id: "b", before: [], added: [megabyte, megabyte] });
    assert.deepEqual([sessions.find("a"), responses.find("resp_1") !== undefined, sessions.find("b")?.messageCount], [undefined, true, 2]);
    nowSeconds += 86_401;
    assert.deepEqual([sessions.find("b"), sessions.list(), sessions.delete("b")], [undefined, [], false]);
    // An id may be used again after its session was too old to be found.
    sessions.keep({ id: "b", before: [], added: ["1"] });
    assert.deepEqual(sessions.find("b")?.messages, ["1"]);
    assert.equal(database.get("SELECT count(*) AS count FROM messages")?.["count"], 1);
  });

  it("that cannot be written stays as it was", async (t) => {
    const { state: { sessions }, database } = await openState(t, await folderIn(t));
    sessions.keep({ id: "a", before: [], added: ["1"] });
    database.get("PRAGMA max_page_count = 60");
    const added = [JSON.stringify("x".repeat(1024 * 1024))];
    assert.throws(() => sessions.keep({ id: "a", before: ["1"], added }), { code: "storage_failed" });
    assert.throws(() => sessions.keep({ id: "b", before: [], added }), { code: "storage_failed" });
    assert.deepEqual([sessions.find("a")?.messages, sessions.find("b")], [["1"], undefined]);
  });

  it("has all that was added to it and not deleted, whatever was done in between", async (t) => {
    const seed = seedOf(17);
    const random = seededRandom(seed);
    const folder = await folderIn(t);
    let { state } = await openState(t, folder);
    const expected = new Map<string, string[]>();
    for (let step = 0; step < 300; step++) {
      const id = `s${random.below(6)}`;
      switch (random.below(8)) {
        case 0:
          assert.equal(state.sessions.delete(id), expected.delete(id), `seed ${seed}`);
          break;
        case 1:
          await state.close();
          ({ state } = await openState(t, folder));
          break;
        default: {
          const before = state.sessions.find(id)?.messages ?? [];
          assert.deepEqual(before, expected.get(id) ?? [], `seed ${seed}`);
          // Now and then it is removed while its turn goes on.
          if (random.below(5) === 0) state.sessions.delete(id);
          const added = Array.from({ length: 1 + random.below(3) }, () => JSON.stringify(random.nastyText(10)));
          state.sessions.keep({ id, before, added });
          expected.set(id, [...before, ...added]);
        }
      }
    }
    for (const { id, messageCount } of state.sessions.list()) assert.equal(messageCount, expected.get(id)?.length);
    assert.equal(state.sessions.list().length, expected.size);
  });

  it("is gone on with by the server after the one that began it", async (t) => {
    const stateDir = await folderIn(t);
    const ask = async (url: string, content: string): Promise<string> => {
      const response = await chatRequest(url, { model: "opus", messages: [{ role: "user", content }] }, { headers: { "x-session-id": "mine" } });
      return (await response.json() as any).choices[0].message.content;
    };
    const { url, api } = await startEmbeddedWith(t, "echo-history", { stateDir, sessions: true });
    await ask(url, "The number is 7.");
    await api.close();
    const next = await startEmbeddedWith(t, "echo-history", { stateDir, sessions: true });
    assert.match(await ask(next.url, "Which number?"), /The number is 7\..*Which number\?/su);
    const { messages } = await (await fetch(`${next.url}/v1/sessions/mine`)).json() as any;
    assert.deepEqual(messages.map(({ role }: any) => role), ["user", "assistant", "user", "assistant"]);
    assert.match(await (await fetch(`${next.url}/v1/sessions/yours`)).text(), /They are kept on disk for 30 days after their last use/u);
  });
});
