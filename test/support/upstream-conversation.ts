/**
 * What the client said of a request to the API: all but what the CLI adds, each word of which stands on the list in
 * added-words.ts. For tests that compare what went up without knowing more of the machine than the request itself.
 */
import assert from "node:assert/strict";
import { type AddedWordsReader, addedWordsReader, type Known, questionsIn } from "./added-words-reader.ts";
import type { StubRequestBody, StubRequestMessage } from "./anthropic-stub.ts";
import { emailAddress } from "./lived-in-account.ts";
import { policyHookWords, policyWords } from "./managed-policy.ts";
import { asBlocks } from "./raw-body-blocks.ts";
import { claudeVersions } from "./real-claude.ts";

const day = /\d{4}-\d\d-\d\d/u;
const known: Known = {
  date: day, "new date": day, "working folder": /\/[^\n]{1,200}/u, policy: policyWords, hook: policyHookWords,
  "e-mail address": emailAddress,
};

/**
 * The conversation without what the CLI adds to it: in messages of the system's (2.1.330: its environment, after the
 * first user message or at the end), and in the context before the first user message (2.1.197). Throws where the
 * system says anything else; a reminder that is not on the list stays, as it may be the client's.
 */
export function conversationOf(body: StubRequestBody): readonly StubRequestMessage[] {
  const said = withoutAdded(body, readerOf(body));
  const systems = said.filter(({ role }) => role === "system").map(({ content }) => content);
  assert.deepEqual(systems, [], "words of the system's in the conversation that are not on the list");
  return said;
}

/** The client's system prompt: all of it but what the CLI adds. */
export function systemOf(body: StubRequestBody): string {
  const added = readerOf(body);
  const blocks = typeof body.system === "string" ? [{ type: "text", text: body.system }] : body.system ?? [];
  return blocks.flatMap(({ text = "" }) => (added.take(text, "system prompt") ? [] : text)).join("");
}

/**
 * What no client of a test has said: any word of the system's in the conversation and any reminder, off the list; any
 * block of the system prompt's but one, which is the client's. A reminder may also stand in a tool's result,
 * and on 2.1.197 behind its words.
 */
export function strangersIn(body: StubRequestBody): readonly string[] {
  const added = readerOf(body);
  const prompts = asBlocks(body.system).filter(({ text }) => !added.take(text, "system prompt"));
  const told = withoutAdded(body, added).flatMap(({ role, content }) => {
    const blocks = asBlocks(content);
    if (role === "system") return blocks;
    const inResults = blocks.flatMap((block) => (block["type"] === "tool_result" ? asBlocks(block["content"]) : []));
    return [
      ...blocks.filter(({ text }) => text?.startsWith(reminderMark) === true),
      ...inResults.filter(({ text }) => text?.includes(reminderMark) === true && !added.take(text.slice(text.indexOf(reminderMark)), "tool result")),
    ];
  });
  return [...prompts.slice(1), ...told].map((block) => JSON.stringify(block));
}

const reminderMark = "<system-reminder>";

function readerOf(body: StubRequestBody): AddedWordsReader {
  return addedWordsReader(versionOf(body), known, { questions: questionsIn(body.messages) });
}

function withoutAdded(body: StubRequestBody, added: AddedWordsReader): readonly StubRequestMessage[] {
  const firstOfUser = body.messages.findIndex(({ role }) => role === "user");
  return body.messages.flatMap((message, index) => {
    const { role, content } = message;
    if (role === "assistant") return [message];
    const spot = role === "system" ? "system message" : index === firstOfUser ? "first user message" : "user message";
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
    // So 2.1.330 tells that the effort has changed: without a word.
    if (role === "system" && blocks.length === 0) return [];
    const own = blocks.filter(({ text }) => text === undefined || !added.take(text, spot));
    if (own.length === blocks.length) return [message];
    return own.length === 0 ? [] : [{ ...message, content: own }];
  });
}

/** As the CLI tells it, in the first line of the system prompt; without one it is the newest. */
function versionOf({ system }: StubRequestBody): string {
  return /cc_version=(\d+\.\d+\.\d+)/u.exec(JSON.stringify(system) ?? "")?.[1] ?? claudeVersions[0];
}
