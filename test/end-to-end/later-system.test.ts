/** What the system says inside of a conversation stays in its place, and the conversation keeps its process. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { laterSystemTexts } from "../../src/own-words.ts";
import { startEmbedded } from "../support/embedded-server.ts";
import { healthOf } from "../support/health.ts";
import { startRememberingClaude } from "../support/remembering-claude.ts";
import type { View } from "../support/remembered-told.ts";
import { chatRequest, postJson } from "../support/sse.ts";

const marked = (text: string): string => laterSystemTexts.join(text);
const turns = 5;

interface Scene { readonly url: string; readonly views: View[]; readonly violations: readonly string[] }

async function start(t: TestContext): Promise<Scene> {
  const claude = await startRememberingClaude(t, 11);
  const views: View[] = [];
  claude.onTurn = (view) => void views.push({ ...view, told: structuredClone(view.told) });
  const { url } = await startEmbedded(t, { claude: claude.path, passEnv: Object.keys(claude.environment) }, claude.environment);
  return { url, views, violations: claude.violations };
}

/** Role and texts of each message that the process of a turn was told. */
const toldIn = ({ told }: View): unknown[] => told.messages.map(({ role, content }) => [role, content.map(({ text }) => text)]);

async function assertOneProcess({ url, views, violations }: Scene): Promise<void> {
  const { turns: how } = await healthOf(url);
  assert.deepEqual([views.length, how.went_on, how.told["first_message"]], [turns, turns - 1, 1]);
  assert.equal(new Set(views.map(({ process }) => process)).size, 1);
  assert.deepEqual(violations, []);
}

describe("a reminder of the system's before each further question", () => {
  it("of a chat client that sends the whole history goes to the process that has it", async (t) => {
    const scene = await start(t);
    const messages: object[] = [{ role: "system", content: "Be brief." }];
    const expected: unknown[] = [];
    for (let turn = 0; turn < turns; turn++) {
      if (turn > 0) messages.push({ role: "system", content: `reminder ${turn}` });
      messages.push({ role: "user", content: `question ${turn}` });
      const answer = await (await chatRequest(scene.url, { model: "opus", messages })).json() as any;
      const { role, content } = answer.choices[0].message;
      messages.push({ role, content });
      expected.push(["user", turn > 0 ? [marked(`reminder ${turn}`), `question ${turn}`] : ["question 0"]]);
      const view = scene.views.at(-1) ?? assert.fail("no turn was told");
      assert.deepEqual(view.told.system.join(""), "Be brief.");
      assert.deepEqual(toldIn(view).filter((_, index) => index % 2 === 0), expected);
    }
    await assertOneProcess(scene);
  });

  it("of a client that goes on from a stored response does too", async (t) => {
    const scene = await start(t);
    let previous: string | null = null;
    for (let turn = 0; turn < turns; turn++) {
      const reminder = turn > 0 ? [{ role: "developer", content: `reminder ${turn}` }] : [];
      const input = [...reminder, { role: "user", content: [{ type: "input_text", text: `question ${turn}` }] }];
      const response: any = await (await postJson(`${scene.url}/v1/responses`, { model: "opus", instructions: "Be brief.", input, previous_response_id: previous })).json();
      assert.equal(response.status, "completed");
      previous = response.id;
    }
    assert.deepEqual(toldIn(scene.views.at(-1) ?? assert.fail()).at(-1), ["user", [marked(`reminder ${turns - 1}`), `question ${turns - 1}`]]);
    await assertOneProcess(scene);
  });
});
