/**
 * What a client is told of what the API refuses at once, on the real CLIs: the same table as on the made-up one
 * (test/end-to-end/refusals.test.ts, test/README.md).
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AnthropicStub } from "../support/anthropic-stub.ts";
import { judgeChatStream } from "../support/chat-wire.ts";
import { anthropicErrorOf, judgeMessageStream } from "../support/messages-wire.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { type RealServer, startReal } from "../support/real-server.ts";
import { type Api, apis, type Refusal, refusals, resetsInSeconds, type Told, toldOf, withoutChance } from "../support/refusals.ts";
import { judgeResponseStream } from "../support/responses-wire.ts";
import { postJson, readBytes } from "../support/sse.ts";

const moment = "at once";
const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const forms = apis.flatMap((api) => [false, true].map((isStreamed) => ({ api, isStreamed, text: `${api}, ${isStreamed ? "streamed" : "whole"}` })));

/** The API's words, where they are no other's: a CLI may have its own for the rest. */
const keptWords: Readonly<Record<string, RegExp>> = {
  "400, extra usage is spent": /out of extra usage/iu,
  "429, longer than the plan has without extra usage": /usage credits required for 1M context/iu,
  "403, the account may not": /disabled/iu,
};

/** A server is told of the login and of the window in an answer, and keeps it: those are asked for last. */
const isKept = ({ name }: Refusal): number => ["429, the window is used up", "401, the login is refused"].findIndex((one) => one === name);
const inOrder = refusals.toSorted((one, other) => isKept(one) - isKept(other));

async function told(url: string, refusal: Refusal, api: Api, isStreamed: boolean, expected: Told): Promise<{ readonly told: Told; readonly text: string }> {
  const asked = api === "responses" ? { input: refusal.name } : { messages: [{ role: "user", content: refusal.name }] };
  const response = await postJson(`${url}/v1/${api === "chat" ? "chat/completions" : api}`, { model: "sonnet", stream: isStreamed, ...asked });
  const bytes = await readBytes(response);
  const text = withoutChance(bytes.toString());
  const retryAfter = response.headers.get("retry-after");
  // A window's end is told in whole seconds from now.
  const secondsLess = Number(expected.retryAfter) - Number(retryAfter);
  const isNear = expected.retryAfter === String(resetsInSeconds) && secondsLess >= 0 && secondsLess <= 60;
  return {
    text,
    told: {
      status: response.status, code: codeIn(response, bytes, api) ?? null, retryAfter: isNear ? expected.retryAfter : retryAfter,
      shouldRetry: response.headers.get("x-should-retry") as Told["shouldRetry"], last: text.endsWith(expected.last) ? expected.last : text.slice(-80),
    },
  };
}

function codeIn(response: Response, bytes: Buffer, api: Api): string | null | undefined {
  if (response.headers.get("content-type")?.startsWith("text/event-stream") !== true) {
    return api === "messages" ? anthropicErrorOf(bytes.toString()).type : (JSON.parse(bytes.toString()) as { error: { code: string | null } }).error.code;
  }
  if (api === "messages") return judgeMessageStream(bytes).failure;
  return api === "chat" ? judgeChatStream(bytes).failure : judgeResponseStream(bytes).response.error.code;
}

async function refusedBy(stub: AnthropicStub, { bridge }: RealServer, refusal: Refusal): Promise<void> {
  stub.respond = () => refusal.upstream(nowSeconds());
  await Promise.all(forms.map(async ({ api, isStreamed, text: form }) => {
    const expected = toldOf(refusal, moment, api, isStreamed);
    assert.ok(typeof expected !== "string");
    const { told: got, text } = await told(bridge.url, refusal, api, isStreamed, expected);
    assert.deepEqual(got, expected, `${refusal.name}; ${form}: ${text.slice(-400)}`);
    assert.match(text, keptWords[refusal.name] ?? /./u);
  }));
}

for (const version of sampledClaudeVersions()) {
  describe(`what the API refuses at once, on claude ${version}`, { concurrency: 1 }, () => {
    it("is told as test/README.md has it, by each API, streamed and whole", async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const server = await startServer();
      for (const refusal of inOrder.filter(({ said }) => said !== undefined)) {
        await t.test(refusal.name, () => refusedBy(stub, server, refusal));
      }
    });

    it("and a silence that is longer than the head waits, too", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer(["--head-wait", "0.5", "--turn-timeout", "2"]);
      const silence = refusals.find(({ said }) => said === undefined) ?? assert.fail();
      await refusedBy(stub, server, silence);
    });
  });
}
