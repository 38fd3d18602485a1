import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { entriesOfSession } from "../../../../src/api/openai/sessions/entries.ts";
import { sessionCharsMax } from "../../../../src/api/openai/sessions/sessions.ts";
import { sessionIdleHoursMax, sessionsBytesMax, sessionsMax, StoredSessions } from "../../../../src/api/openai/sessions/stored.ts";

const json = (role: string, content: string): string => JSON.stringify({ role, content });
const entry = (role: string, content: string, index = 0) => ({ item: { role, content }, path: `messages[${index}]` });

describe("sessions in memory", () => {
  const open = () => {
    const clock = { seconds: 1_000_000 };
    return { clock, sessions: new StoredSessions(() => clock.seconds) };
  };
  const idsIn = (sessions: StoredSessions): string[] => sessions.list().map(({ id }) => id);

  it("are found as they were left, the one that was used last at the head of the list", () => {
    const { clock, sessions } = open();
    sessions.keep({ id: "a", before: [], added: ["1", "2"] });
    sessions.keep({ id: "b", before: [], added: ["3"] });
    clock.seconds += 60.5;
    sessions.keep({ id: "a", before: ["1", "2"], added: ["4"] });
    assert.deepEqual(sessions.find("a"), { id: "a", createdAt: 1_000_000, lastUsedAt: 1_000_060, messageCount: 3, messages: ["1", "2", "4"] });
    assert.deepEqual(idsIn(sessions), ["a", "b"]);
    assert.deepEqual([sessions.delete("a"), sessions.delete("a"), sessions.find("a"), sessions.find("constructor")], [true, false, undefined, undefined]);
  });

  it("that were removed while a turn went on are whole again behind it", () => {
    const { sessions } = open();
    sessions.keep({ id: "a", before: ["1", "2"], added: ["3"] });
    assert.deepEqual(sessions.find("a")?.messages, ["1", "2", "3"]);
  });

  it("are bounded in number: the least recently used goes", () => {
    const { sessions } = open();
    for (let number = 0; number < sessionsMax; number++) sessions.keep({ id: `s${number}`, before: [], added: ["1"] });
    sessions.keep({ id: "s0", before: ["1"], added: ["2"] });
    sessions.keep({ id: "new", before: [], added: ["1"] });
    assert.equal(idsIn(sessions).length, sessionsMax);
    assert.deepEqual(["s0", "s1", "s2", "new"].map((id) => sessions.find(id) !== undefined), [true, false, true, true]);
  });

  it("are bounded in bytes, and what is gone counts no more", () => {
    const { sessions } = open();
    const quarter = "x".repeat(sessionsBytesMax / 8);
    for (const id of ["a", "b", "c", "d"]) sessions.keep({ id, before: [], added: [quarter] });
    assert.deepEqual(idsIn(sessions), ["d", "c", "b", "a"]);
    sessions.keep({ id: "c", before: [quarter], added: ["1"] });
    assert.deepEqual(idsIn(sessions), ["c", "d", "b"]);
    sessions.delete("d");
    sessions.keep({ id: "e", before: [], added: [quarter] });
    assert.deepEqual(idsIn(sessions), ["e", "c", "b"]);
  });

  it("are bounded in age", () => {
    const { clock, sessions } = open();
    sessions.keep({ id: "a", before: [], added: ["1"] });
    clock.seconds += sessionIdleHoursMax * 3_600;
    sessions.keep({ id: "b", before: [], added: ["1"] });
    assert.deepEqual(idsIn(sessions), ["b", "a"]);
    clock.seconds += 1;
    assert.equal(sessions.find("a"), undefined);
    assert.deepEqual(idsIn(sessions), ["b"]);
  });
});

describe("the entries of a session's request", () => {
  const session = { id: "a", messages: [json("system", "Be brief."), json("user", "1"), json("assistant", "one")] };

  it("stand behind the session's", () => {
    const { placed, before, added } = entriesOfSession(session, [entry("user", "2")]);
    assert.deepEqual(before, session.messages);
    assert.deepEqual(placed.map(({ item, path }) => [item["content"], path]), [["Be brief.", "x-session-id"], ["1", "x-session-id"], ["one", "x-session-id"], ["2", "messages[0]"]]);
    assert.deepEqual(added, [json("user", "2")]);
  });

  it("are without the system message that the session begins with already, and with any other", () => {
    assert.deepEqual(entriesOfSession(session, [entry("system", "Be brief."), entry("user", "2", 1)]).added, [json("user", "2")]);
    for (const [role, content] of [["system", "Be long."], ["developer", "Be brief."], ["user", "1"]] as const) {
      assert.deepEqual(entriesOfSession(session, [entry(role, content), entry("user", "2", 1)]).added, [json(role, content), json("user", "2")]);
    }
  });

  it("take the session's place where an answer of the assistant's is among them: a whole history", () => {
    const own = [entry("system", "Be brief."), entry("user", "1", 1), entry("assistant", "uno", 2), entry("user", "2", 3)];
    const { placed, before, added } = entriesOfSession(session, own);
    assert.deepEqual([placed, before, added], [own, [], own.map(({ item }) => JSON.stringify(item))]);
  });

  it("are refused where the session would grow too long", () => {
    const fits = { id: "a", messages: ["x".repeat(sessionCharsMax - json("user", "2").length)] };
    assert.throws(() => entriesOfSession(fits, [entry("user", "22")]), { code: "invalid_value", field: "x-session-id" });
    assert.throws(() => entriesOfSession(fits, [entry("user", "2")]), SyntaxError, "it is not too long");
  });
});
