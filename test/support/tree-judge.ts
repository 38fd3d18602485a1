/**
 * The judge of conversation trees: lets them grow on a server whose CLI remembers all it was told, and holds every request
 * against what was seen of it. Nothing is known here of how the server works.
 */
import assert from "node:assert/strict";
import { ConversationTree, type Plan, type Profile, type TreeStyle } from "./conversation-trees.ts";
import { type Asked, askedBy, askedMessage, askedTool, webSearch, withOwnNames } from "./tree-asked.ts";
import { type ChatBody, choices, formatWith, toolFormatWith } from "./tree-chat.ts";
import { within } from "./exit.ts";
import { type Random, seededRandom } from "./random.ts";
import type { RememberingClaude } from "./remembering-claude.ts";
import type { SettingRequest } from "./remembered-faults.ts";
import type { Told, View } from "./remembered-told.ts";
import type { RememberingProcess } from "./remembering-process.ts";
import { ask, askAndLeave, askAndLeaveAfter, begin, errorIn, type Refusal } from "./tree-client.ts";

const stepsMax = 6;
const eventMsMax = 20_000;
const leftSoonMsMax = 40;
/** Within this time the server has dealt with such a turn. */
const leftSoonKnownMsMax = 500;
/** How a client is told of a turn that the API refused, and of one in which it broke off. */
const refusedCode = "context_length_exceeded";
const brokenCode = "upstream_error";

export const judgedStyle: TreeStyle = {
  models: new Map([["opus", "opus"], ["claude-opus-4", "opus"], ["sonnet", "sonnet"]]),
  systems: ["", "", "", "", "Be brief.", "Be brief. ", "You are \"a\\pirate\".\n\u2028😀"],
  bounds: [undefined, undefined, undefined, undefined, undefined, 100, 4_000],
  settings: [
    {}, {}, {}, { reasoning_effort: "low" }, { reasoning_effort: "high", stop: ["STOP!"] }, { reasoning_effort: "none" },
    { response_format: formatWith("city") }, { response_format: formatWith("lake"), reasoning_effort: "low" },
    { reasoning_effort: "none", temperature: 0.5 }, { thinking: { type: "enabled", budget_tokens: 2_000 } }, { thinking: { type: "enabled", budget_tokens: 10 } },
    { stop: ["STOP!", "HALT!"], temperature: 0.5 }, { response_format: toolFormatWith("sea") },
  ],
  word: (random) => (random.below(6) === 0 ? `n${random.nastyText(8)}.` : random.pick(["yes", "no", "why", "go on", "more"])),
  cuts: ["left-midway", "left-before", "left-soon", "killed-midway", "fails", "fails-midway"],
  tools: [false, true],
  searches: [false, false, false, false, false, true],
  choices,
  hasImages: true,
};

/** What a process was told, as a client would have had to ask for it. */
function askedFor({ model, system, outputTokensMax, settings, tools, answerSchema, messages }: Told): Asked {
  return {
    model, system: system.join("\n\n"), outputTokensMax, settings: { ...settings, parameters: withOwnNames(settings.parameters) },
    tools: tools.map(({ name, description = "", inputSchema }) => askedTool({ name, description, schema: inputSchema as object })), answerSchema,
    messages: messages.map(({ role, content }) => askedMessage({ role, blocks: content })),
  };
}

const keyOf = (asked: Asked): string => JSON.stringify(asked);
/** All but what a process is told anew with each turn. */
const conversationKey = ({ model, system, settings, tools, answerSchema, messages }: Asked): string => JSON.stringify({ model, system, tools, answerSchema, searches: searchesIn(settings), messages });

/** Whether the web is searched: a conversation that turns that on or off is told to another process. */
function searchesIn({ parameters: { tools = [] } }: Asked["settings"]): boolean {
  return (tools as readonly { readonly name: string }[]).some(({ name }) => name === webSearch.name);
}

/** All but what a process lacks. */
function keyWithout({ outputTokensMax, settings, ...rest }: Asked, lacks: ReadonlySet<SettingRequest>): string {
  const { thinkingTokens, thinkingDisplay, ...flags } = settings;
  return JSON.stringify({
    ...rest,
    ...(lacks.has("apply_flag_settings") ? {} : { outputTokensMax, flags }),
    ...(lacks.has("set_max_thinking_tokens") ? {} : { thinkingTokens, thinkingDisplay }),
  });
}

function standsInside(told: Asked, asked: Asked): boolean {
  return told.messages.length < asked.messages.length
    && conversationKey(told) === conversationKey({ ...asked, messages: asked.messages.slice(0, told.messages.length) });
}

/** How many of a request's messages, from the first, a process has that was told this: it may be rewound to them. */
function sharedLength(told: Asked, asked: Asked): number {
  const begins = (messages: Asked["messages"]): string => conversationKey({ ...asked, messages });
  let shared = 0;
  while (shared < told.messages.length && shared < asked.messages.length) {
    const next = told.messages.slice(0, shared + 1);
    if (conversationKey({ ...told, messages: next }) !== begins(asked.messages.slice(0, shared + 1))) break;
    shared++;
  }
  return shared;
}

export interface JudgedServer {
  readonly url: string;
  readonly claude: RememberingClaude;
  /** Whether a conversation keeps its process for as long as the test lasts. */
  readonly isRoomy: boolean;
  /** False: its clients have no tools, so that no process waits for results that never come, and search nothing. */
  readonly hasTools?: boolean;
  /** How most of its clients' conversations begin. */
  readonly usual?: Profile | undefined;
}

/** What all trees together have seen. */
export class Observations {
  readonly #server: JudgedServer;
  /** Every request that was ever made, by its key. */
  readonly #asked = new Map<string, Asked>();
  readonly #byAnswer = new Map<string, View>();
  readonly #waiting = new Map<string, (view: View) => void>();
  /** The last turn of each request: one whose process dies before it has answered is asked again of another. */
  readonly #lastTurns = new Map<string, View>();
  /** Turns that nobody asked for, and what is known of their processes. */
  readonly strays: object[] = [];
  readonly killed = new Set<RememberingProcess>();
  /** When a client last left some milliseconds after asking: the process of its turn looks as if it were free. */
  leftSoonAtMs = -Infinity;
  /** How many settings were not had. */
  settingFaults = 0;
  freshKills = 0;
  errorsOfKills = 0;
  readonly steps = new Map<string, number>();
  requests = 0;
  continuedInPlace = 0;
  /** How often a process that stood at a request's history was not used soon after its last rewind. */
  passedOverSoon = 0;
  /** Turns on processes that had rehearsed how their conversation begins. */
  rehearsedTurns = 0;

  constructor(server: JudgedServer) {
    this.#server = server;
    server.claude.onTurn = (view) => {
      const asked = askedFor(view.told);
      const key = keyOf(asked);
      const { pid, hasRehearsed, lacks } = view.process;
      // A process that lacks a setting may have asked; no client may get its answer. The model is another matter: no other than the one that was asked for may see the prompt.
      const isAlike = (other: Asked): boolean => keyWithout(other, lacks) === keyWithout(asked, lacks);
      const isExcused = lacks.size > 0 && !lacks.has("set_model") && [...this.#asked.values()].some(isAlike);
      if (!this.#asked.has(key) && !isExcused) this.strays.push({ pid, lacks: [...lacks], hasRehearsed, isKilled: this.killed.has(view.process), told: askedFor(view.told) });
      this.#byAnswer.set(view.answer.trim(), view);
      this.#lastTurns.set(key, view);
      if (view.process.hasRehearsed) this.rehearsedTurns++;
      for (const [wanted, tell] of this.#waiting) {
        if (wanted !== key && !(isExcused && isAlike(JSON.parse(wanted) as Asked))) continue;
        tell(view);
        this.#waiting.delete(wanted);
      }
    };
  }

  note(plan: Plan): void {
    this.steps.set(plan.name, (this.steps.get(plan.name) ?? 0) + 1);
    this.requests += plan.bodies.length;
    for (const body of plan.bodies) {
      const asked = askedBy(body, judgedStyle.models);
      this.#asked.set(keyOf(asked), asked);
    }
  }

  /** Holds an answer against its request, and gives the turn it came from. An answer belongs to one request. */
  hold(body: ChatBody, answer: string): View {
    const view = this.#byAnswer.get(answer.trim());
    assert.ok(view !== undefined, `the answer ${JSON.stringify(answer)} was given by no process, or had been given to another request before`);
    this.#byAnswer.delete(answer.trim());
    assert.equal(answer, view.answer);
    assert.deepEqual(askedFor(view.told), askedBy(body, judgedStyle.models), "the model saw what the client sent");
    return view;
  }

  nextTurnOf(body: ChatBody): Promise<View> {
    return new Promise((resolve) => this.#waiting.set(keyOf(askedBy(body, judgedStyle.models)), resolve));
  }

  lastTurnOf(body: ChatBody): View {
    const view = this.#lastTurns.get(keyOf(askedBy(body, judgedStyle.models)));
    assert.ok(view !== undefined, "an answer began, and no process saw its turn");
    return view;
  }

  /** False when it is gone already: its socket tells of it later. */
  kill(target: RememberingProcess): boolean {
    try {
      process.kill(target.pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      return false;
    }
    this.killed.add(target);
    return true;
  }

  /** How often a client may have noticed something so far. */
  get noticeable(): number {
    return this.freshKills + this.settingFaults;
  }

  /**
   * One that was killed just when a request had booted it, or that refused a setting then, is not hidden from the client;
   * any other failure breaks the promise.
   */
  excuse({ status, code, message }: Refusal, noticeableBefore: number): void {
    assert.ok(this.noticeable > noticeableBefore && code === "claude_cli_failed", `answered ${status} ${code} (${message}), and nothing was killed`);
    this.errorsOfKills++;
  }

  /** One that waits for a conversation, so that no client may notice. */
  killAFresh(random: Random): void {
    const fresh = [...this.#server.claude.processes].filter((candidate) => candidate.isFresh && !this.killed.has(candidate));
    if (fresh.length > 0 && this.kill(random.pick(fresh))) this.freshKills++;
  }
}

/** Plants one tree and lets it grow. Rejects, with the tree's seed and its steps, when the promise is broken. */
export async function grow(seed: number, server: JudgedServer, seen: Observations): Promise<void> {
  const random = seededRandom(seed);
  const style = server.hasTools === false ? { ...judgedStyle, tools: [false], searches: [false] } : judgedStyle;
  const tree = new ConversationTree(random, style, server.usual);
  const own = new Set<RememberingProcess>();
  const trace: string[] = [];
  try {
    for (let left = 2 + random.below(stepsMax - 1); left > 0; left--) {
      const plan = tree.plan();
      trace.push(plan.name);
      seen.note(plan);
      if (random.below(10) === 0) killOneAtRest(own, random, seen);
      if (random.below(40) === 0) seen.killAFresh(random);
      const standing = [...own].filter((candidate) => candidate.isAtRest && candidate.isRewindKnown && !seen.killed.has(candidate));
      for (const view of plan.fate === "taken" ? await takeAnswers(plan, tree, { own, standing }, server, seen) : await cutShort(plan, tree, random, server, seen)) own.add(view.process);
    }
  } catch (error) {
    throw new Error(`the tree of seed ${seed} fails at step ${trace.length} (${trace.join(", ")}): ${(error as Error).message}`, { cause: error });
  }
}

function killOneAtRest(own: ReadonlySet<RememberingProcess>, random: Random, seen: Observations): void {
  const resting = [...own].filter((candidate) => candidate.isAtRest && !seen.killed.has(candidate));
  if (resting.length > 0) seen.kill(random.pick(resting));
}

/** A tree's processes, and those of them that stand at a conversation. */
interface Own { readonly own: ReadonlySet<RememberingProcess>; readonly standing: readonly RememberingProcess[] }

async function takeAnswers(plan: Plan, tree: ConversationTree, { own, standing }: Own, server: JudgedServer, seen: Observations): Promise<View[]> {
  const { bodies: [first] } = plan;
  assert.ok(first !== undefined);
  const asked = askedBy(first, judgedStyle.models);
  const able = standing.filter((candidate) => standsInside(askedFor(candidate.told), asked));
  const shared = new Map([...own].map((candidate) => [candidate, sharedLength(askedFor(candidate.told), asked)]));
  const known = new Map(able.map((candidate) => [candidate, candidate.told.messages.length]));
  const seenBefore = (candidate: RememberingProcess): number => known.get(candidate) ?? 0;
  const stoodAt = new Map(able.map((candidate) => [candidate, JSON.stringify(candidate.told)]));
  /** Nobody has used it meanwhile: a process may be given to another conversation. */
  const stillStands = (candidate: RememberingProcess): boolean => candidate.isAtRest && JSON.stringify(candidate.told) === stoodAt.get(candidate);
  const old = new Set(able.filter(({ isRewindOld }) => isRewindOld));
  const noticeableBefore = seen.noticeable;
  const askedAtMs = performance.now();
  const replies = await Promise.all(plan.bodies.map((body) => ask(server.url, body)));
  const views: View[] = [];
  for (const [index, reply] of replies.entries()) {
    const body = plan.bodies[index] as ChatBody;
    if (reply.kind === "error") {
      seen.excuse(reply, noticeableBefore);
      continue;
    }
    const view = seen.hold(body, reply.text);
    tree.remember(body, reply.text, reply.calls);
    views.push(view);
  }
  const continued = views.filter((view) => able.includes(view.process)).length;
  seen.continuedInPlace += continued;
  const isCalm = askedAtMs - seen.leftSoonAtMs > leftSoonKnownMsMax;
  if (server.isRoomy && isCalm && views.length === plan.bodies.length) {
    const leftAlone = able.filter((candidate) => !views.some(({ process }) => process === candidate) && stillStands(candidate));
    const elsewhere = views.filter(({ process }) => !able.includes(process));
    // One that was rewound may have had more of the history.
    const passedOver = leftAlone.filter((candidate) => elsewhere.some(({ process }) => (shared.get(process) ?? 0) <= seenBefore(candidate)));
    if (passedOver.length > 0) seen.passedOverSoon++;
    assert.ok(!passedOver.some((candidate) => old.has(candidate)), "a process stood at this history, and another was used that had no more of it");
    const [only] = views;
    if (views.length === 1 && only !== undefined && continued === 1) {
      assert.ok(leftAlone.every((other) => seenBefore(other) <= seenBefore(only.process)), "a process that knew more of this history was passed over");
    }
  }
  return views;
}

async function cutShort({ bodies: [body], fate }: Plan, tree: ConversationTree, random: Random, { url }: JudgedServer, seen: Observations): Promise<View[]> {
  assert.ok(body !== undefined);
  const noticeableBefore = seen.noticeable;
  if (fate === "left-soon") {
    const refusal = await askAndLeaveAfter(url, body, random.below(leftSoonMsMax + 1));
    seen.leftSoonAtMs = performance.now();
    if (refusal !== undefined) seen.excuse(refusal, noticeableBefore);
    return [];
  }
  if (fate === "fails") {
    const reply = await ask(url, body);
    assert.ok(reply.kind === "error", "an answer came where the API refused");
    if (reply.code === refusedCode) return [seen.lastTurnOf(body)];
    seen.excuse(reply, noticeableBefore);
    return [];
  }
  if (fate === "left-before") {
    // That of a process which lacks a setting counts too: the client leaves by it, and has no answer.
    const begun = seen.nextTurnOf(body);
    const refusal = await askAndLeave(url, body, begun);
    if (refusal === undefined) return [await begun];
    seen.excuse(refusal, noticeableBefore);
    return [];
  }
  const begun = await begin(url, body);
  if (begun.kind === "error") {
    seen.excuse(begun, noticeableBefore);
    return [];
  }
  const view = seen.lastTurnOf(body);
  assert.ok(view.answer.startsWith(begun.text), "the answer began as no process had begun it");
  if (fate === "left-midway") {
    begun.leave();
    // Some clients keep what they have got.
    if (random.below(2) === 0) tree.remember(body, begun.text);
    return [view];
  }
  if (fate === "fails-midway") {
    const rest = await within(begun.rest(), eventMsMax, () => "the stream of a turn that broke off did not end");
    assert.equal(errorIn(rest.at(-1)), brokenCode);
    return [view];
  }
  assert.ok(seen.kill(view.process), "a process that answers is gone");
  const rest = await within(begun.rest(), eventMsMax, () => "the stream of a killed process did not end");
  assert.equal(errorIn(rest.at(-1)), "claude_cli_failed", `a killed process ends its stream in an error: ${rest.at(-1)}`);
  return [view];
}
