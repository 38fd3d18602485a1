/** The list of words that are not the client's is short and strict: nothing passes by it that nobody has read. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as ownWords from "../../src/own-words.ts";
import { addedWords, type Gap, serverWords } from "./added-words.ts";
import { claudeVersions } from "./real-claude.ts";

const freeCharsMax = 40;
/** In a request with one question. */
const timesForOneMax = 4;
const isFree = (part: string | Gap): part is Extract<Gap, { charsMax: number }> => typeof part !== "string" && "chars" in part;

describe("the list of added words", () => {
  for (const [name, texts] of Object.entries(ownWords)) {
    it(`has the server's own ${name}, with every word of it`, () => {
      const said = serverWords.flatMap((entry) => entry.said.flat());
      const missing = (typeof texts === "string" ? [texts] : Object.values(texts)).filter((text) => !said.includes(text));
      assert.deepEqual(missing, [], "what the server adds is listed in serverWords of test/support/added-words.ts");
    });
  }

  for (const { id, name, place, said, seenOn, timesMax, what, removedBy } of addedWords) {
    it(`${id}: has constant words, and gaps of at most ${freeCharsMax} characters that never touch`, () => {
      assert.ok(said.length > 0);
      for (const words of said) {
        assert.ok(words.filter(isFree).every(({ charsMax }) => charsMax <= freeCharsMax), "a gap is too long");
        const gaps = words.map((part) => typeof part !== "string");
        assert.ok(gaps.every((isGap, index) => !(isGap && gaps[index + 1] === true)), "two gaps touch");
        assert.ok(words.every((part) => part !== ""), "an empty constant parts nothing");
        assert.ok(place === "field" || words.some((part) => typeof part === "string"), "it is nothing but a gap");
      }
    });

    it(`${id}: says how often it may stand in a request`, () => {
      const times = timesMax?.(1) ?? 1;
      assert.ok(times >= 1 && times <= timesForOneMax, `${times} times`);
    });

    it(`${id}: says where it stands, on which of the pinned versions, and what removes it`, () => {
      assert.equal(name !== undefined, place === "field");
      const pinned: readonly string[] = claudeVersions;
      assert.ok(seenOn === "all" || (seenOn.length > 0 && seenOn.every((version) => pinned.includes(version))));
      assert.ok(what !== "" && removedBy !== "");
    });
  }
});
