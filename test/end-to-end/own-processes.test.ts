/** A process that asks a server of this kind, as one does whose ANTHROPIC_BASE_URL is that server's address. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startEmbedded, startEmbeddedWith } from "../support/embedded-server.ts";
import { fakeClaudePath } from "../support/fake-claude.ts";
import { anthropicErrorOf } from "../support/messages-wire.ts";
import { postJson } from "../support/sse.ts";

interface Told { readonly status: number; readonly headers: readonly string[]; readonly text: string }

describe("a process's own request", () => {
  it("is refused by the server that has started it, and answered by any other", async (t) => {
    const passEnv = ["ANTHROPIC_BASE_URL", "ANTHROPIC_CUSTOM_HEADERS"];
    const environment = { ANTHROPIC_BASE_URL: "http://127.0.0.1:9", ANTHROPIC_CUSTOM_HEADERS: "x-of-the-user: yes" };
    const [own, other] = [await startEmbedded(t, { claude: fakeClaudePath("asks-its-base-url"), passEnv }, environment), await startEmbeddedWith(t, "answers")];
    const ask = async (address: string): Promise<Told> => {
      const response = await postJson(`${own.url}/v1/messages`, { model: "opus", max_tokens: 9, messages: [{ role: "user", content: address }] });
      const { content: [block] } = await response.json() as { content: { text: string }[] };
      return JSON.parse(block?.text ?? assert.fail()) as Told;
    };
    const refused = await ask(own.url);
    assert.deepEqual([refused.status, refused.headers[0]], [400, "x-of-the-user"]);
    const { type, message } = anthropicErrorOf(refused.text);
    assert.equal(type, "invalid_request_error");
    assert.match(message, /own claude process.*ANTHROPIC_BASE_URL/u);
    assert.equal((await ask(other.url)).status, 200, "a server in front of another one");
  });
});
