import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { getModel, listModels } from "../../../src/api/anthropic/models.ts";
import { BridgeError } from "../../../src/errors.ts";
import { decodeWireText } from "../../../src/json-text.ts";
import type { ModelEntry } from "../../../src/turn/model.ts";

const ids = ["opus", "sonnet", "haiku", "claude-x", "é"];
const entry = (id: string): ModelEntry => ({
  id, description: id === "opus" ? "Opus" : undefined, ...(id === "haiku" ? { contextWindow: 200_000, outputTokensMax: 64_000 } : {}),
});
const source = {
  listModels: () => Promise.resolve(ids.map(entry)),
  describeModel: (name: string) => (name === "nobody" ? Promise.reject(new BridgeError("model_not_found", "x", { part: "model" })) : Promise.resolve(entry(name))),
};
const list = async (query: string): Promise<any> => JSON.parse(decodeWireText(await listModels(source)({ parameter: "", query: new URLSearchParams(query), header: () => undefined })));
const get = async (parameter: string): Promise<any> => JSON.parse(decodeWireText(await getModel(source)({ parameter, query: new URLSearchParams(), header: () => undefined })));

describe("the list of models in Anthropic's form", () => {
  it("has each with its name, the name for people, and no date that nobody told", async () => {
    const { data, ...page } = await list("");
    const unknown = { max_input_tokens: null, max_tokens: null, capabilities: null };
    assert.deepEqual(page, { has_more: false, first_id: "opus", last_id: "é" });
    assert.deepEqual(data.slice(0, 2), [
      { type: "model", id: "opus", display_name: "Opus", created_at: "1970-01-01T00:00:00Z", ...unknown }, { type: "model", id: "sonnet", display_name: "sonnet", created_at: "1970-01-01T00:00:00Z", ...unknown },
    ]);
  });

  it("has a model's limits once they are known", async () => {
    const { max_input_tokens, max_tokens } = await get("haiku");
    assert.deepEqual([max_input_tokens, max_tokens], [200_000, 64_000]);
  });

  for (const [query, expected, hasMore] of [
    ["limit=2", ["opus", "sonnet"], true], ["limit=2&after_id=sonnet", ["haiku", "claude-x"], true], ["limit=2&after_id=claude-x", ["é"], false], ["after_id=%C3%A9", [], false],
    ["limit=2&before_id=claude-x", ["sonnet", "haiku"], true], ["limit=9&before_id=haiku", ["opus", "sonnet"], false],
  ] as const) {
    it(`is read page by page: ${query}`, async () => {
      const { data, has_more, first_id, last_id } = await list(query);
      assert.deepEqual([data.map(({ id }: any) => id), has_more, first_id, last_id], [expected, hasMore, expected[0] ?? null, expected.at(-1) ?? null]);
    });
  }

  for (const [query, field] of [["limit=0", "limit"], ["limit=1001", "limit"], ["limit=x", "limit"], ["after_id=nobody", "after_id"], ["before_id=nobody", "before_id"], ["after_id=opus&before_id=haiku", "before_id"]] as const) {
    it(`is refused by the name of what is wrong: ${query}`, () => assert.rejects(list(query), { code: "invalid_value", field }));
  }

  it("has each by its path too, also one that is not listed, and none that is not served", async () => {
    assert.deepEqual([(await get("opus")).display_name, (await get("claude-opus-9%5B1m%5D")).id], ["Opus", "claude-opus-9[1m]"]);
    await assert.rejects(get("nobody"), { code: "model_not_found" });
    await assert.rejects(get("%"), { code: "invalid_value", field: "model" });
  });
});
