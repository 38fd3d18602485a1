/**
 * A response whose head is late: until the model has begun, or `--head-wait` is over, a client sees nothing of it. Each
 * client, as its README configures it, is asked for an answer whose head is held back, and what it does is noted.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { runAgentCli } from "../support/agent-cli.ts";
import type { StubRequest } from "../support/anthropic-stub.ts";
import { callOrder, type InteropServer, obedientModel, plainText, startInterop } from "../support/interop.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { sampleOf } from "../support/sample.ts";
import { agents } from "./agents.ts";
import { type Client, clients, configure, type GivenUp, type HeadWait, headWaits, load, longHeadSeconds, missing, setUpAgent, shortHeadSeconds } from "./clients.ts";

/** How far a measured time may be from the one in the table, in seconds: a retry of the client's begins a little later. */
const toleranceSeconds = 3;
/** Of the wait while the CLI asks the API again. */
const twiceLongestSeconds = 60;
/** What a client needs beside the wait, in milliseconds: the start of an agent, and its further requests. */
const restMsMax = 120_000;
/** Each is a client, our server and a CLI, all of which wait. */
const atOnce = 9;

/** In CI: a library and an agent. */
const first: readonly Client[] = [clients.openai7, clients.codex];
/** Claude Code is not asked: its prompts have words that the stub's look takes for those of the server's own CLI. */
const all = [...new Set<Client>([...first, ...Object.values(clients)])].filter((client) => client !== clients.claudeCode);
const count = sampleOf({ what: "clients that wait for a late head", small: first.length, large: first.length, whole: all.length });
const heldSeconds = count < all.length ? shortHeadSeconds : longHeadSeconds;

type Ask = (t: TestContext, url: string) => Promise<string>;
interface Asking { readonly installed: readonly string[]; readonly ask: Ask }

/** Gives what the library's user reads of a streamed answer. */
const library = (installed: readonly string[], ask: (url: string) => Promise<string>): Asking => ({ installed, ask: (_t, url) => ask(url) });
const messages = [{ role: "user", content: "hello" }];

async function joined<Piece>(stream: AsyncIterable<Piece>, textOf: (piece: Piece) => string | undefined): Promise<string> {
  let text = "";
  for await (const piece of stream) text += textOf(piece) ?? "";
  return text;
}

const openai = (client: Client, installed: string): Asking => library([installed], async (url) => {
  const configured = await configure(client, url, { openai: installed });
  return joined(await configured.chat.completions.create({ model: "sonnet", messages, stream: true }), ({ choices }: any) => choices[0]?.delta.content);
});

const aiSdk = (client: Client, major: number): Asking => library([`ai-${major}`, `ai-sdk-openai-compatible-${major}`], async (url) => {
  const claude = await configure(client, url, { "@ai-sdk/openai-compatible": `ai-sdk-openai-compatible-${major}` });
  const { streamText } = await load(`ai-${major}`);
  return joined(streamText({ model: claude("sonnet"), prompt: "hello", onError: () => undefined }).textStream, (text: string) => text);
});

const askings = new Map<Client, Asking>([
  [clients.openai7, openai(clients.openai7, "openai")], [clients.openai6, openai(clients.openai6, "openai-6")],
  [clients.anthropic, library([clients.anthropic.installedAs], async (url) => {
    const client = await configure(clients.anthropic, url, { "@anthropic-ai/sdk": clients.anthropic.installedAs });
    return joined(await client.messages.create({ model: "sonnet", max_tokens: 4_000, messages, stream: true }), ({ delta }: any) => delta?.text);
  })],
  [clients.aiSdk7, aiSdk(clients.aiSdk7, 7)], [clients.aiSdk6, aiSdk(clients.aiSdk6, 6)], [clients.aiSdk5, aiSdk(clients.aiSdk5, 5)],
  [clients.langchain, library(["@langchain/openai", "@langchain/core"], async (url) => {
    const model = await configure(clients.langchain, url);
    return joined(await model.stream("hello"), ({ text }: any) => text);
  })],
  [clients.agents, library(["@openai/agents"], async (url) => {
    const model = await configure(clients.agents, url);
    const { Agent, run, setTracingDisabled } = await load("@openai/agents");
    setTracingDisabled(true);
    const result = await run(new Agent({ name: "Terse", instructions: "Be terse.", model }), "hello", { stream: true });
    return joined(result.toTextStream(), (text: string) => text);
  })],
  [clients.llamaIndex, library(["@llamaindex/openai", "@llamaindex/core"], async (url) => {
    const llm = await configure(clients.llamaIndex, url);
    return joined(await llm.chat({ messages, stream: true }), ({ delta }: any) => delta);
  })],
  [clients.instructor, library(["@instructor-ai/instructor"], async (url) => {
    const client = await configure(clients.instructor, url);
    const { z } = await load("zod/v3");
    const asked = [{ role: "user", content: callOrder("said", { text: plainText }) }];
    const { text } = await client.chat.completions.create({ model: "sonnet", max_retries: 0, response_model: { schema: z.object({ text: z.string() }), name: "said" }, messages: asked });
    return text;
  })],
  ...agents.map(({ client, installed, command: [command, ...leading], env = {} }): [Client, Asking] => [client, {
    installed,
    ask: async (t, url) => {
      const setup = setUpAgent(client, url);
      const args = (): readonly string[] => [...leading, ...setup.args, "Say hello."];
      return (await runAgentCli(t, { command, home: setup.home, env: { ...env, ...setup.env }, args }, heldSeconds * 3_000 + restMsMax)).stdout;
    },
  }]),
]);

interface HeldHeads {
  /** After how many seconds requests were given up. */
  readonly gaveUp: readonly number[];
  /** That there was another request after that. */
  readonly askedAgain: Promise<true>;
}

/** Answers as the obedient model does, after that many seconds. */
function holdHeads(t: TestContext, { stub }: InteropServer, seconds: number): HeldHeads {
  const gaveUp: number[] = [];
  const over = new AbortController();
  t.after(() => over.abort());
  let noteAgain: (again: true) => void = () => {};
  const askedAgain = new Promise<true>((resolve) => { noteAgain = resolve; });
  stub.respond = async (request: StubRequest) => {
    if (gaveUp.length > 0) noteAgain(true);
    const startMs = performance.now();
    const closed = request.closed.then(() => { if (request.isAborted) gaveUp.push((performance.now() - startMs) / 1_000); });
    await Promise.race([closed, delay(seconds * 1_000, undefined, { signal: over.signal }).catch(() => undefined)]);
    return obedientModel(request);
  };
  return { gaveUp, askedAgain };
}

function givesUpOf(client: Client): GivenUp {
  const found = Object.entries<Client>(clients).find(([, one]) => one === client)?.[0] as keyof typeof clients;
  const wait = headWaits[found];
  return wait !== undefined && "asksAgain" in wait ? wait : { givesUpAfterSeconds: Infinity, asksAgain: false };
}

describe("a head that is late", { concurrency: atOnce }, () => {
  for (const client of all.slice(0, count)) {
    const givesUp = givesUpOf(client);
    const { installed, ask } = askings.get(client) ?? assert.fail(`nobody asks ${client.name}`);
    const isGivenUp = givesUp.givesUpAfterSeconds < heldSeconds;
    const what = isGivenUp ? `is given up by ${client.name} after ${givesUp.givesUpAfterSeconds} s` : `is waited for by ${client.name} for ${heldSeconds} s`;
    it(what, { skip: missing(...installed), timeout: heldSeconds * 4_000 + restMsMax }, async (t) => {
      const server = await startInterop(t, claudeVersions[0], { warm: 0 });
      const { gaveUp, askedAgain } = holdHeads(t, server, heldSeconds);
      const asking = ask(t, server.url).catch((error: unknown) => `nothing: ${String(error)}`);
      // One that asks again may do so a dozen times.
      const said = await (isGivenUp ? Promise.race([asking, askedAgain]) : asking);
      const { requests } = server.stub;
      const seen = `asked ${requests.length} times, gave up after [${gaveUp.map((seconds) => seconds.toFixed(1)).join(", ")}] s, said ${said === true ? "nothing yet" : JSON.stringify(said.slice(-300))}`;
      t.diagnostic(`${client.name}: ${seen}`);
      if (isGivenUp) {
        assert.ok(gaveUp.length > 0 && gaveUp.every((seconds) => Math.abs(seconds - givesUp.givesUpAfterSeconds) <= toleranceSeconds), seen);
        assert.equal(said === true, givesUp.asksAgain, seen);
        return;
      }
      assert.deepEqual(gaveUp, [], seen);
      assert.ok(said !== true && said.includes(plainText), seen);
    });
  }

  it("was given up by none within twice the longest wait", () => {
    for (const [client, wait] of Object.entries<HeadWait>(headWaits)) {
      const seconds = "heldSeconds" in wait ? wait.heldSeconds : wait.givesUpAfterSeconds;
      assert.ok(seconds >= twiceLongestSeconds, `${client}: ${seconds} s`);
    }
  });
});
