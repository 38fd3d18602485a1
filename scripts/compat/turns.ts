/** Runs whole turns of the server on a version of the CLI, against a stub of the API, and looks at what went up. */
import { setTimeout as delay } from "node:timers/promises";
import { createClaudeMaxApi, type EngineStatus } from "../../src/index.ts";
import {
  type AnthropicStub, type StubRequest, type StubRequestBody, startAnthropicStub,
} from "../../test/support/anthropic-stub.ts";
import type { Sent } from "../../test/support/chat-transcript.ts";
import { judgeRawBody } from "../../test/support/raw-body-judge.ts";
import { subscriptionEnvironment } from "../../test/support/real-claude.ts";
import { answerOf, plays } from "./plays.ts";
import type { Asked, Reply, TurnRow } from "./turn.ts";

/** Versions for which there is a list of the CLI's own words, the newest first. */
const listedVersions = ["2.1.330", "2.1.197"] as const;
/** For the turn before, and for a warm process at the start. */
const [calmWaitMsMax, warmWaitMsMax, pollMs] = [10_000, 3_000, 10];

export interface TurnsRun {
  readonly turns: readonly TurnRow[];
  readonly helloBytes: number;
  readonly firstContentMs: number;
}

/** Runs the turns on the CLI at `claude`. Rejects where the server does not come up. `folder` is empty. */
export async function turnsOn(claude: string, folder: string): Promise<TurnsRun> {
  const stub = await startAnthropicStub({ respond: ({ body }) => answerOf(body) });
  const server = createClaudeMaxApi(
    {
      port: 0, claude, passEnv: ["ANTHROPIC_BASE_URL"], defaultModel: "sonnet", maxProcesses: 4, warm: 1, maxRetries: 0,
    },
    { environment: subscriptionEnvironment(stub.url, folder) },
  );
  try {
    const { url } = await server.listen();
    const { installation } = await server.discovered();
    if (installation?.kind === "unusable") throw new Error(installation.message);
    return await new Turns({ url, stub, status: () => server.discovered() }).play();
  } finally {
    await server.close();
    await stub.close();
  }
}

interface Scene {
  readonly url: string;
  readonly stub: AnthropicStub;
  readonly status: () => Promise<EngineStatus>;
}

class Turns {
  readonly #scene: Scene;
  readonly #rows: TurnRow[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async play(): Promise<TurnsRun> {
    const hello = await this.#hello();
    await plays((asked) => this.#ask(asked));
    return { turns: this.#rows, ...hello };
  }

  /** One question, streamed, of which the time to the first words is taken. */
  async #hello(): Promise<Pick<TurnsRun, "helloBytes" | "firstContentMs">> {
    const { url, stub, status } = this.#scene;
    const body = {
      model: "sonnet", stream: true,
      messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }],
    };
    const before = await this.#settled(warmWaitMsMax);
    const beganAtMs = performance.now();
    const response = await post(`${url}/v1/chat/completions`, body);
    let [text, firstContentMs] = ["", 0];
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      text += Buffer.from(piece).toString("utf8");
      if (firstContentMs === 0 && text.includes('"content":"Fine')) firstContentMs = performance.now() - beganAtMs;
    }
    const findings = text.endsWith("data: [DONE]\n\n") ? judged(this.#scene, stub.requests, body) : [text.slice(-300)];
    const way = wayOf(before, await status());
    this.#rows.push({ name: "“Hello”, streamed", shows: ["systemPrompt"], way, findings });
    return { helloBytes: stub.requests[0]?.bodyBytes ?? 0, firstContentMs: Math.round(firstContentMs) };
  }

  async #ask(asked: Asked): Promise<Reply> {
    const { name, shows, body, path = "/v1/chat/completions", leaves, status = 200, check = () => [] } = asked;
    const { url, stub } = this.#scene;
    const before = await this.#settled(this.#rows.length < 2 ? warmWaitMsMax : 0);
    const index = stub.requests.length;
    if (leaves === true) await this.#leave(`${url}${path}`, body);
    const response = leaves === true ? undefined : await post(`${url}${path}`, body);
    const reply: Reply = {
      status: response?.status ?? 200, body: await response?.json().catch(() => ({})),
      requests: stub.requests.slice(index), engine: await this.#scene.status(),
    };
    // The CLI breaks off a request when it is interrupted, not before.
    const closed = Promise.all(reply.requests.map((request) => request.closed));
    if (leaves === true) await Promise.race([closed, delay(calmWaitMsMax, undefined, { ref: false })]);
    const isChat = asked.path === undefined && status === 200 && leaves !== true;
    const findings = reply.status === status
      ? [...(isChat ? judged(this.#scene, reply.requests, body) : []), ...check(reply)]
      : [`${reply.status}: ${JSON.stringify(reply.body?.error ?? reply.body)}`];
    this.#rows.push({ name, shows, way: wayOf(before, reply.engine), findings });
    return reply;
  }

  /** Leaves when the first words have come. Resolves when the turn is over. */
  async #leave(url: string, body: Sent): Promise<void> {
    const leaving = new AbortController();
    const response = await post(url, { ...body, stream: true }, leaving.signal);
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      if (Buffer.from(piece).includes('"content":"')) break;
    }
    leaving.abort();
    await this.#settled(0);
  }

  /** When no turn runs and no process comes or goes; a warm one is waited for so long. */
  async #settled(warmWaitMs: number): Promise<EngineStatus> {
    const beganAtMs = performance.now();
    for (;;) {
      const now = await this.#scene.status();
      const { runningTurns, processes: { warm, booting, ending, probed } } = now;
      const isCalm = runningTurns === 0 && booting + ending + probed === 0;
      const waitedMs = performance.now() - beganAtMs;
      if (isCalm && (warm > 0 || waitedMs > warmWaitMs)) return now;
      if (waitedMs > calmWaitMsMax) return now;
      await delay(pollMs);
    }
  }
}

function post(url: string, body: Sent, signal?: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

function wayOf({ turns: before }: EngineStatus, { turns: after }: EngineStatus): string {
  const ways = {
    went_on: after.wentOn - before.wentOn, rewound: after.rewound - before.rewound,
    recycled: after.toldOn.recycled - before.toldOn.recycled, warm: after.toldOn.warm - before.toldOn.warm,
    booted: after.toldOn.booted - before.toldOn.booted,
  };
  return Object.entries(ways).flatMap(([way, count]) => (count > 0 ? [way] : [])).join(", ");
}

/** By the list of that version which has most of the CLI's words: the lists are of two versions. */
function judged({ url, stub }: Scene, requests: readonly StubRequest[], asked: Sent): readonly string[] {
  const refusals = stub.refusals.filter(({ request }) => requests.includes(request)).map(({ message }) => message);
  const [request, ...others] = requests;
  if (request === undefined || others.length > 0) return [`${requests.length} requests to the API`, ...refusals];
  const known = {
    device: /[0-9a-f]{64}/u, account: "", "cache time": ',"ttl":"1h"', date: new Date().toLocaleDateString("sv"),
    "working folder": new RegExp(`/[^\\n"]{1,200}/${new URL(url).port}/empty`, "u"),
  };
  const body = JSON.stringify(withOneEffort(withoutChecksum(request.body)));
  const byList = listedVersions.map((version) => judgeRawBody(body, asked, { version, known }));
  const [fewest = []] = byList.sort((first, second) => first.length - second.length);
  return [...fewest.filter((finding) => !isOfOtherVersion(finding)), ...refusals];
}

/**
 * An alias is another version's model, with another bound on its answer; and a temperature of 1, which 2.1.120 sends by
 * itself, is the API's own.
 */
function isOfOtherVersion(finding: string): boolean {
  const isAlias = /^model: "claude-([a-z]+)-[\d-]+", not "claude-\1-/u.test(finding);
  return isAlias || /^(?:max_tokens: \d+, not on the list|temperature: 1, not nothing)$/u.test(finding);
}

/** 2.1.120 has one more field in its line of the system prompt. */
function withoutChecksum({ system, ...body }: StubRequestBody): StubRequestBody {
  if (system === undefined || typeof system === "string") return body;
  return {
    ...body,
    system: system.map((block) => (
      { ...block, text: block.text?.replace(/(?<=; cc_entrypoint=sdk-cli;) cch=[0-9a-f]+;$/u, "") ?? "" }
    )),
  };
}

/** Where the effort has changed, the CLI says so in a message of the system's: the last of them counts. */
function withOneEffort(body: StubRequestBody): StubRequestBody {
  const messages = body.messages.map((message) => {
    const { output_config: effort, ...rest } = message as typeof message & { readonly output_config?: object };
    return { effort, message: rest };
  });
  const last = messages.findLast(({ effort }) => effort !== undefined);
  if (last === undefined) return body;
  return {
    ...body, output_config: { ...body["output_config"] as object, ...last.effort },
    messages: messages.flatMap(({ effort, message }) => (
      effort !== undefined && message.content.length === 0 ? [] : [message]
    )),
  };
}
