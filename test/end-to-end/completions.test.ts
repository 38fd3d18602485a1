/** `POST /v1/completions` through the whole server, as an editor asks it: many short questions, one after the other. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { completionText, fillingText } from "../../src/own-words.ts";
import { startEmbedded, startEmbeddedWith } from "../support/embedded-server.ts";
import { healthOf } from "../support/health.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { startRememberingClaude } from "../support/remembering-claude.ts";
import type { View } from "../support/remembered-told.ts";
import { postJson, readStrictSse } from "../support/sse.ts";

const post = (url: string, body: object): Promise<Response> => postJson(`${url}/v1/completions`, { model: "opus", ...body });

describe("a completion", () => {
  it("is whole or streamed, and what is wrong is refused by the field's name", async (t) => {
    const { url } = await startEmbeddedWith(t, "answers");
    const { object, choices } = await (await post(url, { prompt: "WORDS 2", echo: true })).json() as any;
    assert.deepEqual([object, choices], ["text_completion", [{ index: 0, text: "WORDS 2w0 w1 ", logprobs: null, finish_reason: "stop" }]]);
    const { data } = await readStrictSse(await post(url, { prompt: "WORDS 2", stream: true }));
    assert.equal(data.pop(), "[DONE]");
    assert.deepEqual(data.map((json) => JSON.parse(json).choices[0]).map(({ text, finish_reason }) => [text, finish_reason]), [["", null], ["w0 ", null], ["w1 ", null], ["", "stop"]]);
    const error = await openAiErrorIn(await post(url, { prompt: [1, 2] }));
    assert.deepEqual([error.status, error.code, error.param], [400, "unsupported_parameter", "prompt"]);
  });

  it("takes one process after another question, emptied in between, and the model does not think", async (t) => {
    const claude = await startRememberingClaude(t, 7);
    const views: View[] = [];
    claude.onTurn = (view) => void views.push({ ...view, told: structuredClone(view.told) });
    const { url } = await startEmbedded(t, { claude: claude.path, passEnv: Object.keys(claude.environment) }, claude.environment);
    for (let question = 0; question < 5; question++) assert.equal((await post(url, { prompt: `const a${question} =`, max_tokens: 64 })).status, 200);
    assert.equal((await post(url, { prompt: "f(", suffix: ")", max_tokens: 64 })).status, 200);
    assert.equal(new Set(views.slice(0, 5).map(({ process }) => process)).size, 1);
    assert.deepEqual(views.map(({ told }) => [told.system.join(""), told.messages.length, told.settings.isThinkingOff]), views.map((_, at) => [at < 5 ? completionText : fillingText, 1, true]));
    const { turns } = await healthOf(url);
    assert.equal(turns.told_on["recycled"], 4);
    assert.deepEqual(claude.violations, []);
  });
});
