import assert from "node:assert/strict";
import { it } from "node:test";
import { modelList, modelObject } from "../../../src/api/openai/models.ts";

it("a model is OpenAI's object, with the CLI's description where there is one", () => {
  assert.deepEqual(modelObject({ id: "opus", description: undefined }, 17), { id: "opus", object: "model", created: 17, owned_by: "anthropic" });
  assert.deepEqual(modelObject({ id: "opus", description: "Opus" }, 17), { id: "opus", object: "model", created: 17, owned_by: "anthropic", description: "Opus" });
});

it("the models are OpenAI's list", () => {
  assert.deepEqual(modelList([], 17), { object: "list", data: [] });
  assert.deepEqual(modelList([{ id: "a", description: undefined }, { id: "b", description: undefined }], 17), {
    object: "list", data: [modelObject({ id: "a", description: undefined }, 17), modelObject({ id: "b", description: undefined }, 17)],
  });
});

it("a model has its limits under the names that clients look for, as far as they are known", () => {
  const window = { context_length: 200_000, context_window: 200_000, max_model_len: 200_000 };
  const model = { id: "opus", object: "model", created: 17, owned_by: "anthropic" };
  assert.deepEqual(modelObject({ id: "opus", description: undefined, contextWindow: 200_000, outputTokensMax: 64_000 }, 17), { ...model, ...window, max_output_tokens: 64_000 });
  assert.deepEqual(modelObject({ id: "opus", description: undefined, contextWindow: 200_000 }, 17), { ...model, ...window });
});
