/** The judge of conversation trees finds a CLI, or a server, that does not keep to what was asked. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { createClaudeMaxApi } from "../../src/index.ts";
import { cleanUp } from "./cleanup.ts";
import { type ChatBody, type ChatMessage, formatWith, toolFormatWith } from "./tree-chat.ts";
import { platformEnvironment } from "./real-claude.ts";
import { relaysUnavailable } from "./relays.ts";
import { type RememberingClaude, startRememberingClaude } from "./remembering-claude.ts";
import { ask } from "./tree-client.ts";
import { Observations } from "./tree-judge.ts";

const said = (role: "user" | "assistant", content: string): ChatMessage => ({ role, content });
const bodyOf = (messages: readonly ChatMessage[], more: Partial<ChatBody> = {}): ChatBody => ({ model: "opus", stream: false, messages, ...more });

interface Scene {
  readonly claude: RememberingClaude;
  readonly seen: Observations;
  /** Asks, and gives the answer. */
  readonly answer: (body: ChatBody) => Promise<string>;
  /** The same, with the answer held against the request. */
  readonly held: (body: ChatBody) => Promise<string>;
}

async function start(t: TestContext): Promise<Scene> {
  const claude = await startRememberingClaude(t, 1);
  const server = createClaudeMaxApi(
    { port: 0, claude: claude.path, passEnv: Object.keys(claude.environment), warm: 0, maxProcesses: 1, logLevel: "silent" },
    { environment: { ...platformEnvironment(), ...claude.environment } },
  );
  cleanUp(t, () => server.close());
  const { url } = await server.listen();
  await server.discovered();
  const seen = new Observations({ url, claude, isRoomy: false });
  const answer = async (body: ChatBody): Promise<string> => {
    seen.note({ name: "by-hand", bodies: [body], fate: "taken" });
    const reply = await ask(url, body);
    assert.ok(reply.kind === "answer", JSON.stringify(reply));
    return reply.text;
  };
  return {
    claude, seen, answer,
    held: async (body) => {
      const text = await answer(body);
      seen.hold(body, text);
      return text;
    },
  };
}

/** Two exchanges, the second one edited: it is rewound to and told anew. */
async function edit({ held }: Scene): Promise<void> {
  const first = [said("user", "one")];
  const second = [...first, said("assistant", await held(bodyOf(first)))];
  await held(bodyOf([...second, said("user", "two")]));
  await held(bodyOf([...second, said("user", "three")]));
}

/** An exchange, and one more with other settings. */
async function changeSettings({ held }: Scene, more: Partial<ChatBody>): Promise<void> {
  const first = [said("user", "one")];
  const answer = await held(bodyOf(first));
  await held(bodyOf([...first, said("assistant", answer), said("user", "two")], more));
}

async function tellHistory({ held }: Scene): Promise<void> {
  await held(bodyOf([said("user", "one"), said("assistant", "yes"), said("user", "two"), said("assistant", "no"), said("user", "three")]));
}

const isSeen = /the model saw what the client sent/u;
const changes: Readonly<Record<string, Partial<ChatBody>>> = {
  "an effort": { reasoning_effort: "high" },
  "a thinking budget": { thinking: { type: "enabled", budget_tokens: 2_000 } },
  "that the model thinks": { reasoning_effort: "none" },
  "a stop sequence": { stop: ["STOP!"] },
  "a temperature": { reasoning_effort: "none", temperature: 0.5 },
  "an output limit": { max_tokens: 4_000 },
};

describe("the judge of conversation trees", { skip: relaysUnavailable }, () => {
  it("finds nothing where a CLI does what it is told", async (t) => {
    const scene = await start(t);
    await edit(scene);
    await tellHistory(scene);
    for (const more of Object.values(changes)) await changeSettings(scene, more);
    assert.deepEqual([scene.claude.violations, scene.seen.strays], [[], []]);
    assert.ok(scene.claude.counts.rewinds.granted > 2);
  });

  it("finds a rewind that took back a message too many", async (t) => {
    const scene = await start(t);
    scene.claude.faultOfRewind = () => "overdone";
    await assert.rejects(edit(scene), isSeen);
    assert.equal(scene.seen.strays.length, 1);
  });

  it("finds that a process was used on after a refused rewind", async (t) => {
    const scene = await start(t);
    scene.claude.faultOfRewind = () => "pretended";
    await assert.rejects(edit(scene), isSeen);
    assert.match(scene.claude.violations.join(), /was told more after a refused rewind/u);
  });

  it("finds a message of a history that was lost", async (t) => {
    const scene = await start(t);
    let told = 0;
    scene.claude.losesMessage = () => ++told === 2;
    await assert.rejects(tellHistory(scene), isSeen);
    assert.equal(scene.seen.strays.length, 1);
  });

  it("finds each setting that a process did not have", async (t) => {
    const scene = await start(t);
    for (const [what, more] of Object.entries(changes)) {
      const changed = changeSettings({
        ...scene,
        held: (body) => {
          // The first exchange has what it was told.
          scene.claude.faultOfSetting = () => (body.messages.length > 1 ? "ignored" : undefined);
          return scene.held(body);
        },
      }, more);
      await assert.rejects(changed, isSeen, what);
    }
  });

  it("finds an answer with other tools, by another schema, or where the web could not be searched", async (t) => {
    const { answer, seen } = await start(t);
    const functionTool = (name: string): object => ({ type: "function", function: { name, description: "D", parameters: { type: "object", properties: {} } } });
    const asked = bodyOf([said("user", "one")], { tools: [functionTool("look")], response_format: toolFormatWith("sea") });
    for (const more of [{ tools: [functionTool("hear")] }, { tools: [functionTool("look"), functionTool("hear")] }, { response_format: toolFormatWith("lake") }, { response_format: formatWith("sea") }]) {
      const text = await answer(asked);
      assert.throws(() => seen.hold({ ...asked, ...more }, text), isSeen, JSON.stringify(more));
    }
    const plain = bodyOf([said("user", "two")]);
    const text = await answer(plain);
    assert.throws(() => seen.hold({ ...plain, web_search_options: {} }, text), isSeen);
    assert.deepEqual([seen.strays], [[]]);
  });

  it("finds a turn that a process had with another model", async (t) => {
    const scene = await start(t);
    await scene.held(bodyOf([said("user", "one")]));
    scene.claude.faultOfSetting = () => "ignored";
    await assert.rejects(scene.held(bodyOf([said("user", "two")], { model: "sonnet" })), isSeen);
    assert.equal(scene.seen.strays.length, 1);
  });
});
