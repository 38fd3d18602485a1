/**
 * What a client is told of each thing that the API can refuse, whenever it does: the whole server on a made-up CLI, in a
 * time that the test lets pass. The expectations are the table of test/README.md.
 */
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { openAiErrors } from "../../src/api/openai/errors.ts";
import { StoredSessions } from "../../src/api/openai/sessions/stored.ts";
import { StoredResponses } from "../../src/api/openai/responses/stored.ts";
import { createConfig } from "../../src/config/config.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { createAccess } from "../../src/http/access.ts";
import { HeldAnswers } from "../../src/http/held-answers.ts";
import { ImageCache } from "../../src/http/image-cache.ts";
import { Preparation } from "../../src/http/preparation.ts";
import { routesOf } from "../../src/http/routes.ts";
import { createHttpServer } from "../../src/http/server.ts";
import { createLogger } from "../../src/log.ts";
import { judgeChatStream } from "../support/chat-wire.ts";
import { messageStart, rateLimitLine, requestingLine, syntheticLine, textDelta } from "../support/cli-lines.ts";
import { type MemoryAnswer, postInMemory } from "../support/memory-connection.ts";
import { type Api, apis, type Moment, momentMs, moments, type Refusal, refusals, resetsInSeconds, type Told, toldOf, withoutChance } from "../support/refusals.ts";
import { anthropicErrorOf, judgeMessageStream } from "../support/messages-wire.ts";
import { judgeResponseStream } from "../support/responses-wire.ts";
import { type ScriptedClaude, ScriptedCli } from "../support/scripted-cli.ts";
import { startEngine, until } from "../support/started-engine.ts";

const config = createConfig({}, { totalMemoryBytes: 16e9 });
const silenceMsMax = config.turnTimeoutSeconds * 1000;
/** A silence passes in such steps, and in so many rounds of the event loop all is done that is due by then. */
const stepMs = 5_000;
const roundsAStep = 10;

interface Scene {
  readonly cli: ScriptedCli;
  readonly server: Server;
  /** The processes that were asked, once all are. */
  readonly asked: Promise<readonly ScriptedClaude[]>;
  pass(ms: number): void;
}

async function start(t: TestContext): Promise<Scene> {
  const cli = new ScriptedCli();
  const asked = new Promise<readonly ScriptedClaude[]>((resolve) => {
    const processes: ScriptedClaude[] = [];
    cli.onQuestion = (process) => {
      process.say(requestingLine());
      if (processes.push(process) === forms.length) resolve(processes);
      return true;
    };
  });
  t.after(() => cli.killAll());
  const { engine } = startEngine(t, { file: process.execPath, leadingArguments: [] }, { world: cli.world, silenceMsMax, maxProcesses: forms.length });
  await engine.discover();
  await until(() => engine.status.processes.all === 0);
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: cli.clock.now() });
  return { cli, server: serverOf(engine), asked, pass: (ms) => (cli.clock.pass(ms), t.mock.timers.tick(ms)) };
}

/** As src/index.ts makes it, with the engine that is given. */
function serverOf(engine: Engine): Server {
  const log = createLogger("silent", () => {});
  const facts = { version: "0.0.0", isDemo: false, startedAtMs: 0, findPolicy: () => [] };
  return createHttpServer({
    services: {
      engine, log, defaultModel: "opus", allowsWebSearch: false, maxBodyBytes: 1_000_000, headWaitMs: config.headWaitSeconds * 1000, heartbeatMs: config.heartbeatSeconds * 1000,
      preparation: new Preparation(100), held: new HeldAnswers(log), imageCache: new ImageCache(), fetchImages: false,
    },
    routes: routesOf({ engine, store: new StoredResponses(), sessionStore: new StoredSessions(() => 0), server: facts, defaultErrors: openAiErrors, more: [] }),
    defaultErrors: openAiErrors,
    access: createAccess(config),
  });
}

const paths: Readonly<Record<Api, string>> = { chat: "/v1/chat/completions", responses: "/v1/responses", messages: "/v1/messages" };
const bodyOf = (api: Api, text: string): object => (api === "responses" ? { input: text } : { messages: [{ role: "user", content: text }] });
/** The forms of an answer, all of which are asked for at once. */
const forms = apis.flatMap((api) => [false, true].map((isStreamed) => ({ api, isStreamed, text: `${api} ${isStreamed ? "streamed" : "whole"}` })));

/** What the API does, as the CLI tells it. */
function refuse(process: ScriptedClaude, { said }: Refusal, moment: Moment, nowSeconds: number): void {
  if (moment === "mid-stream") process.say(messageStart("msg_1", "claude-served"), textDelta("half "));
  if (said === undefined) return;
  const window = { status: said.hasRejected === true ? "rejected" : "allowed", resetsAt: nowSeconds + resetsInSeconds, rateLimitType: "five_hour" };
  process.say(rateLimitLine(window), ...syntheticLine(said.error, said.status, said.text));
}

async function answersTo(t: TestContext, refusal: Refusal, moment: Moment): Promise<readonly MemoryAnswer[]> {
  const { cli, server, asked, pass } = await start(t);
  const answers = forms.map(({ api, isStreamed, text }) =>
    postInMemory(server, paths[api], { model: "opus", stream: isStreamed, ...bodyOf(api, text) }));
  const processes = await asked;
  pass(momentMs[moment]);
  for (const process of processes) refuse(process, refusal, moment, cli.clock.now() / 1000);
  for (let ms = 0; refusal.said === undefined && ms <= silenceMsMax; ms += stepMs) {
    for (let round = 0; round < roundsAStep; round++) await nextRound();
    pass(stepMs);
  }
  return await Promise.all(answers);
}

function codeIn({ headers, body }: MemoryAnswer, api: Api): string | null | undefined {
  if (headers["content-type"]?.startsWith("text/event-stream") !== true) {
    return api === "messages" ? anthropicErrorOf(body.toString()).type : (JSON.parse(body.toString()) as { error: { code: string | null } }).error.code;
  }
  if (api === "messages") return judgeMessageStream(body).failure;
  return api === "chat" ? judgeChatStream(body).failure : judgeResponseStream(body).response.error.code;
}

function toldIn(answer: MemoryAnswer, api: Api, expected: Told): Told {
  const { status, headers, body } = answer;
  const text = withoutChance(body.toString());
  const isSo = text.endsWith(expected.last);
  return {
    status, code: codeIn(answer, api) ?? null, retryAfter: headers["retry-after"] ?? null,
    shouldRetry: (headers["x-should-retry"] ?? null) as Told["shouldRetry"], last: isSo ? expected.last : text.slice(-80),
  };
}

for (const refusal of refusals) {
  describe(`refused with ${refusal.name}`, () => {
    for (const moment of moments.filter((one) => refusal.never[one] === undefined)) {
      it(`${moment}: each API's client is told, streamed or whole`, async (t) => {
        const answers = await answersTo(t, refusal, moment);
        for (const [index, { api, isStreamed, text }] of forms.entries()) {
          const expected = toldOf(refusal, moment, api, isStreamed);
          assert.ok(typeof expected !== "string");
          const answer = answers[index] ?? assert.fail();
          assert.deepEqual(toldIn(answer, api, expected), expected, text);
          if (refusal.said !== undefined) assert.ok(answer.body.includes(JSON.stringify(refusal.said.text).slice(1, -1)), `the CLI's words: ${answer.body.toString()}`);
        }
      });
    }
  });
}
