/**
 * The promise of test/end-to-end/conversation-trees, held by the real CLI: the upstream is asked exactly what the client
 * asked. Each body that is answered is accounted for as a whole, too.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createClaudeMaxApi, type EngineStatus } from "../../src/index.ts";
import {
  type AnthropicStub, conversationOf, errorAnswer, hangingAnswer, lastUserText, stallAnswer, type StubRequestBody, systemOf, textAnswer, textOf,
  type StubRequest, toolUseAnswer,
} from "../support/anthropic-stub.ts";
import type { Known } from "../support/added-words-reader.ts";
import type { Sent } from "../support/chat-transcript.ts";
import { startCli } from "../support/claude-stdio.ts";
import { cleanUp } from "../support/cleanup.ts";
import { ConversationTree, type Plan, type TreeStyle } from "../support/conversation-trees.ts";
import { inWords, schemaToolName } from "../support/schema-tool.ts";
import { type Asked, type AskedMessage, askedBy, askedMessage, askedTool, callsAllowed, searchesWeb, webSearch, withOwnNames } from "../support/tree-asked.ts";
import { type ChatBody, choices, formatWith, textOf as chatTextOf, toolFormatWith } from "../support/tree-chat.ts";
import { subscribersCacheTime, today } from "../support/lived-in-server.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { judgeRawBody } from "../support/raw-body-judge.ts";
import { claudeArguments, claudePath, type ClaudeVersion, claudeVersions, subscriptionEnvironment } from "../support/real-claude.ts";
import { rewindAbilities } from "../support/rewindable-history.ts";
import { Rewinding } from "../support/rewinding.ts";
import { isCountFixed, sampleOf, seedOf } from "../support/sample.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ask, askAndLeave, askAndLeaveAfter, begin } from "../support/tree-client.ts";
import { startStub } from "../support/watched-stub.ts";

/** Of the first trees from here on many choose tools, or have some that are told whole. */
const seedFirst = seedOf(173);
const trees = sampleOf({ what: "trees on each CLI", small: 6, large: 6, whole: 100 });
const treesAtOnce = 3;
/** On a busy machine fewer have to do: no more than these are planted after that, unless their number was asked for. */
const treesMin = 6;
const plantingMsMax = 35_000;
const treesForEachKind = 50;
/** The first steps of a tree are the same, however many it has. */
const stepsMax = isCountFixed() ? 5 : 3;
const maxProcesses = 8;
const leftSoonMsMax = 40;
const edges = ["", " ", "\n", "\n\n"];

/** What means something to the CLI when a person types it. */
const cliWords = ["/help me", "//help", "/unknown-command", "/ ", "# title", "!ls", "@file", "ultrathink", "<b>1 < 2</b>", "[Request interrupted by user]", "(no content)"];

const style: TreeStyle = {
  models: new Map([["opus", "opus"], ["claude-opus-4", "opus"], ["sonnet", "sonnet"]]),
  systems: ["", "Be brief.", "Be brief. ", "You are \"a\\pirate\".\n\u2028😀"],
  bounds: [undefined, undefined, 500, 4_000],
  settings: [
    {}, {}, {}, { reasoning_effort: "low" }, { reasoning_effort: "high", stop: ["STOP!"] }, { reasoning_effort: "none" },
    { response_format: formatWith("city") }, { response_format: formatWith("lake"), reasoning_effort: "low" },
    { thinking: { type: "enabled", budget_tokens: 2_000 } }, { response_format: toolFormatWith("sea") },
  ],
  tools: [false, false, true],
  searches: [false, false, false, true],
  choices,
  hasImages: true,
  word: (random) => random.pick(["yes", "no", "why", "go on", ...cliWords, "  é日😀\n\ttext "]),
  cuts: ["left-midway", "left-before", "left-soon", "fails"],
};

/** A user's texts joined: how they are cut into blocks is the server's affair with the CLI. */
function joined(message: AskedMessage): AskedMessage {
  return message.role === "user" ? { role: "user", texts: [message.texts.join("")] } : message;
}

/** What went upstream, as a client would have had to ask for it. The model and the system prompt are the CLI's to word: they are judged by `differs`. */
function askedUpstream(body: StubRequestBody): Asked["messages"] {
  return conversationOf(inClientsWords(body)).map(({ role, content }) => joined(askedMessage({
    role: role as "user" | "assistant",
    // What the process thought itself is for the whole body's judge.
    blocks: typeof content === "string" ? [{ type: "text", text: content }] : content.filter(({ type }) => type !== "thinking"),
  })));
}

/**
 * A request with the assistant's texts as clients count them: an answer that the CLI's own tool gave is words, the parts
 * of an answer are one text, and white space round it is nothing.
 */
function inClientsWords({ messages, ...rest }: StubRequestBody): StubRequestBody {
  const worded = messages.map((message) => {
    if (typeof message.content === "string") return message;
    const content = inWords(message.content);
    return { ...message, content: message.role === "assistant" ? oneText(content) : content };
  });
  const said = worded.filter(({ content }, index) => content.length > 0 || messages[index]?.content.length === 0);
  return { ...rest, messages: said } as StubRequestBody;
}

type Blocks = Exclude<StubRequestBody["messages"][number]["content"], string>;

function oneText(blocks: Blocks): Blocks {
  const joined: Blocks[number][] = [];
  for (const block of blocks) {
    const last = joined.at(-1);
    if (last?.type === "text" && block.type === "text") joined[joined.length - 1] = { ...last, ...block, text: `${last.text}${block.text}` };
    else joined.push(block);
  }
  return joined.map((block) => (block.type === "text" ? { ...block, text: String(block.text).trim() } : block));
}

/** What of a request the whole body is to hold: with the thoughts that the process had itself, where it sends them. */
function heldAgainst(body: ChatBody, bodyText: string, thoughts: ReadonlyMap<string, string>): Sent {
  const messages = body.messages.map((message) => {
    if (message.role !== "assistant") return message;
    const content = chatTextOf(message).trim();
    const thought = thoughts.get(content);
    return { ...message, content, ...(thought !== undefined && bodyText.includes(thought) ? { thoughts: [thought] } : {}) };
  });
  return { ...body, messages };
}

/** Without what 2.1.330 notes of the efforts of earlier turns, in the form that the API has for that: the last note counts. */
function withoutEarlierEfforts(messages: StubRequestBody["messages"]): StubRequestBody["messages"] {
  const last = messages.findLastIndex((message) => "output_config" in message);
  return messages.map((message, index) => {
    const { output_config: noted, ...rest } = message as typeof message & { readonly output_config?: object };
    return index < last && /^\{"effort":"(?:low|medium|high)"\}$/u.test(JSON.stringify(noted) ?? "") ? rest : message;
  });
}

/** All of a body that was neither asked for nor stands on the list of the CLI's own words. */
function judgeWhole({ body, bodyText }: StubRequest, asked: ChatBody, { version, known, thoughts, asked: before }: Scene): readonly string[] {
  const effortsBefore = before.flatMap(({ settings: { effort } }) => effort ?? []);
  const { tools = [], messages, ...rest } = inClientsWords(body);
  const searches = tools.filter(({ type }) => type === webSearch.type).map((tool) => JSON.stringify(tool));
  const wanted = searchesWeb(asked) ? [JSON.stringify(webSearch)] : [];
  const own = tools.filter(({ type }) => type !== webSearch.type);
  return [
    ...(searches.join() === wanted.join() ? [] : [`searches: ${searches.join()}, not ${wanted.join()}`]),
    ...judgeRawBody(JSON.stringify({ ...rest, messages: withoutEarlierEfforts(messages), tools: own }), heldAgainst(asked, bodyText, thoughts), { version, known: known(), effortsBefore }),
  ];
}

/** What the CLI sets by itself for each model of the CLI's, where nothing is asked of it. */
type OwnFields = ReadonlyMap<string, StubRequestBody>;

/** As a process tells it that serves nobody. */
async function ownFields(t: TestContext, version: ClaudeVersion): Promise<OwnFields> {
  const stub = await startStub(t, { respond: () => textAnswer(["A"]) });
  const folder = await temporaryFolder(t);
  const models = [...new Set(style.models.values())];
  for (const model of models) {
    const cli = startCli(t, claudePath(version), subscriptionEnvironment(stub.url, folder), folder, claudeArguments(model));
    const driven = new Rewinding(cli);
    await driven.initialize(false);
    await driven.ask("one");
  }
  return new Map(models.map((model, index) => [model, stub.requests[index]?.body as StubRequestBody]));
}

interface OutputConfig { readonly effort?: string; readonly format?: object }

/**
 * The fields of a request that are told anew for each turn. A model that is not told to think does not. Where the effort
 * has changed in a conversation, 2.1.330 says so in the last of its messages that have no words.
 */
function settingsOf({ max_tokens, thinking, output_config, stop_sequences, temperature, tool_choice, tools, messages }: Readonly<Record<string, unknown>>): object {
  const isOff = (thinking as { type?: string } | undefined)?.type === "disabled";
  const changed = (messages as StubRequestBody["messages"] | undefined)?.findLast((message) => "output_config" in message) as { output_config?: OutputConfig } | undefined;
  const { effort, format } = (output_config ?? {}) as OutputConfig;
  return { max_tokens, thinking: isOff ? undefined : thinking, effort: changed?.output_config?.effort ?? effort, format, stop_sequences, temperature, tools: wholeIn(tools), tool_choice: withOwnNames({ tool_choice })["tool_choice"] };
}

interface SentTool { readonly type?: string; readonly name: string; readonly description?: string; readonly input_schema: object; readonly strict?: boolean }

/** The tools as the API has them where the CLI would cut one, or the web is searched, in the client's names; undefined where it has them by the CLI. */
function wholeIn(tools: unknown): unknown {
  const sent = (tools ?? []) as readonly SentTool[];
  if (!sent.some(({ type, description = "", strict }) => type !== undefined || strict === true || description.length > 2_048)) return undefined;
  return withOwnNames({ tools: sent.map(({ type, name, description, input_schema, strict }) => ({ type, name, description, input_schema, strict })) })["tools"];
}

/** The client's tools in a request. */
function toolsIn({ tools = [] }: StubRequestBody): Asked["tools"] {
  const own = tools.filter(({ name, type }) => name !== schemaToolName && type !== webSearch.type);
  return own.map(({ name, description = "", input_schema: schema }) => askedTool({ name, description, schema: schema as object }));
}

function settingsAsked({ outputTokensMax, settings, model }: Asked, own: OwnFields): object {
  const usual = own.get(model) as StubRequestBody;
  const { effort, isThinkingOff, parameters } = settings;
  return settingsOf({
    ...usual,
    messages: [],
    ...(outputTokensMax === undefined ? {} : { max_tokens: Number(outputTokensMax) }),
    // A model that decides for itself how long it thinks is given no budget. The server asks for its thoughts.
    thinking: isThinkingOff ? undefined : { ...usual["thinking"] as object, display: "summarized" },
    ...parameters,
    output_config: { ...usual["output_config"] as OutputConfig, ...(effort === null ? {} : { effort }), ...parameters["output_config"] as OutputConfig },
  });
}

/** In what the upstream was asked something else than the client asked; undefined when it was not. */
function differs(body: StubRequestBody, asked: Asked, own: OwnFields): string | undefined {
  const system = systemOf(body);
  if (!body.model.includes(asked.model)) return `model ${body.model}, not ${asked.model}`;
  if (system !== asked.system) return `system ${JSON.stringify(system)}`;
  const [set, toSet] = [JSON.stringify(settingsOf(body)), JSON.stringify(settingsAsked(asked, own))];
  if (set !== toSet) return `settings ${set}, not ${toSet}`;
  const [has, toHave] = [JSON.stringify(byName(toolsIn(body))), JSON.stringify(byName(asked.tools))];
  if (has !== toHave) return `tools ${has}, not ${toHave}`;
  const schema = body.tools?.find(({ name }) => name === schemaToolName)?.input_schema ?? null;
  if (JSON.stringify(schema) !== JSON.stringify(asked.answerSchema)) return `answer's schema ${JSON.stringify(schema)}, not ${JSON.stringify(asked.answerSchema)}`;
  const [upstream, wanted] = [JSON.stringify(askedUpstream(body)), JSON.stringify(asked.messages.map(joined))];
  return upstream === wanted ? undefined : `messages ${upstream}, not ${wanted}`;
}

function byName(tools: Asked["tools"]): Asked["tools"] {
  return [...tools].sort((one, other) => one.name.localeCompare(other.name));
}

interface Scene {
  readonly version: ClaudeVersion;
  readonly url: string;
  readonly stub: AnthropicStub;
  /** By the number in its answer. */
  readonly requests: Map<string, StubRequest>;
  /** What was thought before an answer, by the answer. */
  readonly thoughts: Map<string, string>;
  readonly known: () => Known;
  readonly asked: Asked[];
  readonly own: OwnFields;
  readonly waiting: Set<(body: StubRequestBody) => void>;
}

async function start(t: TestContext, version: ClaudeVersion, warm: number): Promise<Scene & { readonly turns: () => Promise<EngineStatus["turns"]> }> {
  const random = seededRandom(seedFirst);
  const [requests, waiting] = [new Map<string, StubRequest>(), new Set<(body: StubRequestBody) => void>()];
  const stub = await startStub(t, {
    respond: (request) => {
      const { body } = request;
      for (const tell of waiting) tell(body);
      const number = randomBytes(6).toString("hex");
      const answer = `${random.pick(edges)}Answer ${number}, "quoted"${random.pick(edges)}`;
      requests.set(number, request);
      const question = lastUserText(body);
      if (question.includes("(mute)")) return hangingAnswer();
      if (question.includes("(fails)")) return errorAnswer(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum");
      const schema = body.tools?.find(({ name }) => name === schemaToolName)?.input_schema;
      const isHeld = question.includes("(held)");
      const options = !isHeld && body["thinking"] !== undefined && random.below(2) === 0 ? { thinking: ["Thinks ", `of ${number}.`] } : {};
      if (schema !== undefined) {
        const [key = ""] = Object.keys((schema as { properties: object }).properties);
        const given = toolUseAnswer([{ name: schemaToolName, input: { [key]: answer } }], options);
        return isHeld ? { ...given, ending: "silence" } : given;
      }
      if (isHeld) return stallAnswer([answer]);
      const name = body.tools?.find((tool) => tool.name.endsWith("look"))?.name;
      const calls = name === undefined ? 0 : callsAllowed(question.includes("(call)") ? 1 : question.includes("(calls)") ? 2 : 0, body);
      if (calls > 0) return toolUseAnswer(Array.from({ length: calls }, () => ({ name: name ?? "", input: {} })), { textBefore: answer, ...options });
      return textAnswer([answer.slice(0, 9), answer.slice(9)], options);
    },
  });
  const own = await ownFields(t, version);
  const environment = subscriptionEnvironment(stub.url, await temporaryFolder(t));
  const server = createClaudeMaxApi(
    { port: 0, claude: claudePath(version), passEnv: ["ANTHROPIC_BASE_URL", "DISABLE_TELEMETRY"], maxProcesses, warm, logLevel: "silent", allowWebSearch: true },
    { environment },
  );
  cleanUp(t, () => server.close());
  const { url } = await server.listen();
  await server.discovered();
  const startedOn = today();
  const known = (): Known => ({
    device: /[0-9a-f]{64}/u, account: "", "cache time": subscribersCacheTime, "working folder": new RegExp(`/[^\\n"]{1,200}/${new URL(url).port}/empty`, "u"),
    date: [startedOn, today()], ...(today() === startedOn ? {} : { "new date": today() }),
  });
  const turns = async (): Promise<EngineStatus["turns"]> => (await server.discovered()).turns;
  return { version, url, stub, requests, thoughts: new Map(), known, asked: [], own, waiting, turns };
}

async function grow(seed: number, scene: Scene): Promise<void> {
  const random = seededRandom(seed);
  const tree = new ConversationTree(random, style);
  const trace: string[] = [];
  try {
    for (let left = 2 + random.below(stepsMax - 1); left > 0; left--) {
      const plan = tree.plan();
      trace.push(plan.name);
      for (const body of plan.bodies) scene.asked.push(askedBy(body, style.models));
      if (plan.fate === "taken") await Promise.all(plan.bodies.map((body) => takeAnswer(body, tree, scene)));
      else await cutShort(plan, tree, random, scene);
    }
  } catch (error) {
    throw new Error(`the tree of seed ${seed} fails at step ${trace.length} (${trace.join(", ")}): ${(error as Error).message}`, { cause: error });
  }
}

async function takeAnswer(body: ChatBody, tree: ConversationTree, scene: Scene): Promise<void> {
  const { url, requests, thoughts, own } = scene;
  const reply = await ask(url, body);
  assert.equal(reply.kind, "answer", JSON.stringify(reply));
  assert.ok(reply.kind === "answer");
  const [, number = ""] = /Answer ([0-9a-f]{12}), /u.exec(reply.text) ?? [];
  const upstream = requests.get(number);
  assert.ok(upstream !== undefined, "the answer is the upstream's, and no other request had it");
  requests.delete(number);
  assert.equal(differs(upstream.body, askedBy(body, style.models), own), undefined);
  assert.deepEqual(judgeWhole(upstream, body, scene), []);
  thoughts.set(reply.text.trim(), `Thinks of ${number}.`);
  tree.remember(body, reply.text, reply.calls);
}

async function cutShort({ bodies: [body], fate }: Plan, tree: ConversationTree, random: Random, { url, waiting, own }: Scene): Promise<void> {
  assert.ok(body !== undefined);
  if (fate === "left-soon") {
    assert.equal(await askAndLeaveAfter(url, body, random.below(leftSoonMsMax + 1)), undefined);
    return;
  }
  if (fate === "fails") {
    const reply = await ask(url, body);
    assert.ok(reply.kind === "error" && reply.code === "context_length_exceeded", JSON.stringify(reply));
    return;
  }
  if (fate === "left-midway") {
    const begun = await begin(url, body);
    assert.ok(begun.kind === "begun", JSON.stringify(begun));
    begun.leave();
    return tree.remember(body, begun.text);
  }
  const asked = askedBy(body, style.models);
  let tell = (_body: StubRequestBody): void => {};
  const arrived = new Promise<void>((resolve) => {
    tell = (upstream) => {
      if (differs(upstream, asked, own) === undefined) resolve();
    };
    waiting.add(tell);
  });
  assert.equal(await askAndLeave(url, body, arrived), undefined);
  waiting.delete(tell);
}

describe("conversation trees on the real CLI", () => {
  for (const version of claudeVersions) {
    it(`claude ${version}: the upstream is asked exactly what the client asked`, async (t) => {
      const scene = await start(t, version, 1);
      const beganAtMs = performance.now();
      let grown = 0;
      const isTime = (): boolean => isCountFixed() || performance.now() - beganAtMs < plantingMsMax;
      const isWanted = (): boolean => grown < trees && (grown < treesMin || isTime());
      await Promise.all(Array.from({ length: treesAtOnce }, async () => {
        while (isWanted()) await grow(seedFirst + grown++, scene);
      }));
      const strays = scene.stub.requests.filter(({ body }) => scene.asked.every((asked) => differs(body, asked, scene.own) !== undefined));
      assert.deepEqual(strays.map(({ body }) => askedUpstream(body)), [], "nothing else was asked of the upstream");
      const { wentOn: hits, rewound, toldOn: { recycled } } = await scene.turns();
      const chosen = scene.stub.requests.filter(({ body }) => body["tool_choice"] !== undefined).length;
      const whole = scene.stub.requests.filter(({ body }) => wholeIn(body["tools"]) !== undefined).length;
      assert.ok(hits >= grown / 4, `only ${hits} requests went on with a living process`);
      const { toEmpty } = rewindAbilities[version];
      assert.ok(!toEmpty || grown < treesMin || rewound + recycled >= grown / 4, `only ${rewound} processes were rewound, and ${recycled} emptied`);
      // A few trees may have none of a kind.
      if (grown >= treesForEachKind) assert.deepEqual([rewound > 0, recycled > 0], [true, toEmpty], `${rewound} processes were rewound, and ${recycled} emptied`);
      // One tree alone, by its seed, may have neither.
      assert.ok(grown < treesMin || (chosen > 0 && whole > 0), `${chosen} requests with a choice of tools, ${whole} with tools told whole: neither may lack`);
      const searching = scene.stub.requests.filter(({ body }) => body.tools?.some(({ type }) => type === webSearch.type)).length;
      const byTool = scene.stub.requests.filter(({ body }) => body.tools?.some(({ name }) => name === schemaToolName)).length;
      const thinking = scene.stub.requests.filter(({ bodyText }) => bodyText.includes('"Thinks of ')).length;
      t.diagnostic(`${grown} trees from seed ${seedFirst} on, ${scene.asked.length} requests, ${scene.stub.requests.length} upstream (${chosen} with a choice of tools, ${whole} with tools told whole, ${searching} that may search, ${byTool} by the CLI's tool, ${thinking} with a process's own thoughts), ${hits} hits, ${rewound} rewound, ${recycled} recycled, ${((performance.now() - beganAtMs) / 1000).toFixed(1)} s`);
    });
  }

  for (const version of claudeVersions) {
    it(`claude ${version}: nothing in a prompt makes the CLI read a file, run a command or add a word of its own`, async (t) => {
      // Two: one of them rehearses what all of these begin with.
      const { url, stub } = await start(t, version, 2);
      const folder = await temporaryFolder(t);
      const secret = randomBytes(12).toString("hex");
      await writeFile(join(folder, "secret.txt"), secret);
      const paths = [`read @${folder}/secret.txt please`, `@"${folder}/secret.txt"`, `list @${folder}/ now`];
      const lengthOf = async (content: string): Promise<number> => {
        const before = stub.requests.length;
        const reply = await ask(url, { model: "sonnet", messages: [{ role: "user", content }], stream: false });
        assert.equal(reply.kind, "answer", `${content}: ${JSON.stringify(reply)}`);
        const [request, ...more] = stub.requests.slice(before);
        assert.ok(request !== undefined && more.length === 0);
        assert.ok(!request.bodyText.includes(secret), `${content} sent the file upstream`);
        assert.equal(askedUpstream(request.body).map((message) => JSON.stringify(message)).join(), JSON.stringify({ role: "user", texts: [content] }));
        // All that the CLI itself adds.
        return request.body.messages.map(({ content: added }) => textOf(added)).join("").length - content.length;
      };
      const usual = await lengthOf("hello");
      for (const content of [...cliWords.filter((word) => word.trim() !== "/"), ...paths, "/clear", "/compact", "/init", "ultracode it", "#remember"]) {
        assert.equal(await lengthOf(content), usual, `${content}: the CLI added to it`);
      }
    });
  }
});
