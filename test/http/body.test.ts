import assert from "node:assert/strict";
import { once } from "node:events";
import { IncomingMessage, createServer } from "node:http";
import { Socket, connect } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { jsonDepthMax } from "../../src/api/check.ts";
import { type BodyLimits, bytesPerMegabyte, readJsonBody } from "../../src/http/body.ts";
import { statusOf } from "../support/openai-error.ts";

const limits = { maxBodyBytes: bytesPerMegabyte };

function requestOf(chunks: readonly (string | Buffer)[], headers: Record<string, string> = {}): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.headers = headers;
  for (const chunk of chunks) request.push(chunk);
  request.push(null);
  return request;
}

function listenersOf(request: IncomingMessage): Record<string, number> {
  return Object.fromEntries(["data", "end", "error", "close"].map((name) => [name, request.listenerCount(name)]));
}

async function refusalOf(reading: Promise<unknown>): Promise<BridgeError> {
  try {
    await reading;
  } catch (error) {
    assert.ok(error instanceof BridgeError, String(error));
    return error;
  }
  return assert.fail("it was taken");
}

const refused = (body: string | Buffer): Promise<BridgeError> => refusalOf(readJsonBody(requestOf([body]), limits));

/** Runs `readJsonBody` behind a real server, lets `send` write to a bare socket, and gives what it came to. */
async function overSocket(
  limits: number | BodyLimits,
  send: (socket: Socket, reading: Promise<unknown>) => Promise<void>,
): Promise<{ outcome: unknown; received: string }> {
  const server = createServer();
  const settled = new Promise<unknown>((resolve) => {
    server.on("request", async (request, response) => {
      const outcome: unknown = await readJsonBody(request, typeof limits === "number" ? { maxBodyBytes: limits } : limits).catch((error: unknown) => error);
      response.statusCode = outcome instanceof BridgeError ? statusOf(outcome) : 200;
      response.end();
      resolve(outcome);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let received = "";
  socket.setEncoding("latin1").on("data", (text: string) => (received += text));
  await once(socket, "connect");
  await send(socket, once(server, "request"));
  const outcome = await settled;
  socket.destroy();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  return { outcome, received };
}

const head = (rest: string): string => `POST / HTTP/1.1\r\nhost: localhost\r\n${rest}\r\n\r\n`;

describe("a JSON body", () => {
  it("keeps the digits of a long number in the data of a call, and of its result", async () => {
    const id = "1234567890123456789";
    const read = (body: string): Promise<unknown> => readJsonBody(requestOf([body]), limits, { objects: new Set(["arguments"]), values: new Set(["output"]), schemas: new Set() });
    assert.deepEqual(await read(`{"n":5,"a":[{"arguments":{"id":${id},"n":123456789012345}},{"output":{"ids":[${id}]}}]}`), { n: 5, a: [{ arguments: { id, n: 123456789012345 } }, { output: { ids: [id] } }] });
    assert.deepEqual(await read(`{"max":${id},"text":"${id}"}`), { max: Number(id), text: id });
    assert.deepEqual(await readJsonBody(requestOf([`{"arguments":{"id":${id}}}`]), limits), { arguments: { id: Number(id) } }, "where no fields are named");
  });

  const document = Buffer.from('{"text":"gr\u00fc\u00df \u{1f600} \\" [","list":[1,{"a":null}]}');
  const expected = { text: 'gr\u00fc\u00df \u{1f600} " [', list: [1, { a: null }] };

  it("is read whatever the boundaries of its chunks", async () => {
    for (let cut = 0; cut <= document.length; cut += 1) {
      assert.deepEqual(await readJsonBody(requestOf([document.subarray(0, cut), document.subarray(cut)]), limits), expected);
    }
    assert.deepEqual(await readJsonBody(requestOf(Array.from(document, (byte) => Buffer.of(byte))), limits), expected);
  });

  it("needs no content type, and may say it is not encoded", async () => {
    assert.deepEqual(await readJsonBody(requestOf(["{}"], { "content-encoding": "Identity" }), limits), {});
  });

  it("may begin with a byte order mark", async () => {
    assert.deepEqual(await readJsonBody(requestOf(['\ufeff{"a":1}']), limits), { a: 1 });
  });

  it("leaves no listener behind, on the request or the signal", async () => {
    const request = requestOf(["{}"]);
    const before = listenersOf(request);
    const { signal } = new AbortController();
    let added = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...rest: Parameters<typeof add>) => { added += 1; add(...rest); };
    signal.removeEventListener = (...rest: Parameters<typeof remove>) => { added -= 1; remove(...rest); };
    await readJsonBody(request, { ...limits, signal });
    assert.deepEqual(listenersOf(request), before);
    assert.equal(added, 0);
  });
});

describe("a body that is no JSON object", () => {
  for (const [body, got] of [["[]", "an array"], ["null", "null"], ['"x"', "a string"], ["1", "a number"], ["true", "a boolean"]] as const) {
    it(`is refused as ${got}`, async () => {
      const error = await refused(body);
      assert.equal(statusOf(error), 400);
      assert.equal(error.field, "body");
      assert.equal(error.message, `The request body must be a JSON object, got ${got}.`);
    });
  }

  it("is refused when it is empty", async () => {
    const error = await refused("");
    assert.deepEqual([error.code, statusOf(error), error.field], ["invalid_json", 400, "body"]);
    assert.match(error.message, /is empty/);
  });

  it("is refused when it is not UTF-8", async () => {
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80]]) {
      const error = await refused(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]));
      assert.deepEqual([error.code, error.field, error.message], ["invalid_json", "body", "The request body is not valid UTF-8."]);
    }
  });

  it("is refused with the parser's reason, and with nothing of the body", async () => {
    const bodies = [
      '{"SECRET":SECRET}', '{"SECRET":1,}', '{"SECRET":1 "SECRET"}', '{"SECRET":01}', '{"SECRET":1} SECRET', '{"SECRET', '{"SECRET":"\n"}',
      '{"SECRET":1.}', '{"SECRET" 1}', '{"SECRET":"\\u12"}', "{SECRET:1}", '["SECRET" "SECRET"]', "SECRET", '{"SECRET":"\\q"}', '{"SECRET":',
      '"Expected SECRET in JSON at position 5', "Expected SECRET at position 5",
    ];
    for (const body of bodies) {
      const error = await refused(body);
      assert.deepEqual([error.code, statusOf(error), error.field], ["invalid_json", 400, "body"]);
      assert.ok(error.message.startsWith("The request body is not valid JSON"), error.message);
      assert.ok(!JSON.stringify([error.message, String(error.cause), error.stack]).includes("SECRET"), `${body}: ${error.message}`);
    }
    assert.match((await refused('{"a":1,}')).message, /^The request body is not valid JSON: Expected double-quoted property name at position 7( \(|\.)/);
    assert.match((await refused('{"a":')).message, /: it ends too early\.$/);
    assert.equal((await refused("nope")).message, "The request body is not valid JSON.");
  });
});

describe("nesting", () => {
  const nested = (depth: number): string => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

  it("is taken down to its limit", async () => {
    assert.ok(await readJsonBody(requestOf([nested(jsonDepthMax)]), limits));
  });

  it("is refused beyond it, in arrays and objects, before it is parsed", async () => {
    for (const body of [nested(jsonDepthMax + 1), '{"a":'.repeat(jsonDepthMax + 1), "[".repeat(500_000)]) {
      const error = await refused(body);
      assert.deepEqual([error.code, statusOf(error), error.field], ["invalid_json", 400, "body"]);
      assert.match(error.message, /at most 200 arrays and objects/);
    }
  });

  it("counts what is open, not what there is", async () => {
    assert.ok(await readJsonBody(requestOf([`{"a":[${"[],{},".repeat(1000)}1]}`]), limits));
  });

  it("does not count brackets in strings, however long and escaped they are", async () => {
    const many = "[{".repeat(300);
    for (let padding = 0; padding < 70; padding += 1) {
      for (const escapes of ['\\"', '\\\\', '\\\\\\"', '\\"\\"', "\\n"]) {
        const body = `{"k":"${"x".repeat(padding)}${escapes}${many}${escapes}","l":"${many}"}`;
        assert.deepEqual(await readJsonBody(requestOf([body]), limits), JSON.parse(body));
      }
    }
  });

  it("is seen after a string of any length and ending", async () => {
    for (let padding = 0; padding < 70; padding += 1) {
      for (const ending of ["", '\\"', "\\\\", '\\\\\\"', "\\\\\\\\"]) {
        const error = await refused(`{"${"x".repeat(padding)}${ending}":${"[".repeat(jsonDepthMax)}`);
        assert.match(error.message, /nested too deeply/, `${padding} ${ending}`);
      }
    }
  });

  it("of a string that never ends is left to the parser", async () => {
    for (const body of ['{"a', `{"${"x".repeat(100)}`, '{"a\\', `{"${"x".repeat(31)}\\`, `{"${"x".repeat(60)}\\"`]) {
      assert.match((await refused(body)).message, /not valid JSON/);
    }
  });
});

describe("an encoded body", () => {
  it("is refused by the header's name", async () => {
    const error = await refusalOf(readJsonBody(requestOf(["{}"], { "content-encoding": "gzip" }), limits));
    assert.deepEqual([statusOf(error), error.field], [400, "content-encoding"]);
    assert.match(error.message, /^content-encoding: expected/);
  });
});

describe("a body over the limit", () => {
  it("is refused at once when it announces itself, and not read", async () => {
    const request = requestOf(["{}"], { "content-length": String(bytesPerMegabyte + 1) });
    const error = await refusalOf(readJsonBody(request, limits));
    assert.deepEqual([error.code, statusOf(error), error.field], ["body_too_large", 413, "body"]);
    assert.equal(error.message, "The request body is larger than 1 MB, the limit set by --max-body.");
    assert.equal(request.readableFlowing, null);
  });

  it("is taken when it just fits", async () => {
    const body = JSON.stringify({ a: "x".repeat(92) });
    assert.equal(body.length, 100);
    assert.ok(await readJsonBody(requestOf([body], { "content-length": "100" }), { maxBodyBytes: 100 }));
    assert.equal(statusOf(await refusalOf(readJsonBody(requestOf([body]), { maxBodyBytes: 99 }))), 413);
  });

  it("is refused when it runs over, and its sender sees the 413 while it still sends", async () => {
    const { outcome, received } = await overSocket(100, async (socket) => {
      socket.write(head("transfer-encoding: chunked"));
      socket.write(`c8\r\n${"x".repeat(200)}\r\n`);
      await once(socket, "data");
      socket.write(`c8\r\n${"x".repeat(200)}\r\n0\r\n\r\n`);
    });
    assert.ok(outcome instanceof BridgeError);
    assert.equal(outcome.code, "body_too_large");
    assert.match(received, /^HTTP\/1\.1 413 /);
  });

  it("leaves no listener behind", async () => {
    const request = requestOf(["x".repeat(200)]);
    const before = listenersOf(request);
    await refusalOf(readJsonBody(request, { maxBodyBytes: 100 }));
    assert.deepEqual(listenersOf(request), before);
  });
});

describe("a body that stands still", () => {
  it("is refused, so that it does not keep the place of another request", async () => {
    const { outcome, received } = await overSocket({ ...limits, stillMsMax: 50 }, async (socket) => {
      socket.write(head("content-length: 100") + "{");
      await once(socket, "data");
    });
    assert.ok(outcome instanceof BridgeError);
    assert.deepEqual([outcome.code, outcome.field], ["request_timeout", "body"]);
    assert.match(outcome.message, /^Nothing more of the request body came for 0\.05 s\.$/u);
    assert.match(received, /^HTTP\/1\.1 408 /u);
  });
});

describe("a client that leaves", () => {
  it("in the middle of its body ends the reading", async () => {
    const { outcome } = await overSocket(1000, async (socket, reading) => {
      socket.write(head("content-length: 100") + '{"a":');
      await reading;
      socket.destroy();
    });
    assert.ok(outcome instanceof BridgeError);
    assert.equal(outcome.code, "client_closed");
  });

  it("before the reading begins is seen too", async () => {
    const request = requestOf([]);
    request.destroy();
    await once(request, "close");
    assert.equal((await refusalOf(readJsonBody(request, limits))).code, "client_closed");
  });

  it("without an error is told by the close alone", async () => {
    const request = new IncomingMessage(new Socket());
    request.headers = {};
    const before = listenersOf(request);
    const reading = refusalOf(readJsonBody(request, limits));
    request.emit("close");
    assert.equal((await reading).code, "client_closed");
    assert.deepEqual(listenersOf(request), before);
  });
});

describe("a signal", () => {
  const waiting = (): IncomingMessage => {
    const request = new IncomingMessage(new Socket());
    request.headers = {};
    return request;
  };

  it("ends the reading with its own failure", async () => {
    const abort = new AbortController();
    const reason = new BridgeError("shutting_down", "The server is shutting down.");
    const request = waiting();
    const before = listenersOf(request);
    const reading = refusalOf(readJsonBody(request, { ...limits, signal: abort.signal }));
    abort.abort(reason);
    assert.equal(await reading, reason);
    assert.deepEqual(listenersOf(request), before);
  });

  it("without one of ours counts as the client's leaving", async () => {
    const abort = new AbortController();
    const reading = refusalOf(readJsonBody(waiting(), { ...limits, signal: abort.signal }));
    abort.abort();
    const error = await reading;
    assert.equal(error.code, "client_closed");
    assert.equal(error.cause, abort.signal.reason);
  });

  it("that is aborted already lets nothing be read", async () => {
    const request = waiting();
    assert.equal((await refusalOf(readJsonBody(request, { ...limits, signal: AbortSignal.abort() }))).code, "client_closed");
    assert.equal(request.readableFlowing, null);
  });
});
