/** Accounts for a whole request to the API: every word is the client's, or stands in test/support/added-words.ts. */
import { anyCallText, namedCallTexts, noCallText } from "../../src/own-words.ts";
import type { AddedWords, RequestKind } from "./added-words.ts";
import { type AddedWordsReader, addedWordsReader, type Known, questionsIn } from "./added-words-reader.ts";
import { modelNamed, takesAdaptiveThinking } from "./anthropic-rules/models.ts";
import { asksToThink } from "./asked-thinking.ts";
import { messagesOf, type Sent, sentBy } from "./chat-transcript.ts";
import { hasKeysOnce, parseExact } from "./exact-json.ts";
import { asBlocks, show, wellFormed } from "./raw-body-blocks.ts";
import { judgeFields, lacksThoughts } from "./raw-body-fields.ts";
import { judgeMessages } from "./raw-body-messages.ts";
import { answerFormOf, choiceOf, type JudgedTools, judgeTools } from "./raw-body-tools.ts";

/** What is known besides the request. */
export interface World {
  readonly version: string;
  readonly known: Known;
  /** Efforts that the client has asked for in earlier requests, where they are not always the same. */
  readonly effortsBefore?: readonly string[];
  /** The tools of the machine's owner, as they go up: of the MCP servers that a policy names. */
  readonly ownersTools?: readonly Sent[];
  /** Gets the entries of the list that were read. */
  readonly met?: Set<AddedWords>;
}

/**
 * What in a raw body is neither the client's nor on the list, and what of the client's it lacks: a sentence each. In
 * `request`, which is a chat request, the assistant's messages have their `thoughts` where the process had them itself:
 * it sends them back, all of them and no others.
 */
export function judgeRawBody(bodyText: string, request: Sent, { version, known, effortsBefore = [], ownersTools = [], met }: World): string[] {
  const body = JSON.parse(bodyText) as Sent;
  const exact = parseExact(bodyText) as Sent;
  const client = sentBy(messagesOf(request), parseExact);
  const hasPolicy = known.policy !== undefined;
  const form = answerFormOf(request, hasPolicy);
  const hasSchema = form.tool !== undefined;
  const added = addedWordsReader(version, known, {
    questions: questionsIn(body["messages"]), kinds: kindsOf(body, hasSchema), ...(met === undefined ? {} : { met }),
  });
  const told = judgeMessages(exact["messages"], client, { added, hasSchema });
  const callNames = { called: client.names, names: told.names };
  const served = judgeTools(exact["tools"] ?? [], request, callNames, { schema: form.tool, hasPolicy, ownersTools });
  const choice = toldChoiceOf(request, served, { hasSchema, isThoughtless: lacksThoughts(body) });
  return [
    ...(hasKeysOnce(bodyText) ? [] : ["a key stands twice"]),
    ...judgeSystem(body["system"], client.system, choice.words, added),
    ...told.findings,
    ...served.findings,
    ...judgeMarks(body["tools"], added),
    ...judgeFields(body, request, { added, version, format: form.format, choice: choice.parameter, effortsBefore }),
  ];
}

function kindsOf({ model }: Sent, hasSchema: boolean): readonly RequestKind[] {
  const thinks = takesAdaptiveThinking(modelNamed(String(model))) ? "adaptive" : "budget";
  return hasSchema ? [thinks, "schema"] : [thinks];
}

/** What of a request's choice the API is asked, and what stands in words behind the client's system prompt. */
interface ToldChoice { readonly parameter: object | undefined; readonly words: readonly string[] }

/** How the answer is asked for: by the CLI's own tool; in a tool loop that is continued without thinking. */
interface AnswerForm { readonly hasSchema: boolean; readonly isThoughtless: boolean }

function toldChoiceOf(request: Sent, { names, chosen }: JudgedTools, { hasSchema, isThoughtless }: AnswerForm): ToldChoice {
  if (names.length === 0) return { parameter: undefined, words: [] };
  const { mode, isLegacy, mustCall } = choiceOf(request);
  // The answer is a call of the CLI's own tool.
  if (mode === "none" && hasSchema) return { parameter: undefined, words: [noCallText] };
  if (mode === "none") return { parameter: { type: "none" }, words: [] };
  const one = isLegacy || request["parallel_tool_calls"] === false ? { disable_parallel_tool_use: true } : undefined;
  const free = one === undefined ? undefined : { type: "auto", ...one };
  if (!mustCall) return { parameter: free, words: [] };
  const isNamed = typeof mode !== "string";
  const forced = isNamed ? { type: "tool", name: chosen, ...one } : { type: "any", ...one };
  if (!asksToThink(request)) return { parameter: forced, words: [] };
  // Where the loop takes the thinking away that was asked for, the API can force the call all the same.
  return { parameter: isThoughtless ? forced : free, words: [isNamed ? namedCallTexts.join(chosen) : anyCallText] };
}

function judgeSystem(system: unknown, client: string, own: readonly string[], cli: AddedWordsReader): string[] {
  const findings = judgeMarks(system, cli);
  const texts: string[] = [];
  for (const { type, text, cache_control: _mark, ...rest } of asBlocks(system)) {
    const isText = type === "text" && Object.keys(rest).length === 0;
    if (!isText) findings.push(`system: more than text: ${show({ type, ...rest })}`);
    if (!cli.take(text, "system prompt")) texts.push(text);
  }
  const expected = [client, ...own].filter((part) => part !== "").join("\n\n");
  if (wellFormed(expected) === wellFormed(texts.join(""))) return findings;
  return [...findings, `system: ${show(texts)}, not ${show(expected)}`];
}

/** Where the API is to cache the prompt, in the parts of which there is a list. */
function judgeMarks(parts: unknown, added: AddedWordsReader): string[] {
  const marks = asBlocks(parts).map(({ cache_control: mark }) => mark).filter((mark) => mark !== undefined);
  return marks.filter((mark) => !added.takeField("cache_control", mark)).map((mark) => `cache_control: ${show(mark)}`);
}
