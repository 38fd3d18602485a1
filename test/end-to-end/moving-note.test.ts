/**
 * A client that puts a note behind all else it sends and takes it back the next time, as OpenClaw does: at each step of a
 * turn and at each prompt. It is not told its conversation anew for that.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEmbedded } from "../support/embedded-server.ts";
import { healthOf } from "../support/health.ts";
import { startRememberingClaude } from "../support/remembering-claude.ts";
import { rewindAbilities } from "../support/rewindable-history.ts";
import { postJson } from "../support/sse.ts";

const prompts = 5;
const note = { role: "user", content: "Nothing runs." };
/** How many turns are told anew: the older CLI takes no first message back, so the first note costs one more process. */
const toldAnew = { "2.1.330": 0, "2.1.197": 1 } as const;

for (const version of ["2.1.330", "2.1.197"] as const) {
  test(`a note that moves behind each of ${prompts} prompts and their results costs ${toldAnew[version]} turns told anew on a CLI like ${version}`, async (t) => {
    const claude = await startRememberingClaude(t, 5, { abilities: rewindAbilities[version] });
    const settings = { claude: claude.path, passEnv: Object.keys(claude.environment) };
    const { url } = await startEmbedded(t, settings, claude.environment);
    const history: object[] = [];
    const ask = async (): Promise<readonly { readonly id: string }[]> => {
      const response = await postJson(`${url}/v1/chat/completions`, {
        model: "opus", tools: [{ type: "function", function: { name: "look", parameters: { type: "object" } } }],
        messages: [{ role: "system", content: "Be brief." }, ...history, note],
      });
      assert.equal(response.status, 200);
      const { choices: [{ message }] } = await response.json() as { choices: [{ message: { content: string; tool_calls?: { id: string }[] } }] };
      history.push(message);
      return message.tool_calls ?? [];
    };
    for (let prompt = 0; prompt < prompts; prompt++) {
      history.push({ role: "user", content: `Prompt ${prompt} (call)` });
      const [call] = await ask();
      assert.ok(call !== undefined, "it calls the tool");
      history.push({ role: "tool", tool_call_id: call.id, content: "Done." });
      assert.deepEqual(await ask(), []);
    }
    const { turns } = await healthOf(url);
    const { first_message, ...anew } = turns.told;
    assert.deepEqual([first_message, Object.values(anew).reduce((sum, count) => sum + count)], [1, toldAnew[version]], JSON.stringify(turns));
    assert.equal(turns.rewound, 2 * prompts - 1 - toldAnew[version]);
    assert.equal(turns.told_on["booted"], 1 + toldAnew[version]);
    assert.deepEqual(claude.violations, []);
  });
}
