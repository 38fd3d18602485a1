/** Which addresses images are fetched from, also behind a redirect. */
import assert from "node:assert/strict";
import { getDefaultAutoSelectFamily, setDefaultAutoSelectFamily } from "node:net";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { isPublicAddress, redirectsMax } from "../../src/http/fetch-images.ts";
import { assertRefused, everyone, fetched, imageServer, png, sourcesOf, turnWith } from "../support/image-server.ts";

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
