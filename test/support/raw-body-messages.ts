/** Accounts for the messages of a raw body: what is not on the list must be what the client said, in its order. */
import { beginText, continueText } from "../../src/own-words.ts";
import { signThinking } from "./anthropic-rules/rules.ts";
import { schemaTool, type Spot } from "./added-words.ts";
import type { AddedWordsReader } from "./added-words-reader.ts";
import { type Part, resultOf, type Said, type SaidByClient, type Sent, tell, Transcript } from "./chat-transcript.ts";
import { answerTakenText, asAnswers, callOfAnswer, resultOfAnswer } from "./raw-body-answers.ts";
import { asBlocks, show } from "./raw-body-blocks.ts";
import { saidDifferences } from "./said-differences.ts";

export interface JudgedMessages {
  readonly findings: readonly string[];
  /** As the calls upstream have them, in order. */
  readonly names: readonly string[];
}

/** What there is to read a request by. */
export interface Reading {
  readonly added: AddedWordsReader;
  /** Whether the model gives its answer by the CLI's own tool. */
  readonly hasSchema: boolean;
}

export function judgeMessages(messages: readonly Sent[], client: SaidByClient, reading: Reading): JudgedMessages {
  const told = new ToldMessages(reading);
  const firstOfUser = messages.findIndex(({ role }) => role === "user");
  for (const [index, message] of messages.entries()) told.take(message, index === firstOfUser);
  const expected = withOwnWords(client.said);
  const answered = asAnswers(told.transcript.all, expected);
  const findings = [
    ...told.findings, ...idDifferences(client.ids, told.ids), ...answered.findings, ...saidDifferences(expected, answered.said),
  ];
  return { findings, names: told.names };
}

/**
 * The client's ids go up as they are, but for what the API does not take in one, and for a number behind one that the CLI
 * would take for one before. Where calls are lost or too many, that is a finding of its own.
 */
function idDifferences(client: readonly (string | undefined)[], told: readonly unknown[]): readonly string[] {
  if (client.length !== told.length) return [];
  return client.flatMap((id, index) => {
    // A deprecated call has no id: a process that made it itself has the model's.
    if (id === undefined && ofTheStub.test(String(told[index]))) return [];
    const own = ownId(id);
    const rest = String(told[index]).startsWith(own) ? String(told[index]).slice(own.length) : "?";
    const isAnothers = client.slice(0, index).some((before) => isAlike(ownId(before), own));
    return rest === "" || (isAnothers && /^(?:-\d+)+$/u.test(rest)) ? [] : [`messages: the id of call ${index} is ${show(told[index])}, not ${show(own)}`];
  });
}

const ofTheStub = /^toolu_msg_stub_\d+_\d+$/u;

/** So that the CLI takes one for the other: they are the same, or one is the other with a number behind it. */
function isAlike(one: string, other: string): boolean {
  const stem = (id: string): string => id.replace(/_\d+$/u, "");
  return one === other || stem(one) === other || one === stem(other);
}

function ownId(id: string | undefined): string {
  return id === undefined ? "function_call" : fittingId(id);
}

function fittingId(id: string): string {
  if (/^[\w-]{1,256}$/u.test(id)) return id;
  return id.replaceAll(/[^a-zA-Z0-9_-]/gu, "_").slice(0, 120) || "call";
}

/** Where the assistant begins or ends, the server has a word of its own. */
function withOwnWords(said: readonly Said[]): readonly Said[] {
  const isAssistants = (one: Said | undefined): boolean => one !== undefined && /^(?:assistant|call)/u.test(one.who);
  const own = (text: string): Said => ({ who: "user text", what: text });
  const before = isAssistants(said[0]) ? [own(beginText)] : [];
  const behind = isAssistants(said.at(-1)) ? [own(continueText)] : [];
  return [...before, ...said, ...behind];
}

class ToldMessages {
  readonly transcript = new Transcript();
  readonly findings: string[] = [];
  readonly names: string[] = [];
  readonly ids: unknown[] = [];
  readonly #answerIds = new Set<unknown>();
  readonly #added: AddedWordsReader;
  readonly #hasSchema: boolean;

  constructor({ added, hasSchema }: Reading) {
    this.#added = added;
    this.#hasSchema = hasSchema;
  }

  take({ role, content, ...rest }: Sent, isFirstOfUser: boolean): void {
    // The effort is judged with the fields at the top.
    const { output_config: _effort, ...fields } = rest;
    for (const [name, value] of Object.entries(fields)) this.#takeField(name, value);
    for (const block of asBlocks(content)) {
      const { cache_control: mark, ...own } = block;
      if (mark !== undefined) this.#takeField("cache_control", mark);
      if (role === "system") this.#takeSystem(own);
      else this.#takeBlock(role, own, isFirstOfUser ? "first user message" : "user message");
    }
  }

  #takeField(name: string, value: unknown): void {
    if (!this.#added.takeField(name, value)) this.findings.push(`messages: ${name} is ${show(value)}`);
  }

  /** The client has no words in a message of the system's. */
  #takeSystem({ type, text, ...rest }: Sent): void {
    const isKnown = type === "text" && Object.keys(rest).length === 0 && this.#added.take(text, "system message");
    if (!isKnown) this.findings.push(`messages: the system says ${show(text ?? type)}`);
  }

  #takeBlock(role: string, { type, ...block }: Sent, spot: Spot): void {
    switch (type) {
      case "tool_use":
        this.#takeCall(block);
        return this.#refuseRest(block, ["id", "name", "input"]);
      case "tool_result":
        this.#takeResult(block);
        return this.#refuseRest(block, ["tool_use_id", "content"]);
      case "thinking":
        this.transcript.thing(`${role} thought`, block["thinking"]);
        if (block["signature"] !== signThinking(block["thinking"])) this.findings.push(`messages: not so signed: ${show(block)}`);
        return this.#refuseRest(block, ["thinking", "signature"]);
      case "text":
        // The assistant says nothing of the CLI's.
        if (role !== "user" || !this.#added.take(block["text"], spot)) this.transcript.text(role, block["text"]);
        return this.#refuseRest(block, ["text"]);
      default:
        tell(this.transcript, role, [this.#partOf(type, block)]);
    }
  }

  /** No tool of the client's has the name of the CLI's own: where that is served, its calls are answers. */
  #takeCall({ id, name, input }: Sent): void {
    if (this.#hasSchema && name === schemaTool.name) {
      this.#answerIds.add(id);
      this.transcript.thing(callOfAnswer, input);
      return;
    }
    this.transcript.thing(`call ${this.names.length}`, input);
    this.names.push(name);
    this.ids.push(id);
  }

  #takeResult({ tool_use_id: callId, content }: Sent): void {
    const result = this.#resultOf(content);
    if (this.#answerIds.has(callId)) this.transcript.thing(resultOfAnswer, this.#withoutReminder(result));
    else this.transcript.thing(`result ${this.ids.indexOf(callId)}`, result);
  }

  /** Into a result of its own 2.1.197 writes what it has to say besides. */
  #withoutReminder(result: readonly Said[]): readonly Said[] {
    const [only, ...others] = result;
    const text = String(only?.what ?? "");
    const isReminded = only !== undefined && others.length === 0 && text.startsWith(`${answerTakenText}\n\n`)
      && this.#added.take(text.slice(answerTakenText.length + 2), "tool result");
    return isReminded ? [{ ...only, what: answerTakenText }] : result;
  }

  #resultOf(content: unknown): readonly Said[] {
    const blocks = asBlocks(content).map(({ cache_control: mark, ...block }) => {
      if (mark !== undefined) this.#takeField("cache_control", mark);
      const { type, ...rest } = block;
      if (type === "text") this.#refuseRest(rest, ["text"]);
      return block;
    });
    const own = blocks.filter(({ type, text }) => type !== "text" || !this.#added.take(text, "tool result"));
    const parts = own.map(({ type, ...block }): Part => {
      return type === "text" ? { text: block["text"] } : this.#partOf(type, block);
    });
    // The CLI ends the text before its own with a line end.
    const last = parts.at(-1);
    if (own.length < blocks.length && last !== undefined && "text" in last) {
      parts[parts.length - 1] = { text: last.text.replace(/\n$/u, "") };
    }
    return resultOf(parts);
  }

  #partOf(type: string, { source = {}, title, ...rest }: Sent): Part {
    const { type: form, media_type: mediaType, data, ...more } = source;
    this.#refuseRest({ ...rest, ...more }, []);
    if (form === "base64" && type === "image" && title === undefined) return { image: data, mediaType };
    if (form === "base64" && type === "document") return { file: data, mediaType, ...(title === undefined ? {} : { title }) };
    this.findings.push(`messages: a block of type ${type}: ${show({ title, form })}`);
    return { text: "" };
  }

  #refuseRest(block: Sent, known: readonly string[]): void {
    const rest = Object.keys(block).filter((name) => !known.includes(name));
    if (rest.length > 0) this.findings.push(`messages: a block has ${rest.join(", ")}: ${show(block)}`);
  }
}
