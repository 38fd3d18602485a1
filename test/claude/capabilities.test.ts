import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { type Capabilities, noCapabilities, probeCapabilities } from "../../src/claude/capabilities.ts";
import { capabilityRows, furtherRows, needRows, reportName } from "../../src/claude/capability-rows.ts";
import type { JsonObject } from "../../src/claude/protocol.ts";
import { isRewound } from "../../src/claude/rewind.ts";
import type { ToldBlock } from "../support/composed-request.ts";
import { type RewindAbilities, rewindAbilities, RewindableHistory, type RewindRequest } from "../support/rewindable-history.ts";

interface Told {
  readonly type: "user" | "assistant";
  readonly uuid: string;
  readonly shouldQuery?: boolean;
  readonly message: { readonly id?: string; readonly content: readonly ToldBlock[] };
}

/** Probes a history that takes back what such a CLI does. Another model may be noted in it, or refused. */
async function probed(abilities: RewindAbilities, more: { readonly otherModel?: string | undefined; readonly onModel?: (history: RewindableHistory) => void } = {}) {
  const { otherModel, onModel } = { otherModel: "opus", onModel: () => {}, ...more };
  const history = new RewindableHistory(abilities);
  const requests: JsonObject[] = [];
  let isAwaited = false;
  const capabilities = await probeCapabilities({
    otherModel,
    request: async (request) => {
      requests.push(request);
      if (request["subtype"] === "set_model") return onModel(history);
      if (!abilities.steps) throw new Error("Unsupported control request subtype: rewind_conversation");
      return history.rewind(request as JsonObject & RewindRequest);
    },
    write: (lines) => {
      for (const line of lines.trimEnd().split("\n")) {
        const { type, uuid, shouldQuery, message } = JSON.parse(line) as Told;
        assert.equal(shouldQuery, type === "user" ? false : undefined, "the model would be asked");
        assert.equal(isAwaited, type === "user", "a message is written before the one before it was acknowledged");
        if (type === "user") history.addUser(message.content, uuid);
        else history.addAssistant(message.content, uuid, message.id);
        isAwaited = false;
      }
    },
    acknowledged: async () => {
      isAwaited = true;
    },
  });
  return { capabilities, history, requests };
}

const all: Capabilities = { rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true, setModel: true };
const byVersion: Readonly<Record<keyof typeof rewindAbilities, Capabilities>> = {
  "2.1.160": noCapabilities,
  "2.1.197": { ...noCapabilities, rewindSteps: true },
  "2.1.260": { ...all, answerTarget: false },
  "2.1.280": { ...all, answerTarget: false },
  "2.1.330": { ...all },
};

describe("what a CLI can take back", () => {
  for (const version of Object.keys(byVersion) as (keyof typeof byVersion)[]) {
    it(`is learnt of one like ${version}, which is as fresh afterwards where it can be`, async () => {
      const { capabilities, history } = await probed(rewindAbilities[version]);
      assert.deepEqual(capabilities, byVersion[version]);
      assert.equal(history.length === 0, capabilities.rewindToEmpty);
    });
  }

  it("is learnt of one that takes back several prompts, but never the first", async () => {
    const { capabilities } = await probed({ ...rewindAbilities["2.1.330"], toEmpty: false });
    assert.deepEqual(capabilities, { ...all, rewindMany: false, rewindToEmpty: false, setModel: false });
  });

  it("is learnt of one that empties step by step", async () => {
    const { capabilities } = await probed({ ...rewindAbilities["2.1.330"], many: false });
    assert.deepEqual(capabilities, { ...all, rewindMany: false });
  });

  it("is not another model where that is noted, refused, or not to be had", async () => {
    const noted = await probed(rewindAbilities["2.1.330"], { onModel: (history) => history.addUser([{ type: "text", text: "Set model to opus" }], randomUUID()) });
    const refused = await probed(rewindAbilities["2.1.330"], { onModel: () => assert.fail("no such model") });
    const none = await probed(rewindAbilities["2.1.330"], { otherModel: undefined });
    for (const { capabilities } of [noted, refused, none]) assert.deepEqual(capabilities, { ...all, setModel: false });
    assert.deepEqual((await probed(rewindAbilities["2.1.330"])).requests.filter(({ subtype }) => subtype === "set_model"), [{ subtype: "set_model", model: "opus" }]);
  });

  it("is nothing where it says that it has taken back what is still there", async () => {
    const lied = await probeCapabilities({
      otherModel: "opus", request: async () => ({ rewound: true }), write: () => {}, acknowledged: async () => {},
    });
    assert.deepEqual(lied, noCapabilities);
  });

  it("is told by a row for each, with a sentence for each question", () => {
    assert.deepEqual(capabilityRows.map(({ name }) => name).sort(), Object.keys(all).sort());
    assert.equal(reportName("rewindToEmpty"), "rewind_to_empty");
    for (const { learnt, purpose, without } of [...needRows, ...capabilityRows, ...furtherRows]) {
      for (const words of [learnt, purpose, without]) assert.match(words, /^[A-Z`].*\.$/su);
    }
  });
});

describe("the answer to a rewind", () => {
  for (const [response, is] of [
    [{ rewound: true }, true], [{ rewound: false, error: "stale target" }, false], [{ rewound: "perhaps" }, false],
    [{}, false], [undefined, false], [null, false], ["rewound", false],
  ] as const) {
    it(`${JSON.stringify(response)} says that it was ${is ? "" : "not "}done`, () => assert.equal(isRewound(response), is));
  }
});
