/** Tests that must fail, run by `faults.test.ts`: in each something fails in a server that the test does not look at. */
import { AsyncResource } from "node:async_hooks";
import { it } from "node:test";
import { startBridge } from "../bridge-process.ts";
import { startEmbeddedWith } from "../embedded-server.ts";

/** A server's timer may belong to a test that is over, or to none: the runner itself would fail neither. */
const outside = new AsyncResource("outside of every test");

it("a timer in this process", async (t) => {
  await startEmbeddedWith(t, "answers");
  await new Promise<void>((resolve) => outside.runInAsyncScope(() => setTimeout(() => {
    setImmediate(resolve);
    throw new Error("planted in a timer here");
  })));
});

it("a promise in this process", async (t) => {
  await startEmbeddedWith(t, "answers");
  outside.runInAsyncScope(() => void Promise.reject(new Error("planted in a promise here")));
});

for (const [what, plant] of [
  ["a timer", "throw new Error('planted in a timer there')"],
  ["a promise", "Promise.reject(new Error('planted in a promise there'))"],
] as const) {
  it(`${what} in a process of its own`, async (t) => {
    const planted = encodeURIComponent(`process.once("SIGUSR2", () => setTimeout(() => { ${plant}; }))`);
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${planted}` };
    const server = await startBridge(t, { args: ["--demo"], env });
    server.child.kill("SIGUSR2");
    await server.exited;
  });
}
