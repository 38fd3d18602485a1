/** The API's parameters that the CLI has no option for: what goes upstream, and what becomes of a refusal. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorAnswer, type StubRequestBody, textAnswer } from "../support/anthropic-stub.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";

interface Parameters { readonly temperature?: number; readonly stop_sequences?: readonly string[] }

/** The CLI itself sets a temperature of 1 for some models that do not think. */
function parametersIn(body: StubRequestBody): Parameters {
  const { temperature, stop_sequences } = body as Parameters;
  return { ...(temperature === undefined || temperature === 1 ? {} : { temperature }), ...(stop_sequences === undefined ? {} : { stop_sequences }) };
}

describe("the API's parameters", () => {
  for (const version of claudeVersions) {
    /** The models of 2.1.330 are too new for it; of those of 2.1.197 haiku takes it. */
    const refusesSampling = version === "2.1.330";

    it(`claude ${version}: each turn's are those that it asks for, on one process`, async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: refusesSampling });
      const { bridge, client } = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      const messages: object[] = [];
      const ask = async (settings: object): Promise<object> => {
        messages.push({ role: "user", content: `question ${messages.length}` });
        await client.chat.completions.create({ model: refusesSampling ? "sonnet" : "haiku", messages, ...settings });
        messages.push({ role: "assistant", content: "Fine." });
        return parametersIn(stub.requests.at(-1)?.body ?? assert.fail());
      };
      assert.deepEqual(await ask({ stop: ["END", "\n"] }), { stop_sequences: ["END"] });
      assert.deepEqual(await ask({ temperature: 0.2, reasoning_effort: "none" }), refusesSampling ? {} : { temperature: 0.2 });
      assert.deepEqual(await ask({ stop: "STOP" }), { stop_sequences: ["STOP"] });
      assert.deepEqual(await ask({ temperature: 0.2 }), {}, "beside thinking the API takes none");
      assert.equal(claudesOf(bridge).length, 1);
    });

    it(`claude ${version}: one that the model refuses is left out and asked once more, and not the next time`, async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const { client } = await startServer();
      stub.respond = ({ body }) => (
        parametersIn(body).temperature === 0.2 ? errorAnswer(400, "invalid_request_error", "`temperature` is deprecated for this model.") : textAnswer(["Fine."])
      );
      const ask = async (content: string): Promise<readonly (number | undefined)[]> => {
        const before = stub.requests.length;
        const completion = await client.chat.completions.create({ model: "sonnet", messages: [{ role: "user", content }], temperature: 0.2, reasoning_effort: "none" });
        assert.equal(completion.choices[0].message.content, "Fine.");
        return stub.requests.slice(before).map(({ body }) => parametersIn(body).temperature);
      };
      const asked = await ask("one");
      // 2.1.330 asks again by itself after most refusals.
      const refused = asked.filter((temperature) => temperature === 0.2).length;
      assert.ok(refused >= 1 && refused <= (version === "2.1.330" ? 3 : 1), `${refused} times`);
      assert.equal(asked.length, refused + 1, "and once more without it");
      assert.deepEqual((await ask("two")).filter((temperature) => temperature === 0.2), []);
      assert.equal(stub.requests.length, asked.length + 1);
    });

    it(`claude ${version}: a stop sequence ends the answer upstream, and the process goes on`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = ({ body }) => textAnswer(["Before "], { stopReason: "stop_sequences" in body ? "stop_sequence" : "end_turn", usage: { output_tokens: 7 } });
      const messages: object[] = [{ role: "user", content: "one" }];
      const stopped = await client.chat.completions.create({ model: "sonnet", messages, stop: ["END"] });
      assert.deepEqual([stopped.choices[0].message.content, stopped.choices[0].finish_reason, stopped.usage.completion_tokens], ["Before ", "stop", 7]);
      messages.push({ role: "assistant", content: "Before " }, { role: "user", content: "two" });
      await client.chat.completions.create({ model: "sonnet", messages });
      assert.equal(claudesOf(bridge).length, 1);
      assert.deepEqual(parametersIn(stub.requests.at(-1)?.body ?? assert.fail()), {});
    });
  }
});
