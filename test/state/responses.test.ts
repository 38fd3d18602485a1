import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { StoredResponse } from "../../src/api/openai/responses/store.ts";
import { encodeWireText } from "../../src/json-text.ts";
import { openState } from "../support/open-state.ts";
import { seededRandom } from "../support/random.ts";
import { seedOf } from "../support/sample.ts";
import { withoutSqlite } from "../support/sqlite-node.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

type Fields = Readonly<Record<string, unknown>>;
type Open = Awaited<ReturnType<typeof openState>>;

const item = (id: string, more: Fields = {}): Fields => ({ type: "message", id, role: "assistant", content: "x", ...more });
const said = (content: unknown): Fields => ({ role: "user", content });
const response = (id: string, input: readonly Fields[] = [], output: readonly Fields[] = [], body = "{}"): StoredResponse => ({ id, input, output, body: encodeWireText(body) });
const folderIn = async (t: Parameters<typeof temporaryFolder>[0]): Promise<string> => join(await temporaryFolder(t), "state");
const isThere = ({ state: { responses } }: Open, ...ids: readonly string[]): boolean[] => ids.map((id) => responses.find(id) !== undefined);
const counts = ({ database }: Open): object => ({ ...database.get("SELECT (SELECT count(*) FROM responses) AS responses, (SELECT count(*) FROM bodies) AS bodies, (SELECT count(*) FROM items) AS items, (SELECT count(*) FROM contents) AS contents") });

describe("a response on disk", { skip: withoutSqlite }, () => {
  it("is found as it was, also by the next server, with its conversation and its items", async (t) => {
    const folder = await folderIn(t);
    const { state } = await openState(t, folder);
    const input = [said("é \ud83d “\n”\0"), said([{ type: "input_text", text: "a", __proto__: null }])];
    const output = [item("msg_1", { content: "日本" }), { type: "reasoning", id: "rs_1" }];
    state.responses.keep(response("resp_1", input, output, '{"é":"日本\\n"}'));
    for (const reopen of [() => state, async () => {
      await state.close();
      return (await openState(t, folder)).state;
    }]) {
      const { responses } = await reopen();
      assert.equal(responses.find("resp_1")?.body, encodeWireText('{"é":"日本\\n"}'));
      assert.deepEqual(responses.conversation("resp_1"), JSON.parse(JSON.stringify([...input, ...output])));
      assert.deepEqual([responses.item("msg_1"), responses.item("rs_1")], output);
      assert.deepEqual(["resp_2", "", "constructor", "msg_1"].map((id) => responses.find(id)), [undefined, undefined, undefined, undefined]);
      assert.deepEqual([responses.conversation("resp_2"), responses.item("resp_1"), responses.delete("resp_2")], [undefined, undefined, false]);
    }
  });

  it("shares the items of the conversation that it goes on with, whichever way they come back", async (t) => {
    const opened = await openState(t, await folderIn(t));
    const { responses } = opened.state;
    let input: readonly Fields[] = [said("0")];
    for (let turn = 0; turn < 10; turn++) {
      responses.keep(response(`resp_${turn}`, input, [item(`msg_${turn}`)]));
      const before = turn % 2 === 0 ? responses.conversation(`resp_${turn}`) ?? [] : [...input, responses.item(`msg_${turn}`) ?? {}];
      input = [...before, said(String(turn + 1))];
    }
    assert.deepEqual(counts(opened), { responses: 10, bodies: 10, items: 20, contents: 20 });
    assert.deepEqual(responses.conversation("resp_9")?.map(({ id, content }) => id ?? content), Array.from({ length: 10 }, (_, turn) => [String(turn), `msg_${turn}`]).flat());
  });

  it("that is deleted leaves those that go on from it, with what they hold of it; the last takes all along", async (t) => {
    const opened = await openState(t, await folderIn(t));
    const { responses } = opened.state;
    responses.keep(response("resp_1", [said("a")], [item("msg_1")]));
    responses.keep(response("resp_2", [...responses.conversation("resp_1") ?? [], said("b")], [item("msg_2")]));
    assert.deepEqual([responses.delete("resp_1"), responses.delete("resp_1")], [true, false]);
    assert.deepEqual(responses.conversation("resp_2"), [said("a"), item("msg_1"), said("b"), item("msg_2")]);
    assert.deepEqual(responses.item("msg_1"), item("msg_1"));
    const held = responses.conversation("resp_2") ?? [];
    assert.equal(responses.delete("resp_2"), true);
    assert.deepEqual(counts(opened), { responses: 0, bodies: 0, items: 0, contents: 0 });
    assert.equal(responses.item("msg_1"), undefined);
    // A turn that began before the deletion still ends in a whole response.
    responses.keep(response("resp_3", [...held, said("c")], [item("msg_3")]));
    assert.deepEqual(responses.conversation("resp_3"), [...held, said("c"), item("msg_3")]);
  });

  it("that is deleted is not in the folder any more once the server has ended", async (t) => {
    const folder = await folderIn(t);
    const { state: first } = await openState(t, folder);
    const secret = "the word that shall be gone";
    first.responses.keep(response("resp_1", [said(secret), said("x".repeat(20_000))], [item("msg_1", { content: secret })], JSON.stringify({ secret })));
    await first.close();
    assert.ok((await readFile(join(folder, "state.db"))).includes(secret));
    const { state } = await openState(t, folder);
    state.responses.delete("resp_1");
    await state.close();
    assert.equal((await readFile(join(folder, "state.db"))).includes(secret), false);
  });

  it("is its key's: another key, or none, does not find it, and no key is in the file", async (t) => {
    const folder = await folderIn(t);
    const keys = ["sk-first-of-all", "sk-second", undefined];
    for (const apiKey of keys) {
      const { state: { responses }, state } = await openState(t, folder, { apiKey });
      assert.deepEqual([responses.find("resp_1"), responses.conversation("resp_1"), responses.item("msg_1"), responses.delete("resp_1")], [undefined, undefined, undefined, false]);
      responses.keep(response("resp_1", [said(apiKey?.slice(3) ?? "nobody")], [item("msg_1")]));
      await state.close();
    }
    for (const apiKey of keys) {
      const { state } = await openState(t, folder, { apiKey });
      assert.deepEqual(state.responses.conversation("resp_1"), [said(apiKey?.slice(3) ?? "nobody"), item("msg_1")]);
      await state.close();
    }
    const file = await readFile(join(folder, "state.db"));
    for (const apiKey of ["sk-first-of-all", "sk-second"]) assert.equal(file.includes(apiKey), false);
  });
});

describe("the limits of the state", { skip: withoutSqlite }, () => {
  const megabyte = 1024 * 1024;
  const heavy = (id: string, bytes: number): StoredResponse => response(id, [], [item(`msg_${id}`)], "x".repeat(bytes));

  it("are kept to: what was least recently used goes, until there is room", async (t) => {
    let nowSeconds = 1_000_000_000;
    const opened = await openState(t, await folderIn(t), { bytesMax: 4 * megabyte, nowSeconds: () => nowSeconds });
    for (const id of ["a", "b", "c"]) {
      opened.state.responses.keep(heavy(id, megabyte));
      nowSeconds += 3_600;
    }
    assert.deepEqual(isThere(opened, "a"), [true]);
    opened.state.responses.keep(heavy("d", 1.5 * megabyte));
    assert.deepEqual(isThere(opened, "a", "b", "c", "d"), [true, false, true, true]);
    assert.equal(opened.state.responses.item("msg_b"), undefined);
    assert.ok(opened.database.usedBytes <= 4 * megabyte);
  });

  it("keep what is alone more than may be there, and nothing beside it", async (t) => {
    const opened = await openState(t, await folderIn(t), { bytesMax: megabyte });
    opened.state.responses.keep(heavy("a", 10));
    opened.state.responses.keep(heavy("b", 2 * megabyte));
    assert.deepEqual(isThere(opened, "a", "b"), [false, true]);
    opened.state.responses.keep(heavy("c", 10));
    assert.deepEqual(isThere(opened, "b", "c"), [false, true]);
  });

  it("take 32 away at once at most, so that no write takes long; the rest goes with the next ones", async (t) => {
    const opened = await openState(t, await folderIn(t), { bytesMax: 2 * megabyte });
    for (let number = 0; number < 100; number++) opened.state.responses.keep(heavy(`s${number}`, 10_000));
    assert.equal(isThere(opened, ...Array.from({ length: 100 }, (_, number) => `s${number}`)).filter(Boolean).length, 100);
    opened.state.responses.keep(heavy("large", 2 * megabyte));
    assert.deepEqual([isThere(opened, "s31", "s32"), opened.database.usedBytes > 2 * megabyte], [[false, true], true]);
    for (let number = 0; number < 3; number++) opened.state.responses.keep(heavy(`t${number}`, 10));
    assert.deepEqual(isThere(opened, "s99", "t2"), [false, true]);
  });

  it("are of age too: what was not used for so long is not found, and is removed", async (t) => {
    let nowSeconds = 1_000_000_000;
    const folder = await folderIn(t);
    const opened = await openState(t, folder, { secondsMax: 86_400, nowSeconds: () => nowSeconds });
    for (const id of ["a", "b"]) opened.state.responses.keep(heavy(id, 10));
    nowSeconds += 80_000;
    assert.deepEqual(isThere(opened, "a"), [true]);
    nowSeconds += 10_000;
    assert.deepEqual(isThere(opened, "a", "b"), [true, false]);
    assert.deepEqual([opened.state.responses.conversation("b"), opened.state.responses.delete("b")], [undefined, false]);
    opened.state.responses.keep(heavy("c", 10));
    assert.deepEqual(counts(opened), { responses: 2, bodies: 2, items: 2, contents: 2 });
  });

  it("give the disk back what was removed", async (t) => {
    const opened = await openState(t, await folderIn(t));
    const pages = (): number => Number(opened.database.get("PRAGMA page_count")?.["page_count"]);
    const before = pages();
    opened.state.responses.keep(heavy("a", 3 * megabyte));
    opened.state.responses.delete("a");
    assert.ok(pages() > before + 500);
    opened.state.settle();
    assert.ok(pages() <= before + 2, `${pages()} pages`);
  });
});

describe("a response that cannot be written", { skip: withoutSqlite }, () => {
  it("is that request's error; nothing of it is there, and the next one that fits is kept", async (t) => {
    const opened = await openState(t, await folderIn(t));
    const { responses } = opened.state;
    responses.keep(response("resp_1", [said("a")], [item("msg_1")]));
    const before = responses.conversation("resp_1") ?? [];
    opened.database.get("PRAGMA max_page_count = 60");
    const tooLarge = response("resp_2", [...before, said("b")], [item("msg_2", { content: "x".repeat(1024 * 1024) })]);
    for (let attempt = 0; attempt < 2; attempt++) {
      assert.throws(() => responses.keep(tooLarge), { code: "storage_failed", message: "The state of this server (--state-dir) cannot be written to: the disk is full." });
    }
    assert.deepEqual([responses.find("resp_2"), responses.item("msg_2")], [undefined, undefined]);
    assert.deepEqual(counts(opened), { responses: 1, bodies: 1, items: 2, contents: 2 });
    responses.keep(response("resp_3", [...before, said("b")], [item("msg_3")]));
    assert.deepEqual(responses.conversation("resp_3"), [said("a"), item("msg_1"), said("b"), item("msg_3")]);
  });

  it("because the state is closed is a fault of the server, not the disk's", async (t) => {
    const opened = await openState(t, await folderIn(t));
    await opened.state.close();
    assert.throws(() => opened.state.responses.find("resp_1"), { message: "the database is not open" });
    assert.throws(() => opened.state.responses.keep(response("resp_1")), { message: "the database is not open" });
    opened.state.settle();
  });
});

describe("whatever is kept, found and deleted on disk, and whenever the server is started anew", { skip: withoutSqlite }, () => {
  it("there is exactly what was kept and not deleted, whole", async (t) => {
    const seed = seedOf(13);
    const random = seededRandom(seed);
    const folder = await folderIn(t);
    let opened = await openState(t, folder);
    /** The conversation of each response. */
    const expected = new Map<string, readonly Fields[]>();
    for (let step = 0; step < 400; step++) {
      const { responses } = opened.state;
      const before = random.pick(["none", ...expected.keys()]);
      switch (random.below(8)) {
        case 0:
          assert.equal(responses.delete(before), expected.delete(before), `seed ${seed}`);
          break;
        case 1:
          await opened.state.close();
          opened = await openState(t, folder);
          break;
        case 2: opened.state.settle(); break;
        default: {
          const referred = responses.item(`msg_${random.below(step + 1)}`);
          const input = [...responses.conversation(before) ?? [], ...(referred === undefined ? [] : [referred]), said(random.nastyText(20))].slice(-20);
          const output = [item(`msg_${step}`, { content: random.nastyText(20) })];
          responses.keep(response(`resp_${step}`, input, output, JSON.stringify({ step })));
          expected.set(`resp_${step}`, JSON.parse(JSON.stringify([...input, ...output])) as Fields[]);
        }
      }
    }
    assert.ok(expected.size > 100);
    const held = new Set([...expected.values()].flat().map(({ id }) => id));
    for (let step = 0; step < 400; step++) {
      assert.deepEqual(opened.state.responses.conversation(`resp_${step}`), expected.get(`resp_${step}`), `seed ${seed}, resp_${step}`);
      assert.equal(opened.state.responses.item(`msg_${step}`) !== undefined, held.has(`msg_${step}`), `seed ${seed}, msg_${step}`);
    }
    assert.deepEqual(opened.database.all("PRAGMA integrity_check").map(({ integrity_check }) => integrity_check), ["ok"]);
  });
});
