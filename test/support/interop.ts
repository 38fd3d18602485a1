/** The ground of test/interop: our server on the real CLI, and behind the CLI a stub that plays an obedient model. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Config } from "../../src/index.ts";
import {
  type AnthropicStub, conversationOf, formatOf, lastUserText, type StubAnswer, type StubContentBlock, type StubRequest, type StubRequestBody,
  textAnswer, toolUseAnswer,
} from "./anthropic-stub.ts";
import { startEmbedded } from "./embedded-server.ts";
import { claudePath, type ClaudeVersion, subscriptionEnvironment } from "./real-claude.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { type WatchedClaude, watchedClaude } from "./watched-claude.ts";
import { startStub, type WatchedStubOptions } from "./watched-stub.ts";

/** How long one exchange with a client may take, in milliseconds. */
export const exchangeMsMax = 60_000;
/** How long all exchanges with one client on one CLI may take, in milliseconds. */
export const suiteMsMax = 480_000;

const argumentsPieceChars = 7;
/** What every answer of the obedient model costs, and how a client that speaks OpenAI's language counts it. */
const upstreamUsage = { input_tokens: 20, cache_read_input_tokens: 4, cache_creation_input_tokens: 1, output_tokens: 7 };
/** What it thinks before all that it says, as a real one does. */
export const thoughts = "Let me think.";
const manner = { usage: upstreamUsage, thinking: inPieces(thoughts) };
export const usage = { prompt: 25, cached: 4, completion: 7, total: 32 } as const;

/** The obedient model's words where it is given no order, and their pieces as they stream. */
export const plainPieces = ["Good ", "mörning, ", "\"world\" ", "😀."] as const;
export const plainText = plainPieces.join("");

/** The prompt on which the obedient model calls that tool. Told so inside of any other text, it obeys the last such order. */
export function callOrder(tool: string, input: Readonly<Record<string, unknown>>): string {
  return `CALL ${tool} ${JSON.stringify(input)} END`;
}

/** How an order of steps begins. */
const stepsMark = "STEPS ";

/** The prompt on which it calls that tool once for each input, each time after the result of the last. */
export function stepsOrder(tool: string, inputs: readonly Readonly<Record<string, unknown>>[]): string {
  return `${stepsMark}${tool} ${JSON.stringify(inputs)} END`;
}

/** The prompt on which it answers with that document, where it is held to a JSON Schema. */
export function jsonOrder(document: Readonly<Record<string, unknown>>): string {
  return `JSON ${JSON.stringify(document)} END`;
}

/** What it says once the tool has answered. */
export function toolReply(result: string): string {
  return `The tool said: ${result}`;
}

/**
 * It calls the tool that the last user message orders, if it is offered; it answers a tool's result by quoting it, or
 * with the next of the steps that were ordered; held to a schema it gives the document that is ordered; and else it says
 * `plainText`.
 */
export function obedientModel({ body }: StubRequest): StubAnswer {
  const step = nextStep(body);
  if (step !== undefined) return step;
  const last = conversationOf(body).findLast(({ role }) => role === "user");
  const blocks = typeof last?.content === "string" ? [] : last?.content ?? [];
  const results = blocks.filter(({ type }) => type === "tool_result");
  if (results.length > 0) return textAnswer(inPieces(toolReply(results.map(resultText).join(" | "))), manner);
  const text = lastUserText(body);
  const isOffered = (tool: string): boolean => (body.tools ?? []).some(({ name }) => name === tool);
  const [, tool = "", input = ""] = [...text.matchAll(/CALL (\S+) (\{.*?\}) END/gsu)].at(-1) ?? [];
  if (isOffered(tool)) return call(tool, parseInput(input));
  const [, document] = [...text.matchAll(/JSON (\{.*?\}) END/gsu)].at(-1) ?? [];
  if (document !== undefined && formatOf(body) !== undefined) return textAnswer(inPieces(JSON.stringify(parseInput(document))), manner);
  if (document !== undefined && isOffered("StructuredOutput")) return call("StructuredOutput", parseInput(document));
  return textAnswer([...plainPieces], manner);
}

/** The call of the step that is due by the last order of steps, if there is one. */
function nextStep(body: StubRequestBody): StubAnswer | undefined {
  const blocks = conversationOf(body).filter(({ role }) => role === "user").flatMap(({ content }) => (
    typeof content === "string" ? [{ type: "text", text: content }] : content
  ));
  const orders = blocks.flatMap(({ text }) => [...(text ?? "").matchAll(/STEPS (\S+) (\[.*?\]) END/gsu)]);
  const [, tool = "", inputs = "[]"] = orders.at(-1) ?? [];
  const input = parseInput<Record<string, unknown>[]>(inputs)[blocks.filter(({ type }) => type === "tool_result").length];
  const isOffered = (body.tools ?? []).some(({ name }) => name === tool);
  return input === undefined || !isOffered ? undefined : call(tool, input);
}

function call(name: string, input: Readonly<Record<string, unknown>>): StubAnswer {
  return toolUseAnswer([{ name, input, fragments: inPieces(JSON.stringify(input)) }], manner);
}

/** A client may show the prompt inside of another document, its quotes escaped. */
function parseInput<Input = Record<string, unknown>>(text: string): Input {
  try {
    return JSON.parse(text) as Input;
  } catch {
    return JSON.parse(text.replaceAll('\\"', '"')) as Input;
  }
}

function resultText({ content }: StubContentBlock): string {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part: StubContentBlock) => part.text ?? "").join("") : "";
}

function inPieces(text: string): string[] {
  return text.match(new RegExp(`.{1,${argumentsPieceChars}}`, "gsu")) ?? [""];
}

export interface InteropServer {
  /** Without `/v1`. */
  readonly url: string;
  readonly stub: AnthropicStub;
  /** Notes in which lines of history an order of steps was told. */
  readonly claude: WatchedClaude;
}

/** Our server on that CLI, with those settings beside the tests' own. Both end with the test. */
export async function startInterop(
  t: TestContext, version: ClaudeVersion, settings: Partial<Config> = {}, upstream: Pick<WatchedStubOptions, "mayCount"> = {},
): Promise<InteropServer> {
  const stub = await startStub(t, { respond: obedientModel, ...upstream });
  const environment = subscriptionEnvironment(stub.url, await temporaryFolder(t));
  const claude = await watchedClaude(claudePath(version), stepsMark, await temporaryFolder(t));
  const { url } = await startEmbedded(
    t,
    { claude: claude.path, passEnv: ["ANTHROPIC_BASE_URL", "DISABLE_TELEMETRY"], maxProcesses: 6, warm: 1, logLevel: "warn", ...settings },
    environment,
  );
  return { url, stub, claude };
}

/** A message as it went upstream, in short: `user: text`, `assistant: call name {json}`, `user: result text`. Thoughts are left out: only a process that had them has them still. */
export function upstreamMessages(body: StubRequestBody): string[] {
  return conversationOf(body).flatMap(({ role, content }) => {
    if (typeof content === "string") return [`${role}: ${content}`];
    return content.filter(({ type }) => type !== "thinking").map((block) => {
      if (block.type === "tool_use") return `${role}: call ${String(block["name"])} ${JSON.stringify(block["input"])}`;
      if (block.type === "tool_result") return `${role}: result ${resultText(block)}`;
      return `${role}: ${block.text ?? block.type}`;
    });
  });
}

export function upstreamTools(body: StubRequestBody): string[] {
  return (body.tools ?? []).map(({ name }) => name).sort();
}

/** A call that a client's user orders, and what the tool gives back. */
export interface RoundTrip {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly result: string;
}

/** Since then the tool was called as ordered and its result read, in two requests that have nothing else. */
export function judgeRoundTrip(stub: AnthropicStub, index: number, { tool, input, result }: RoundTrip): void {
  const [asked, answered, ...more] = requestsSince(stub, index);
  assert.ok(asked !== undefined && answered !== undefined && more.length === 0, "it takes two requests");
  assert.deepEqual(upstreamTools(asked.body), [tool]);
  assert.deepEqual(upstreamMessages(answered.body), [
    `user: ${callOrder(tool, input)}`, `assistant: call ${tool} ${JSON.stringify(input)}`, `user: result ${result}`,
  ]);
}

/** What went upstream since, none of it refused. */
export function requestsSince(stub: AnthropicStub, index: number): readonly StubRequest[] {
  assert.deepEqual(stub.refusals.map(({ message }) => message), [], "the Messages API would have refused this");
  return stub.requests.slice(index);
}
