/** `POST /v1/messages/count_tokens` on the real CLI: no model is asked, nothing is left, and the count is near the API's own. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type StubRequestBody, textAnswer } from "../support/anthropic-stub.ts";
import { countableRequest } from "../support/countable-requests.ts";
import { countedTokens } from "../support/counted-tokens.ts";
import { seededRandom } from "../support/random.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { claudesOf, type RealServer, startReal } from "../support/real-server.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { postJson } from "../support/sse.ts";

const drawn = sampleOf({ what: "random requests whose tokens are counted, on each CLI", small: 4, large: 4, whole: 100 });
const seed = seedOf(13);
/** Above so many tokens the count may be off by so much; below, what the API itself adds weighs more. */
const [judgedFrom, errorMax] = [2_000, 0.05];

const post = ({ bridge }: RealServer, path: string, body: object): Promise<Response> => postJson(`${bridge.url}${path}`, body, { headers: { "anthropic-version": "2023-06-01" } });
const countOf = async (server: RealServer, body: object): Promise<number> => {
  const response = await post(server, "/v1/messages/count_tokens", body);
  const answer = await response.json() as { input_tokens: number };
  assert.equal(response.status, 200, JSON.stringify(answer));
  assert.deepEqual([Object.keys(answer), response.headers.get("x-claude-token-count")], [["input_tokens"], "estimate"]);
  return answer.input_tokens;
};
const ask = async (server: RealServer, body: object): Promise<any> => {
  const response = await post(server, "/v1/messages", { max_tokens: 2_000, ...body });
  assert.equal(response.status, 200, await response.clone().text());
  return await response.json();
};
const tools = [{ name: "look", description: "Looks.", input_schema: { type: "object", properties: { at: { type: "string" } } } }];
const one = { model: "sonnet", system: "Be brief.", tools, messages: [{ role: "user", content: "one" }] };
const two = { ...one, messages: [...one.messages, { role: "assistant", content: "Yes." }, { role: "user", content: "two" }] };

/** Without what differs from one server to another: who asks, and from which folder. */
const sent = ({ metadata: _who, ...body }: StubRequestBody): object => JSON.parse(JSON.stringify(body).replaceAll(/\/\d+\/empty/gu, "/port/empty")) as object;

for (const version of claudeVersions) {
  describe(`a count on claude ${version}`, () => {
    it("is taken back: its process goes on, and what goes up is what it would have been", async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { mayCount: true });
      const [counting, other] = [await startServer(), await startServer()];
      stub.respond = () => textAnswer(["Yes."]);
      for (const body of [one, two]) {
        assert.ok(await countOf(counting, body) > 0);
        const before = stub.requests.length;
        await ask(counting, body);
        await ask(other, body);
        assert.equal(stub.requests.length, before + 2, "the counts asked no model");
        const [mine, its] = stub.requests.slice(before).map(({ body: asked }) => sent(asked));
        assert.deepEqual(mine, its);
      }
      assert.ok(stub.counts.length > 0);
      assert.ok(await countOf(counting, { ...two, messages: [...two.messages, { role: "assistant", content: "Yes." }, { role: "user", content: "three" }] }) > 0);
      // 2.1.197 cannot take back the first message of all, with which a process is ended.
      assert.equal(claudesOf(counting.bridge).length, 1);
    });

    it(`is near the API's own of what the turn then sends, over ${drawn} random requests, and asks no model`, async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { mayCount: true });
      const server = await startServer();
      stub.respond = () => textAnswer(["Yes."]);
      const random = seededRandom(seed);
      const errors: { readonly tokens: number; readonly error: number }[] = [];
      for (let index = 0; index < drawn; index++) {
        const request = countableRequest(random);
        const before = stub.requests.length;
        const count = await countOf(server, request);
        assert.equal(stub.requests.length, before, "a count asks no model");
        await ask(server, request);
        const tokens = countedTokens(stub.requests[before]?.body ?? assert.fail("the turn did not go up"));
        errors.push({ tokens, error: Math.abs(count - tokens) / tokens });
      }
      const told = (of: readonly { readonly error: number }[]): string => {
        const sorted = of.map(({ error }) => error).sort((first, second) => first - second);
        const percent = (share: number | undefined): string => (share === undefined ? "none" : `${(100 * share).toFixed(2)} %`);
        return `${sorted.length}: median ${percent(sorted[Math.floor(sorted.length / 2)])}, worst ${percent(sorted.at(-1))}`;
      };
      const large = errors.filter(({ tokens }) => tokens > judgedFrom);
      t.diagnostic(`claude ${version}: error of all ${told(errors)}; above ${judgedFrom.toLocaleString("en")} tokens ${told(large)}`);
      assert.ok(large.length > 0, "some are large");
      assert.deepEqual(large.filter(({ error }) => error > errorMax), []);
    });
  });
}
