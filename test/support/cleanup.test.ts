import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";

test("what was opened last is closed first, failures or not", async () => {
  const hooks: (() => Promise<void>)[] = [];
  const t = { after: (hook: () => Promise<void>) => void hooks.push(hook) } as unknown as TestContext;
  const seen: number[] = [];
  cleanUp(t, () => seen.push(1));
  cleanUp(t, () => { throw new Error("two"); });
  cleanUp(t, async () => seen.push(3));
  assert.equal(hooks.length, 1);
  await assert.rejects(async () => hooks[0]?.(), /cleaning up failed: Error: two/);
  assert.deepEqual(seen, [3, 1]);
});
