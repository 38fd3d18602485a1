/** A server with `--state-dir` that is killed at random moments under load, and started anew on the same folder. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BridgeProcess, startBridge } from "../support/bridge-process.ts";
import { fakeClaudePath } from "../support/fake-claude.ts";
import { seededRandom } from "../support/random.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { nodeWithSqlite } from "../support/sqlite-node.ts";
import { postJson, readSse } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const seed = seedOf(6);
const kills = sampleOf({ what: "kills of a server that keeps a state", small: 2, large: 3, whole: 500 });
const clients = 4;
/** A server is killed so many milliseconds at most after the last acknowledgement that it lived to see: at random, as that is what is tested. */
const killMsMax = 60;
const acknowledgementsMax = 12;
const check = fileURLToPath(new URL("../support/state-check.mjs", import.meta.url));

/** A response whose last byte a client has, and the response that it went on with. */
interface Acknowledged { readonly body: string; readonly before: string | undefined }

async function startOn(t: Parameters<typeof startBridge>[0], node: string, folder: string): Promise<BridgeProcess> {
  return await startBridge(t, { node, args: ["--claude", fakeClaudePath("answers"), "--warm", "0", "--max-processes", String(clients), "--log-level", "error", "--state-dir", folder] });
}

it("every acknowledged response is there after each kill, none by half, and the database is whole", { skip: nodeWithSqlite === undefined && "no Node with SQLite is here: npm run test:real installs one" }, async (t) => {
  const node = nodeWithSqlite ?? "";
  const folder = join(await temporaryFolder(t), "state");
  const random = seededRandom(seed);
  const acknowledged = new Map<string, Acknowledged>();
  let failed = 0;
  for (let kill = 0; kill < kills; kill++) {
    const bridge = await startOn(t, node, folder);
    let left = random.below(acknowledgementsMax + 1);
    let onLast = (): void => {};
    const last = new Promise<void>((resolve) => (onLast = resolve));
    if (left === 0) onLast();
    const load = Array.from({ length: clients }, async (_, client) => {
      for (let turn = 0; ; turn++) {
        const before = random.pick([undefined, ...[...acknowledged.keys()].slice(-4)]);
        const input = `WORDS ${random.pick([1, 20, 2_000])} ODD of ${kill}.${client}.${turn} ${"x".repeat(random.pick([0, 100, 100_000]))}`;
        const stream = random.below(2) === 0;
        const answer = await postJson(`${bridge.url}/v1/responses`, { model: "opus", input, stream, ...(before === undefined ? {} : { previous_response_id: before }) });
        assert.equal(answer.status, 200, answer.status === 200 ? "" : await answer.text());
        const body = stream ? await lastResponse(answer) : await answer.text();
        const { id, status } = JSON.parse(body) as { id: string; status: string };
        assert.equal(status, "completed");
        acknowledged.set(id, { body, before });
        if (--left <= 0) onLast();
      }
    });
    const broken = load.map((one) => one.catch((error: unknown) => error));
    // A client that fails while the server lives has found a fault.
    await Promise.race([last, ...load]);
    await delay(random.below(killMsMax));
    bridge.child.kill("SIGKILL");
    await bridge.exited;
    for (const error of await Promise.all(broken)) {
      if (error instanceof assert.AssertionError) throw error;
      failed++;
    }
    const { stdout, stderr } = spawnSync(node, ["--no-warnings", check, folder], { encoding: "utf8" });
    assert.equal(stdout.trim(), "[]", `seed ${seed}, kill ${kill}: ${stdout}${stderr}`);
  }
  const bridge = await startOn(t, node, folder);
  for (const [id, { body, before }] of acknowledged) {
    const found = await fetch(`${bridge.url}/v1/responses/${id}`);
    assert.deepEqual([found.status, await found.text()], [200, body], `seed ${seed}, ${id}`);
    const { previous_response_id: named } = JSON.parse(body) as { previous_response_id: string | null };
    assert.equal(named ?? undefined, before);
  }
  const ids = [...acknowledged.keys()];
  assert.ok(ids.length >= kills, `${ids.length} responses in ${kills} kills`);
  const next = await postJson(`${bridge.url}/v1/responses`, { model: "opus", input: "WORDS 1", previous_response_id: ids.at(-1) });
  assert.equal(next.status, 200, await next.text());
  t.diagnostic(`${kills} kills, ${ids.length} acknowledged responses, ${failed} requests were cut`);
});

/** The response in a stream's last event, as it was written there. */
async function lastResponse(answer: Response): Promise<string> {
  let last = "";
  for await (const { data } of readSse(answer)) last = data;
  const [, body = ""] = /^\{"type":"response\.completed","sequence_number":\d+,"response":(.*)\}$/su.exec(last) ?? [];
  if (body === "") throw new Error("the stream was cut");
  return body;
}
