/** Instructor, which asks for the same document in four ways, one of them by the deprecated functions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callOrder, exchangeMsMax, jsonOrder, requestsSince, startInterop, suiteMsMax, upstreamTools } from "../support/interop.ts";
import { versionsFor } from "./client-runs.ts";
import { type Client, clients, configure, load, missing } from "./clients.ts";

const document = { title: "A \"plan\"", steps: ["one", "two"] };
const deadline = { timeout: exchangeMsMax };

for (const version of versionsFor(clients.instructor)) {
  test(`${clients.instructor.name} on claude ${version}`, { skip: missing("@instructor-ai/instructor"), timeout: suiteMsMax }, async (t) => {
    const { url, stub } = await startInterop(t, version);
    // Its schemas are of the zod before.
    const { z } = await load("zod/v3");
    const schema = z.object({ title: z.string(), steps: z.array(z.string()) });
    const described: Client = clients.instructor;

    for (const mode of ["TOOLS", "FUNCTIONS", "JSON", "JSON_SCHEMA"]) {
      const client = await configure({
        ...described, configuration: described.configuration.map((part) => ({ ...part, text: part.text.replace('"TOOLS"', JSON.stringify(mode)) })),
      }, url);
      const isCall = mode === "TOOLS" || mode === "FUNCTIONS";
      const ask = {
        model: "sonnet", max_retries: 0, response_model: { schema, name: "plan" },
        messages: [{ role: "system", content: "Plan." }, { role: "user", content: isCall ? callOrder("plan", document) : jsonOrder(document) }],
      };

      await t.test(`mode ${mode}`, deadline, async () => {
        const before = stub.requests.length;
        const { _meta: meta, ...answer } = await client.chat.completions.create(ask);
        assert.deepEqual(answer, document);
        const [request, ...more] = requestsSince(stub, before);
        assert.equal(more.length, 0);
        assert.deepEqual(upstreamTools(request!.body), isCall ? ["plan"] : ["StructuredOutput"]);
      });

      await t.test(`mode ${mode}, streamed`, deadline, async () => {
        let last: any;
        for await (const partial of await client.chat.completions.create({ ...ask, stream: true })) last = partial;
        const { _meta: meta, ...answer } = last;
        assert.deepEqual(answer, document);
      });
    }
  });
}
