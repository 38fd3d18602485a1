/** A server of images on loopback, and turns that have some by URL. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { ImageCache } from "../../src/http/image-cache.ts";
import { ToldImages, type ToldImagesOptions } from "../../src/http/told-images.ts";
import type { ImageBlock, Message } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { statusOf } from "./openai-error.ts";

export const png = Buffer.from("89504e470d0a1a0a0000", "hex");
export const never = new AbortController().signal;

export const path = "messages[2].content[1].image_url.url";
export const imageAt = (url: string, at = path): ImageBlock => ({ type: "image", source: { type: "url", url, path: at } });
export const turnOf = (...messages: Message[]): Turn => ({ model: "m", system: [], messages, tools: [], toolChoice: { type: "auto" }, disableParallelToolUse: false, stopSequences: [] });
export const turnWith = (...urls: string[]): Turn => turnOf({ role: "user", content: urls.map((url) => imageAt(url)) });
export const fetched = async (turn: Turn, options: Partial<ToldImagesOptions> = {}): Promise<Turn> => {
  const usual = { isAllowed: true, bytesMax: 64 * 1024 * 1024, signal: never, cache: new ImageCache() };
  const images = new ToldImages({ ...usual, ...options });
  const messages = await images.complete(turn.messages);
  return messages === turn.messages ? turn : { ...turn, messages };
};
export const sourcesOf = ({ messages }: Turn): unknown[] => messages.flatMap(({ content }) => content.flatMap((block) => (block.type === "image" ? [block.source] : [])));

export async function refusal(turn: Turn, options: Partial<ToldImagesOptions> = {}): Promise<BridgeError> {
  try {
    await fetched(turn, options);
  } catch (error) {
    assert.ok(error instanceof BridgeError, String(error));
    return error;
  }
  return assert.fail("fetched");
}

export async function assertRefused(words: RegExp, turn: Turn, options: Partial<ToldImagesOptions> = {}): Promise<BridgeError> {
  const error = await refusal(turn, options);
  assert.match(error.message, words);
  assert.deepEqual([error.code, statusOf(error), error.field], ["invalid_value", 400, path]);
  assert.ok(error.message.startsWith(`${path}: `), error.message);
  return error;
}

interface ImageServer {
  readonly url: string;
  readonly requests: IncomingMessage[];
}

/** A server on loopback, which only an injected `isPublic` lets anyone ask. */
export async function imageServer(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ImageServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    response.on("error", () => {});
    requests.push(request);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  }));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

export const everyone: Partial<ToldImagesOptions> = { isPublic: () => true };
