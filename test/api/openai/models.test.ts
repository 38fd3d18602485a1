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
