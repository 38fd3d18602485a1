/**
 * Many processes that find at once that the login in the file has expired. The CLIs lock while they renew it. The keychain of
 * macOS cannot be tried on Linux: should they not lock there, all but one are refused, and the server lets one turn go first
 * (`test/engine/attempts.test.ts`).
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { childEnvironment } from "../../src/claude/launch.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { BridgeError } from "../../src/errors.ts";
import { type AnthropicStub, errorAnswer, textAnswer } from "../support/anthropic-stub.ts";
import { listProcesses } from "../support/processes.ts";
import { claudePath, type ClaudeVersion, sampledClaudeVersions, platformEnvironment, temporaryFolder } from "../support/real-claude.ts";
import { sampleOf } from "../support/sample.ts";
import { startEngine } from "../support/started-engine.ts";
import { startTokenEndpoint, type TokenEndpoint, tokenEndpointUnavailable } from "../support/token-endpoint.ts";
import { collect, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, never, systemOf, turnOf, user } from "../support/turns.ts";
import { startStub } from "../support/watched-stub.ts";

const processes = sampleOf({ what: "processes that share a login", small: 4, large: 4, whole: 16 });
/** How many boot at a time. */
const bootsAtOnce = 2;

interface Scene {
  readonly engine: Engine;
  readonly tokens: TokenEndpoint;
  readonly stub: AnthropicStub;
  readonly home: string;
  /** Asks each process once, its own conversation: the first time each boots. Gives the answers, or codes of failures. */
  askAll(atOnce: number): Promise<readonly string[]>;
}

async function start(t: TestContext, version: ClaudeVersion): Promise<Scene> {
  const folder = await temporaryFolder(t);
  const [home, temporary] = [join(folder, "home"), join(folder, "tmp")];
  for (const path of [home, temporary]) mkdirSync(path);
  const tokens = await startTokenEndpoint(t);
  tokens.logIn(home);
  const stub = await startStub(t, {
    respond: ({ headers }) => (headers.authorization === `Bearer ${tokens.accessToken}`
      ? textAnswer(["Fine."])
      : errorAnswer(401, "authentication_error", "OAuth token has expired.")),
  });
  const own = { ...platformEnvironment(), HOME: home, USERPROFILE: home, TMPDIR: temporary, ANTHROPIC_BASE_URL: stub.url, DISABLE_TELEMETRY: "1", ...tokens.environment };
  const environment = childEnvironment(own, { passEnv: ["ANTHROPIC_BASE_URL", "DISABLE_TELEMETRY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS"], maxRetries: 2 });
  const { engine } = startEngine(t, { file: claudePath(version), leadingArguments: [] }, {
    environment, maxProcesses: processes + 1, maxQueue: processes, conversationIdleMsMax: 600_000, silenceMsMax: 120_000, defaultModel: "sonnet",
  });
  await engine.discover();
  let rounds = 0;
  const askAll = async (atOnce: number): Promise<readonly string[]> => {
    const history = Array.from({ length: rounds++ }, () => [user("hi"), assistant("Fine.")]).flat();
    const answers: string[] = [];
    const turns = Array.from({ length: processes }, (_, index) => turnOf({ model: "sonnet", system: systemOf(`You are number ${index}.`), messages: [...history, user("hi")] }));
    await Promise.all(Array.from({ length: atOnce }, async () => {
      for (let turn = turns.pop(); turn !== undefined; turn = turns.pop()) {
        const { events, error } = await collect(engine.run(turn, new AbortController().signal));
        if (error !== undefined && !(error instanceof BridgeError)) throw error;
        answers.push(error === undefined ? summaryOf(events).text : error.code);
      }
    }));
    return answers;
  };
  return { engine, tokens, stub, home, askAll };
}

const running = (version: ClaudeVersion): number[] => listProcesses(claudePath(version), process.pid).map(({ pid }) => pid).sort();
const all = (answer: string): string[] => Array<string>(processes).fill(answer);

for (const version of sampledClaudeVersions()) {
  describe(`claude ${version}: ${processes} processes whose login has expired`, { skip: tokenEndpointUnavailable() }, () => {
    it("renew it once, all answer, and the file has the new one", async (t) => {
      const { engine, tokens, home, stub, askAll } = await start(t, version);
      assert.deepEqual(await askAll(bootsAtOnce), all("Fine."));
      const before = running(version);
      assert.equal(before.length, processes);
      tokens.logIn(home, true);
      const { refreshToken } = tokens.loginIn(home);
      const asked = stub.requests.length;
      const startMs = performance.now();
      assert.deepEqual(await askAll(processes), all("Fine."));
      console.log(`# ${version}: ${processes} answers after ${Math.round(performance.now() - startMs)} ms, ${tokens.sent.length} refreshes, ${stub.requests.length - asked} requests`);
      assert.deepEqual(tokens.sent, [refreshToken]);
      assert.equal(tokens.loginIn(home).accessToken, tokens.accessToken);
      assert.deepEqual([running(version), engine.status.loggedIn], [before, true]);
    });

    it("that cannot be renewed are refused, one more is started to make sure, and a new login serves at once", async (t) => {
      const { engine, tokens, home, stub, askAll } = await start(t, version);
      assert.deepEqual(await askAll(bootsAtOnce), all("Fine."));
      tokens.logIn(home, true);
      tokens.revoke();
      const { booted } = engine.status.turns.toldOn;
      const asked = stub.requests.length;
      const startMs = performance.now();
      assert.deepEqual(await askAll(processes), all("not_logged_in"));
      console.log(`# ${version}: ${processes} refusals after ${Math.round(performance.now() - startMs)} ms, ${tokens.sent.length} refreshes, ${stub.requests.length - asked} requests, ${engine.status.loginRefusal}`);
      assert.deepEqual([engine.status.turns.toldOn.booted - booted, engine.status.loggedIn], [1, false]);
      assert.equal(new Set(tokens.sent).size, 1);
      assert.match(engine.status.loginRefusal ?? "", /\/login/u);
      tokens.logIn(home);
      const { error } = await collect(engine.run(ask("hi", { model: "sonnet" }), never));
      assert.deepEqual([error, engine.status.loggedIn], [undefined, true]);
    });
  });
}
