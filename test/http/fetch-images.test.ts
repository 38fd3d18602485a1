import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { fetchWaitMs, imageBytesMax } from "../../src/http/fetch-images.ts";
import { ImageCache } from "../../src/http/image-cache.ts";
import { fetchesMax, fetchesWaitMsMax } from "../../src/http/told-images.ts";
import type { DocumentBlock, ImageBlock, Message, TextBlock, UserBlock } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import {
  assertRefused, everyone, fetched, imageAt, imageServer, never, png, refusal, sourcesOf, turnOf, turnWith,
} from "../support/image-server.ts";
import { systemOf } from "../support/turns.ts";

/** Resolves at the close, also when a reset came before it. */
const closing = (stream: EventEmitter): Promise<void> => new Promise((resolve) => stream.once("close", () => resolve()));

describe("a turn", () => {
  it("without URLs stays the same object, whether fetching is allowed or not", async () => {
    const inline: ImageBlock = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
    const turn = turnOf({ role: "user", content: [inline, { type: "tool_result", tool_use_id: "1", content: [inline] }, { type: "tool_result", tool_use_id: "2", content: "https://example.com/a.png" }, { type: "text", text: "https://example.com" }] });
    for (const isAllowed of [true, false]) assert.equal(await fetched(turn, { isAllowed }), turn);
  });

  it("has every image fetched, in its place, and nothing else changed", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    const inline: ImageBlock = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
    const turn: Turn = { ...turnOf(
      { role: "user", content: [{ type: "text", text: "look" }, imageAt(`${url}/1`), inline] },
      { role: "assistant", content: [{ type: "tool_use", id: "1", name: "f", input: { url: "https://example.com" } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: [{ type: "text", text: "r" }, imageAt(`${url}/2`), inline], is_error: true }, { type: "tool_result", tool_use_id: "2", content: "s" }, imageAt(`${url}/3`)] },
    ), system: systemOf("s"), stopSequences: ["x"] };
    const source = { type: "base64", media_type: "image/png", data: png.toString("base64") };
    const image = { type: "image", source };
    assert.deepEqual(await fetched(turn, everyone), { ...turn, messages: [
      { role: "user", content: [{ type: "text", text: "look" }, image, inline] },
      turn.messages[1],
      { role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: [{ type: "text", text: "r" }, image, inline], is_error: true }, { type: "tool_result", tool_use_id: "2", content: "s" }, image] },
    ] });
    assert.deepEqual(requests.map((request) => request.url), ["/1", "/2", "/3"], "one after the other, in their order");
  });

  it("has the images in its documents fetched too, and the documents' other sources as they are", async (t) => {
    const { url } = await imageServer(t, (_request, response) => response.end(png));
    const document = (...content: (TextBlock | ImageBlock)[]): DocumentBlock => ({ type: "document", source: { type: "content", content }, title: "t" });
    const others: UserBlock[] = [
      { type: "document", source: { type: "content", content: "x" } }, { type: "document", source: { type: "url", url: "https://example.com/a.pdf" } },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "x" } }, { type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "x" }] },
    ];
    const reference = { type: "tool_reference", tool_name: "f" } as const;
    const turnFor = (part: ImageBlock): Turn => turnOf(
      { role: "user", content: [...others, document({ type: "text", text: "a" }, part)] },
      { role: "assistant", content: [{ type: "thinking", thinking: "hm", signature: "Eq" }, { type: "redacted_thinking", data: "x" }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: [document(part), reference] }] },
    );
    const image: ImageBlock = { type: "image", source: { type: "base64", media_type: "image/png", data: png.toString("base64") } };
    assert.deepEqual(await fetched(turnFor(imageAt(url)), everyone), turnFor(image));
  });

  it("may have as many images by URL as the bound, and not one more", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    const urls = Array.from({ length: fetchesMax + 1 }, (_, place) => `${url}/${place}`);
    assert.equal(sourcesOf(await fetched(turnWith(...urls.slice(1)), everyone)).length, fetchesMax);
    await assertRefused(/at most 20 images/u, turnWith(...urls), everyone);
    assert.equal(requests.length, 2 * fetchesMax);
  });

  it("that is replayed has the images of its past from the cache, and is refused where that lost more than the bound", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    const urls = Array.from({ length: fetchesMax + 1 }, (_, place) => `${url}/${place}`);
    const past = urls.map((each): Message[] => [
      { role: "user", content: [imageAt(each)] }, { role: "assistant", content: [{ type: "text", text: "seen" }] },
    ]);
    const turn = turnOf(...past.flat(), { role: "user", content: [{ type: "text", text: "and now?" }] });
    const cache = new ImageCache();
    // Told one by one, as its turns came.
    for (const each of urls) await fetched(turnWith(each), { ...everyone, cache });
    assert.equal(sourcesOf(await fetched(turn, { ...everyone, cache })).length, urls.length);
    assert.equal(requests.length, urls.length);
    await assertRefused(/at most 20 images/u, turn, { ...everyone, cache: new ImageCache() });
  });

  it("may show one image as often as it likes: it is fetched once", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    const urls = Array.from({ length: 3 * fetchesMax }, () => url);
    assert.equal(sourcesOf(await fetched(turnWith(...urls), everyone)).length, urls.length);
    assert.equal(requests.length, 1);
  });

  it("is refused by the part that cannot be had, not by another, also in a tool's result", async (t) => {
    const { url } = await imageServer(t, (request, response) => response.writeHead(request.url === "/none" ? 404 : 200).end(png));
    const [good, bad] = [imageAt(url, "messages[0].content[0].image_url.url"), imageAt(`${url}/none`)];
    await assertRefused(/answered 404/u, turnOf({ role: "user", content: [good, bad, good] }), everyone);
    await assertRefused(/answered 404/u, turnOf({ role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: [good, bad] }] }), everyone);
  });

  it("may have images that come to its bound together, and not one byte more, announced or not", async (t) => {
    for (const isAnnounced of [true, false]) {
      const { url } = await imageServer(t, (_request, response) => {
        if (isAnnounced) response.setHeader("content-length", png.length);
        response.flushHeaders();
        response.end(png);
      });
      const bytesMax = 3 * png.length;
      assert.equal(sourcesOf(await fetched(turnWith(url, url, url), { ...everyone, bytesMax })).length, 3);
      await assertRefused(/the images of a request may come to .* MB together\.$/u, turnWith(url, url, url), { ...everyone, bytesMax: bytesMax - 1 });
      await assertRefused(/together/u, turnWith(url, url, url, url), { ...everyone, bytesMax });
    }
  });

  it("is refused by the flag's name when nothing is fetched here", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    await assertRefused(/--fetch-images=false/u, turnWith(url), { ...everyone, isAllowed: false });
    await assertRefused(/--fetch-images=false/u, turnOf({ role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: [imageAt(url)] }] }), { ...everyone, isAllowed: false });
    assert.equal(requests.length, 0);
  });
});

describe("what is asked of an image's server", () => {
  it("tells no more than it must", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    await fetched(turnWith(`${url}/a%20b?c=d#fragment`), everyone);
    const { method, url: path, headers } = requests[0] ?? assert.fail();
    assert.deepEqual([method, path], ["GET", "/a%20b?c=d"]);
    assert.deepEqual(Object.keys(headers).sort(), ["accept", "connection", "host", "user-agent"]);
    assert.deepEqual([headers["user-agent"], headers.connection], ["claude-max-api", "close"]);
    assert.match(headers.accept ?? "", /image\/png.*image\/webp/u);
  });
});

describe("an image that was fetched", () => {
  const kinds: readonly (readonly [string, Buffer])[] = [
    ["image/png", png],
    ["image/jpeg", Buffer.from("ffd8ffe0aabb", "hex")],
    ["image/gif", Buffer.from("GIF87a..", "latin1")],
    ["image/gif", Buffer.from("GIF89a..", "latin1")],
    ["image/webp", Buffer.from("RIFF\x01\x02\x03\x04WEBPVP8 ", "latin1")],
  ];
  for (const [mediaType, bytes] of kinds) {
    it(`is ${mediaType} by its bytes, whatever its server says`, async (t) => {
      const { url } = await imageServer(t, (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end(bytes));
      assert.deepEqual(sourcesOf(await fetched(turnWith(url), everyone)), [{ type: "base64", media_type: mediaType, data: bytes.toString("base64") }]);
    });
  }

  for (const bytes of ["", "<svg/>", "<html>", "%PDF-1.7", "GIF88a", "RIFF\0\0\0\0WAVE", "XRIFF\0\0\0WEBP", "\x89PNG\r\n\x1a", "\xff\xd8", "BM", " \x89PNG\r\n\x1a\n"]) {
    it(`is refused when it is none: ${JSON.stringify(bytes)}`, async (t) => {
      const { url } = await imageServer(t, (_request, response) => response.writeHead(200, { "content-type": "image/png" }).end(Buffer.from(bytes, "latin1")));
      await assertRefused(/no png, jpeg, gif or webp/u, turnWith(url), everyone);
    });
  }

  for (const status of [201, 204, 206, 300, 304, 400, 401, 403, 404, 500, 503]) {
    it(`is refused when its server answers ${status}`, async (t) => {
      const { url } = await imageServer(t, (_request, response) => response.writeHead(status).end());
      await assertRefused(new RegExp(`answered ${status}\\.`, "u"), turnWith(url), everyone);
    });
  }
});

describe("an image that is too large", () => {
  it("is refused by its announced length, before it is read", async (t) => {
    const closed: Promise<unknown>[] = [];
    const { url } = await imageServer(t, (request, response) => {
      closed.push(closing(request.socket));
      response.writeHead(200, { "content-length": imageBytesMax + 1 });
      response.write(png);
    });
    await assertRefused(/larger than 20 MB/u, turnWith(url), everyone);
    // Its server sends no more, and holds no connection.
    await Promise.all(closed);
  });

  it("is refused as it runs over, and its server is let go", async (t) => {
    const closed: Promise<unknown>[] = [];
    const { url } = await imageServer(t, (_request, response) => {
      closed.push(closing(response));
      const piece = Buffer.alloc(1_048_576, 0x89);
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    await assertRefused(/larger than 20 MB/u, turnWith(url), everyone);
    await Promise.all(closed);
  });

  it("by nothing is taken", async (t) => {
    const bytes = Buffer.concat([png, Buffer.alloc(imageBytesMax - png.length)]);
    const { url } = await imageServer(t, (_request, response) => response.writeHead(200, { "content-length": bytes.length }).end(bytes));
    const [source] = sourcesOf(await fetched(turnWith(url), everyone)) as { data: string }[];
    assert.equal(Buffer.from(source?.data ?? "", "base64").length, imageBytesMax);
  });
});

it("all images of a request have one wait together, whatever each of them may take", async (t) => {
  let nowMs = 0;
  const waits: number[] = [];
  t.mock.method(performance, "now", () => nowMs);
  t.mock.method(AbortSignal, "timeout", (ms: number) => {
    waits.push(ms);
    return never;
  });
  const { url, requests } = await imageServer(t, (_request, response) => {
    nowMs += fetchWaitMs - 1_000;
    response.end(png);
  });
  const turn = turnWith(...["a", "b", "c", "d", "e", "f"].map((name) => `${url}/${name}`));
  await assertRefused(/of a request did not come within 60 s together/u, turn, everyone);
  assert.equal(fetchesWaitMsMax, 60_000);
  assert.deepEqual(waits, [15_000, 15_000, 15_000, 15_000, 4_000], "the fifth has what the others left of it");
  assert.equal(requests.length, 5);
});

describe("a server that does not answer", () => {
  const silences: readonly (readonly [string, (response: ServerResponse) => void])[] = [
    ["is silent", () => {}],
    ["stops in the middle", (response) => void response.writeHead(200).write(png)],
    ["redirects to silence", (response) => void (response.req.url === "/there" || response.writeHead(302, { location: "/there" }).end())],
  ];
  for (const [what, answer] of silences) {
    it(`is let go when the client leaves: one that ${what}`, async (t) => {
      const left = new AbortController();
      const closed: Promise<unknown>[] = [];
      const { url } = await imageServer(t, (request, response) => {
        closed.push(closing(request.socket));
        answer(response);
        if (response.req.url === "/there" || what !== "redirects to silence") setImmediate(() => left.abort());
      });
      const error = await refusal(turnWith(url), { ...everyone, signal: left.signal });
      assert.equal(error.code, "client_closed");
      await Promise.all(closed);
    });

    it(`is waited for so long and no longer: one that ${what}`, async (t) => {
      const timeout = new AbortController();
      const waits: number[] = [];
      t.mock.method(AbortSignal, "timeout", (ms: number) => {
        waits.push(ms);
        return timeout.signal;
      });
      const { url } = await imageServer(t, (request, response) => {
        answer(response);
        if (request.url === "/there" || what !== "redirects to silence") setImmediate(() => timeout.abort());
      });
      await assertRefused(/did not come within 15 s/u, turnWith(url), everyone);
      assert.deepEqual(waits, [fetchWaitMs], "one wait for all of it, redirects included");
    });
  }

  it("is not asked at all for a client that has left", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    assert.equal((await refusal(turnWith(url), { ...everyone, signal: AbortSignal.abort() })).code, "client_closed");
    assert.equal(requests.length, 0);
  });
});
