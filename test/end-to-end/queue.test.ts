/** What comes when all places are taken: it waits in its order, and past a bound it is told to come again. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { waitForHealth } from "../support/health.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { type Puppet, startPuppeteer } from "../support/puppeteer.ts";
import { chatRequest } from "../support/sse.ts";

function answer(puppet: Puppet): void {
  puppet.start();
  puppet.say("served");
  puppet.finish();
}

for (const stream of [true, false]) {
  it(`with one place and one to wait, the third is told 429 and when to come again, ${stream ? "streamed" : "not streamed"}`, async (t) => {
    const puppeteer = await startPuppeteer(t);
    const { url } = await startEmbeddedWith(t, "puppet", { maxProcesses: 1, maxQueue: 1 });
    const ask = (name: string): Promise<Response> => chatRequest(url, { stream, messages: [{ role: "user", content: puppeteer.prompt(name) }] });
    const first = ask("first");
    const puppet = await puppeteer.next();
    const second = ask("second");
    await waitForHealth(url, ({ running_turns, waiting_turns }) => running_turns === 1 && waiting_turns === 1);

    const third = await ask("third");
    assert.match(third.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    const error = await openAiErrorIn(third);
    assert.deepEqual([error.status, error.type, error.code], [429, "rate_limit_error", "server_busy"]);

    answer(puppet);
    assert.match(await (await first).text(), /"content":"served"/);
    answer(await puppeteer.next());
    assert.match(await (await second).text(), /"content":"served"/);
    const again = ask("third, again");
    answer(await puppeteer.next());
    assert.equal((await again).status, 200);
    assert.equal(puppeteer.begun, 3, "who was turned away never began");
  });
}

it("who waits is served in the order of coming", async (t) => {
  const puppeteer = await startPuppeteer(t);
  const { url } = await startEmbeddedWith(t, "puppet", { maxProcesses: 1, maxQueue: 10 });
  const names = ["a", "b", "c", "d", "e"];
  const asking: Promise<Response>[] = [];
  for (const [index, name] of names.entries()) {
    asking.push(chatRequest(url, { messages: [{ role: "user", content: puppeteer.prompt(name) }] }));
    await waitForHealth(url, ({ running_turns, waiting_turns }) => running_turns + waiting_turns === index + 1);
  }
  const order: (string | undefined)[] = [];
  for (const _name of names) {
    const puppet = await puppeteer.next();
    order.push(puppet.prompt.split(" ").at(-1));
    answer(puppet);
  }
  assert.deepEqual(order, names);
  for (const response of await Promise.all(asking)) assert.equal(response.status, 200);
});

it("without a queue the second is told at once", async (t) => {
  const puppeteer = await startPuppeteer(t);
  const { url } = await startEmbeddedWith(t, "puppet", { maxProcesses: 1, maxQueue: 0 });
  const first = chatRequest(url, { messages: [{ role: "user", content: puppeteer.prompt() }] });
  const puppet = await puppeteer.next();
  assert.equal((await chatRequest(url, { messages: [{ role: "user", content: puppeteer.prompt() }] })).status, 429);
  answer(puppet);
  assert.equal((await first).status, 200);
});
