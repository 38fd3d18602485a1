/** Images given by URL in a conversation: each is fetched when it is new, and a link may expire once it was told. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, BlockList } from "node:net";
import { describe, it, type TestContext } from "node:test";
import type { Config } from "../../src/index.ts";
import { cleanUp } from "../support/cleanup.ts";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { chatRequest } from "../support/sse.ts";

type Message = Readonly<Record<string, unknown>>;

const pngHead = Buffer.from("89504e470d0a1a0a", "hex");
const pngOf = (number: number): Buffer => Buffer.concat([pngHead, Buffer.from([number])]);

async function start(t: TestContext, fake = "answers", overrides: Partial<Config> = {}) {
  // The images' server is on loopback, where nothing is fetched from otherwise.
  const check = BlockList.prototype.check;
  t.mock.method(BlockList.prototype, "check", function (this: BlockList, address: string, family: "ipv4" | "ipv6") {
    return address !== "127.0.0.1" && check.call(this, address, family);
  });
  const gone = new Set<string>();
  const fetched: string[] = [];
  const images = createServer((request, response) => {
    const { url = "" } = request;
    fetched.push(url);
    response.writeHead(gone.has(url) ? 404 : 200).end(pngOf(fetched.length));
  });
  await once(images.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => {
    images.close();
    images.closeAllConnections();
  });
  const { port } = images.address() as AddressInfo;
  const { url, api } = await startEmbeddedWith(t, fake, overrides);
  const history: Message[] = [];
  const post = (messages: readonly Message[]) => chatRequest(url, { model: "opus", messages });
  const addressOf = (path: string): string => `http://127.0.0.1:${port}${path}`;
  /** A message with images at these paths. */
  const message = (...paths: string[]): Message => ({ role: "user", content: [
    { type: "text", text: "WORDS 1" },
    ...paths.map((path) => ({ type: "image_url", image_url: { url: addressOf(path) } })),
  ] });
  /** The conversation's next turn; gives its answer. */
  const say = async (...paths: string[]): Promise<string> => {
    history.push(message(...paths));
    const response = await post(history);
    assert.equal(response.status, 200);
    const { choices } = await response.json() as { choices: { message: { content: string } }[] };
    const content = choices[0]?.message.content ?? "";
    history.push({ role: "assistant", content });
    return content;
  };
  return { addressOf, fetched, gone, history, post, message, say, turns: () => api.discovered().then(({ turns }) => turns) };
}

const call = { id: "c1", type: "function", function: { name: "look", arguments: "{}" } };
const words = { type: "text", text: "WORDS 1" };

/** Messages with an image by its address, as clients of other APIs and programs with tools have it. */
const otherPlaces: Readonly<Record<string, (url: string) => readonly Message[]>> = {
  "as a part of a response's input": (url) => [{ role: "user", content: [words, { type: "input_image", image_url: url }] }],
  "as a part of Anthropic's": (url) => [{ role: "user", content: [words, { type: "image", source: { type: "url", url } }] }],
  "in a tool's result": (url) => [
    { role: "user", content: "WORDS 1" }, { role: "assistant", tool_calls: [call] },
    { role: "tool", tool_call_id: "c1", content: [{ type: "image_url", image_url: { url } }] }, { role: "user", content: "WORDS 1" },
  ],
};

describe("an image by URL", () => {
  for (const [where, messagesAt] of Object.entries(otherPlaces)) {
    it(`${where} is fetched once, and may expire then`, async (t) => {
      const { addressOf, fetched, gone, history, say } = await start(t);
      history.push(...messagesAt(addressOf("/1")));
      for (let turn = 1; turn <= 3; turn += 1) {
        await say();
        gone.add("/1");
      }
      assert.deepEqual(fetched, ["/1"]);
    });
  }

  it("of the first of five turns is fetched once", async (t) => {
    const { fetched, say, turns } = await start(t);
    await say("/1");
    for (let turn = 2; turn <= 5; turn += 1) await say();
    assert.deepEqual(fetched, ["/1"]);
    assert.equal((await turns()).wentOn, 4);
  });

  it("may expire once it was told: the conversation goes on", async (t) => {
    const { gone, fetched, say } = await start(t);
    await say("/1");
    gone.add("/1");
    await say("/2");
    assert.deepEqual(fetched, ["/1", "/2"]);
  });

  it("may expire also where its process is gone: it is told anew from memory", async (t) => {
    const { gone, fetched, say, turns } = await start(t, "answers", { conversationIdleSeconds: 0 });
    await say("/1");
    gone.add("/1");
    await say();
    await say("/3");
    assert.deepEqual(fetched, ["/1", "/3"]);
    assert.equal((await turns()).wentOn, 0);
  });

  it("that is new is fetched, also from where another came from before", async (t) => {
    const { fetched, say } = await start(t, "echo-history", { conversationIdleSeconds: 0 });
    const [first, second] = [1, 2].map((number) => pngOf(number).toString("base64"));
    assert.ok((await say("/camera")).includes(first ?? ""));
    const both = await say("/camera");
    assert.ok(both.includes(first ?? "") && both.includes(second ?? ""), both);
    assert.deepEqual(fetched, ["/camera", "/camera"]);
  });

  it("that cannot be had is a 400 that names it, and its conversation goes on without it", async (t) => {
    const { gone, history, message, post, say, turns } = await start(t);
    await say("/1");
    gone.add("/2");
    const { status, param } = await openAiErrorIn(await post([...history, message("/2")]));
    assert.deepEqual([status, param], [400, "messages[2].content[1].image_url.url"]);
    await say("/3");
    assert.equal((await turns()).wentOn, 1);
  });

  it("is one of twenty that are fetched for a request, however many its conversation has", async (t) => {
    const { fetched, history, message, post, say } = await start(t);
    const paths = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, place) => `/${from + place}`);
    await say(...paths(0, 20));
    await say(...paths(20, 20));
    const { status, param } = await openAiErrorIn(await post([...history, message(...paths(40, 21))]));
    assert.deepEqual([status, param], [400, "messages[4].content[21].image_url.url"]);
    await say(...paths(100, 1));
    assert.equal(fetched.length, 20 + 20 + 20 + 1);
  });
});
