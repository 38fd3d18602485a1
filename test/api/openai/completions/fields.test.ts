import { describe } from "node:test";
import { completionFields } from "../../../../src/api/openai/completions/fields.ts";
import { parseCompletionRequest } from "../../../../src/api/openai/completions/request.ts";
import { testFieldTable } from "../../../support/field-table.ts";

const parse = (more: Readonly<Record<string, unknown>> = {}) => parseCompletionRequest({ model: "opus", prompt: "One, two,", ...more }, "default-model");

describe("the table of the fields of a request for a completion", () => {
  testFieldTable({
    table: completionFields, sources: ["../sampling.ts", "completions/request.ts", "settings.ts"], parse, inside: [],
    honoured: {
      model: ["sonnet"], prompt: ["other"], suffix: [")"], stream: [true], stream_options: [{ include_usage: true }], max_tokens: [9], stop: ["END"], temperature: [0.5], top_p: [0.5], top_k: [5],
      reasoning_effort: ["high"], echo: [true],
    },
  });
});
