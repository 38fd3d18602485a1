/** The made-up CLIs hold what they are told against the API's rules: a server that breaks one is found. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";
import { assertOnlyKnown } from "./known-breaches.ts";
import { startObedientClaude } from "./obedient-claude.ts";
import { relaysUnavailable } from "./relays.ts";
import { startRememberingClaude } from "./remembering-claude.ts";

interface MadeUp {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

const text = (value: string) => ({ type: "text", text: value });
const user = (content: unknown, more: object = {}) => ({ type: "user", message: { role: "user", content }, ...more });
const assistant = (...content: unknown[]) => ({
  type: "assistant",
  message: { id: "msg_1", role: "assistant", content },
});
const history = (content: unknown) => user(content, { shouldQuery: false });

/** Starts a process of it and tells it this, each user message after the result of the one before. */
async function tell(
  t: TestContext,
  { path, environment }: MadeUp,
  lines: readonly { readonly type: string }[],
): Promise<void> {
  const child = spawn(path, ["--model", "opus"], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  cleanUp(t, () => void child.kill("SIGKILL"));
  const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const until = async (type: string): Promise<void> => {
    for (;;) {
      const { value, done } = await said.next();
      if (done === true || (JSON.parse(value) as { type: string }).type === type) return;
    }
  };
  const initialize = {
    type: "control_request",
    request_id: "1",
    request: { subtype: "initialize", systemPrompt: ["S"] },
  };
  for (const line of [initialize, ...lines]) {
    child.stdin.write(`${JSON.stringify(line)}\n`);
    if (line.type !== "assistant") await until(line.type === "user" ? "result" : "control_response");
  }
  child.stdin.end();
  await once(child, "exit");
}

const good = [history([text("a")]), assistant(text("b")), user([text("c")])];
/** By the rule that each breaks. */
const bad: Readonly<Record<string, readonly { readonly type: string }[]>> = {
  "first-turn": [assistant(text("b")), user([text("c")])],
  "blank-text": [history([text("a")]), assistant(text("b"), text(" ")), user([text("c")])],
  "tools-defined": [
    history([text("a")]),
    assistant({ type: "tool_use", id: "t1", name: "f", input: {} }),
    user([{ type: "tool_result", tool_use_id: "t1", content: "r" }]),
  ],
  "repaired-by-cli": [history([text("a")]), assistant(text(" ")), user([text("c")])],
};

describe("made-up CLIs", { skip: relaysUnavailable }, () => {
  it("that remember take what the API takes, and tell what it refuses", async (t) => {
    const claude = await startRememberingClaude(t, 1);
    await tell(t, claude, good);
    assert.deepEqual(claude.violations, []);
    for (const [rule, lines] of Object.entries(bad)) {
      const before: number = claude.violations.length;
      await tell(t, claude, lines);
      assert.equal(claude.violations.length, before + 1, rule);
      assert.match(claude.violations.at(-1) ?? "", new RegExp(` ${rule}: `, "u"));
    }
  });

  it("that obey do the same", async (t) => {
    const claude = await startObedientClaude(
      t,
      Object.keys(bad).map((rule) => ({ rule, because: "It is told here." })),
    );
    await tell(t, claude, good);
    assert.deepEqual(claude.faults, []);
    for (const lines of Object.values(bad)) await tell(t, claude, lines);
    assert.deepEqual(
      claude.faults.map(({ rule }) => rule),
      Object.keys(bad),
    );
  });
});

describe("known breaches", () => {
  const known = [{ rule: "prefill", because: "It is known." }];
  it("are let pass, and nothing else is", () => {
    assertOnlyKnown([{ rule: "prefill", message: "m" }], known);
    assert.throws(
      () =>
        assertOnlyKnown(
          [
            { rule: "prefill", message: "m" },
            { rule: "empty-text", message: "m" },
          ],
          known,
        ),
      /would have refused/u,
    );
  });
  it("that are met no more have to go", () =>
    assert.throws(() => assertOnlyKnown([], known), /take it off the list/u));
});
