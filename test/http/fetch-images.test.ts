import assert from "node:assert/strict";
import { type EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, getDefaultAutoSelectFamily, setDefaultAutoSelectFamily } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { fetchWaitMs, imageBytesMax, isPublicAddress, redirectsMax } from "../../src/http/fetch-images.ts";
import { ImageCache } from "../../src/http/image-cache.ts";
import { fetchesMax, fetchesWaitMsMax, ToldImages, type ToldImagesOptions } from "../../src/http/told-images.ts";
import type { DocumentBlock, ImageBlock, Message, TextBlock, UserBlock } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { statusOf } from "../support/openai-error.ts";
import { systemOf } from "../support/turns.ts";

const png = Buffer.from("89504e470d0a1a0a0000", "hex");
const never = new AbortController().signal;

const path = "messages[2].content[1].image_url.url";
const imageAt = (url: string, at = path): ImageBlock => ({ type: "image", source: { type: "url", url, path: at } });
const turnOf = (...messages: Message[]): Turn => ({ model: "m", system: [], messages, tools: [], toolChoice: { type: "auto" }, disableParallelToolUse: false, stopSequences: [] });
const turnWith = (...urls: string[]): Turn => turnOf({ role: "user", content: urls.map((url) => imageAt(url)) });
const fetched = async (turn: Turn, options: Partial<ToldImagesOptions> = {}): Promise<Turn> => {
  const usual = { isAllowed: true, bytesMax: 64 * 1024 * 1024, signal: never, cache: new ImageCache() };
  const images = new ToldImages({ ...usual, ...options });
  const messages = await images.complete(turn.messages);
  return messages === turn.messages ? turn : { ...turn, messages };
};
const sourcesOf = ({ messages }: Turn): unknown[] => messages.flatMap(({ content }) => content.flatMap((block) => (block.type === "image" ? [block.source] : [])));

async function refusal(turn: Turn, options: Partial<ToldImagesOptions> = {}): Promise<BridgeError> {
  try {
    await fetched(turn, options);
  } catch (error) {
    assert.ok(error instanceof BridgeError, String(error));
    return error;
  }
  return assert.fail("fetched");
}

async function assertRefused(words: RegExp, turn: Turn, options: Partial<ToldImagesOptions> = {}): Promise<BridgeError> {
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
async function imageServer(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<ImageServer> {
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

/** Resolves at the close, also when a reset came before it. */
const closing = (stream: EventEmitter): Promise<void> => new Promise((resolve) => stream.once("close", () => resolve()));

const everyone: Partial<ToldImagesOptions> = { isPublic: () => true };

describe("an address", () => {
  const special = [
    // This network and this machine, private networks, carriers' NAT, link-local (clouds' metadata), documentation, benchmarks, multicast, reserved.
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0", "127.0.0.1", "127.255.255.255",
    "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255",
    "192.88.99.0", "192.88.99.255", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255",
    "203.0.113.0", "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1",
    "100::1", "1fff:ffff::1", "2001::", "2001::1", "2001:10::1", "2001:1ff:ffff::1", "2001:db8::", "2001:db8:ffff::1", "2002::", "2002:7f00:1::", "2002:ffff::1",
    "3fff::", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%lo", "fec0::1", "ff02::1", "ffff::1",
  ];
  for (const address of special) it(`${address} is not public`, () => assert.equal(isPublicAddress(address), false));

  const shared = [
    "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0",
    "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
    "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
    "2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2606:4700::1111", "2a00:1450::1", "3ffe::1", "3fff:1000::1",
  ];
  for (const address of shared) it(`${address} is public`, () => assert.equal(isPublicAddress(address), true));
});

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

describe("a redirect", () => {
  for (const status of [300, 301, 302, 303, 307, 308]) {
    it(`of ${status} is followed, also a relative one`, async (t) => {
      const { url, requests } = await imageServer(t, (request, response) => {
        if (request.url === "/image") return void response.end(png);
        response.writeHead(status, { location: request.url === "/a/first" ? "second?x" : "/image" }).end("see there");
      });
      assert.equal(sourcesOf(await fetched(turnWith(`${url}/a/first`), everyone)).length, 1);
      assert.deepEqual(requests.map((request) => [request.method, request.url]), [["GET", "/a/first"], ["GET", "/a/second?x"], ["GET", "/image"]]);
    });
  }

  it("is followed as often as the bound, and not once more", async (t) => {
    const { url, requests } = await imageServer(t, (request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end(png);
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    assert.equal(sourcesOf(await fetched(turnWith(`${url}/${redirectsMax}`), everyone)).length, 1);
    requests.length = 0;
    await assertRefused(/redirects more than 3 times/u, turnWith(`${url}/${redirectsMax + 1}`), everyone);
    assert.equal(requests.length, redirectsMax + 1);
  });

  it("to a private address is not followed, by number or by name", async (t) => {
    let location = "";
    const { url, requests } = await imageServer(t, (_request, response) => response.writeHead(302, { location }).end());
    // Only the server itself may be asked.
    const isPublic = (address: string): boolean => address === "127.0.0.1" && requests.length === 0;
    for (location of ["http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data", "http://localhost/", "//10.0.0.1/a.png", "http://2130706433/"]) {
      requests.length = 0;
      await assertRefused(/only images on public addresses/u, turnWith(url), { isPublic });
      assert.equal(requests.length, 1, location);
    }
  });

  for (const location of ["ftp://example.com/a.png", "file:///etc/passwd", "data:image/png;base64,AAAA", "http://", "javascript:1"]) {
    it(`to ${location} is refused`, async (t) => {
      const { url } = await imageServer(t, (_request, response) => response.writeHead(302, { location }).end());
      await assertRefused(/expected an http\(s\) URL/u, turnWith(url), everyone);
    });
  }

  it("with credentials is refused", async (t) => {
    const { url } = await imageServer(t, (_request, response) => response.writeHead(302, { location: "http://user:pass@example.com/" }).end());
    await assertRefused(/credentials/u, turnWith(url), everyone);
  });
});

describe("a URL", () => {
  for (const url of ["http://127.0.0.1/a", "http://127.1/a", "http://0x7f000001/", "http://2130706433/", "http://0/", "http://10.0.0.1/", "http://169.254.169.254/", "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1]/", "https://127.0.0.1/", "https://[fd00::1]/"]) {
    it(`of a private address is not asked: ${url}`, async () => void await assertRefused(/only images on public addresses/u, turnWith(url)));
  }

  it("whose name stands for this machine is not asked", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    const { port } = new URL(url);
    for (const host of ["localhost", "LOCALHOST"]) await assertRefused(/only images on public addresses/u, turnWith(`http://${host}:${port}/`));
    assert.equal(requests.length, 0);
  });

  it("whose name stands for a private address among public ones is not asked", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    const seen: string[] = [];
    const isPublic = (address: string): boolean => seen.push(address) === 0;
    await assertRefused(/only images on public addresses/u, turnWith(`http://localhost:${new URL(url).port}/`), { isPublic });
    assert.ok(seen.length > 0 && seen.every((address) => ["127.0.0.1", "::1"].includes(address)), seen.join());
    assert.equal(requests.length, 0);
  });

  it("by name is connected to where its lookup said", async (t) => {
    const { url, requests } = await imageServer(t, (_request, response) => response.end(png));
    assert.equal(sourcesOf(await fetched(turnWith(`http://localhost:${new URL(url).port}/`), everyone)).length, 1);
    assert.match(requests[0]?.headers.host ?? "", /^localhost:\d+$/u);
  });

  it("by name is connected to the first address where Node tries no others", async (t) => {
    const { url } = await imageServer(t, (_request, response) => response.end(png));
    const isUsual = getDefaultAutoSelectFamily();
    t.after(() => setDefaultAutoSelectFamily(isUsual));
    setDefaultAutoSelectFamily(false);
    const name = `http://localhost:${new URL(url).port}/`;
    await assertRefused(/only images on public addresses/u, turnWith(name));
    // The first of localhost's may be ::1, where the server is not.
    const answers = await fetched(turnWith(name), everyone).then(sourcesOf, (error: unknown) => error);
    assert.ok(Array.isArray(answers) ? answers.length === 1 : answers instanceof BridgeError && /could not be fetched/u.test(answers.message), String(answers));
  });

  it("whose name nobody knows cannot be fetched, and the cause is kept for the log", async () => {
    const error = await assertRefused(/could not be fetched/u, turnWith("http://nobody.invalid/a.png"));
    assert.ok(error.cause instanceof Error);
    assert.doesNotMatch(error.message, /nobody/u);
  });

  it("that answers no TLS cannot be fetched", async (t) => {
    const { url } = await imageServer(t, (_request, response) => response.end(png));
    await assertRefused(/could not be fetched/u, turnWith(url.replace("http:", "https:")), everyone);
  });

  it("whose server hangs up cannot be fetched", async (t) => {
    const { url } = await imageServer(t, (_request, response) => response.destroy());
    await assertRefused(/could not be fetched/u, turnWith(url), everyone);
  });

  it("whose server hangs up in the middle cannot be fetched", async (t) => {
    const { url } = await imageServer(t, (_request, response) => {
      response.writeHead(200, { "content-length": 1_000 });
      response.write(png, () => response.destroy());
    });
    await assertRefused(/could not be fetched/u, turnWith(url), everyone);
  });

  for (const url of ["http://user:pass@example.com/a", "https://user@example.com/a", "http://:pass@example.com/a"]) {
    it(`with credentials is refused: ${url}`, async () => {
      const error = await assertRefused(/credentials/u, turnWith(url));
      assert.doesNotMatch(error.message, /pass|user@/u);
    });
  }

  for (const url of ["http://", "https://a b/", "http://[::1", "http://example.com:99999/", "ftp://example.com/", "nonsense"]) {
    it(`that is none is refused: ${url}`, async () => void await assertRefused(/expected an http\(s\) URL/u, turnWith(url)));
  }
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
