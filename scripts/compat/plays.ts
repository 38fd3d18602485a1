/** The turns that `turns.ts` runs on each version, one after the other, and what the stub answers to them. */
import {
  errorAnswer, formatOf, lastUserText, type StubAnswer, type StubRequestBody, subscriptionHeaders, textAnswer,
  toolUseAnswer,
} from "../../test/support/anthropic-stub.ts";
import type { Sent } from "../../test/support/chat-transcript.ts";
import type { Asked, Reply } from "./turn.ts";

const system = (content: string): Sent => ({ role: "system", content });
const user = (content: unknown): Sent => ({ role: "user", content });
const fine: Sent = { role: "assistant", content: "Fine." };
const bird = { bird: "wren" };
const birdText = JSON.stringify(bird);
const birdSchema = {
  type: "object", properties: { bird: { type: "string" } }, required: ["bird"], additionalProperties: false,
};
/** A red dot. */
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==";
const image = `data:image/png;base64,${dot}`;
const headers = subscriptionHeaders({ utilization: 0.25, resetsAt: 2_000_000_000 });
const toolNamed = (name: string, description = ""): Sent => ({
  type: "function",
  function: { name, description, parameters: { type: "object", properties: {}, required: [] } },
});
const look = toolNamed("look");
/** More than any CLI passes on of a description. */
const longDescription = "Looks where it is told to. ".repeat(400);

/** What the stub answers: by the last words of the user, else "Fine.". */
export function answerOf(body: StubRequestBody): StubAnswer {
  // With what the CLI says beside them.
  const words = lastUserText(body);
  const hasResult = JSON.stringify(body.messages.findLast(({ role }) => role === "user")).includes("tool_result");
  if (formatOf(body) !== undefined) return textAnswer([birdText], { headers });
  if (body.tools?.some(({ name }) => name === "StructuredOutput") === true && !hasResult) {
    return toolUseAnswer([{ name: "StructuredOutput", input: bird }], { headers });
  }
  if (words.includes("Too often")) return errorAnswer(529, "overloaded_error", "Overloaded");
  if (words.includes("Too long")) {
    return errorAnswer(400, "invalid_request_error", "prompt is too long: 1000001 tokens > 1000000 maximum");
  }
  if (words.includes("Too much")) return textAnswer(["Fi"], { stopReason: "max_tokens", headers });
  if (words.includes("Slowly.")) {
    return textAnswer(Array.from({ length: 200 }, () => "word "), { everyMs: 20, headers });
  }
  const called = (body.tools ?? []).filter(({ name }) => /look\d?$/u.test(name));
  if (!/Look (?:here|there|twice)/u.test(words) || hasResult) return textAnswer(["Fine."], { headers });
  return toolUseAnswer(called.map(({ name }) => ({ name, input: {} })), { headers });
}

/** Asks them. `ask` judges each request that went up. */
export async function plays(ask: (asked: Asked) => Promise<Reply>): Promise<void> {
  const low = { model: "sonnet", reasoning_effort: "low", max_completion_tokens: 5_000 };
  const high = { model: "sonnet", reasoning_effort: "high", max_completion_tokens: 3_000 };
  const [one, two] = [system("Be brief."), system("Be terse.")];
  const check = saysFine;
  await ask({
    name: "another question, as the last was set", shows: ["settings"], check,
    body: { ...low, messages: [two, user("Two.")] },
  });
  await ask({
    name: "the next, with other effort and limit", shows: ["settings", "history"], check,
    body: { ...high, messages: [two, user("Two."), fine, user("Three.")] },
  });
  await ask({
    name: "that one edited", shows: ["history"], check,
    body: { ...high, messages: [two, user("Two."), fine, user("Edited.")] },
  });
  await ask({
    name: "a new conversation with another model", shows: [], check,
    body: { ...low, model: "opus", messages: [two, user("Four.")] },
  });
  await calls(ask, low, one);
  await formats(ask, low, one);
  await ask({
    name: "a picture", shows: [], check,
    body: { ...low, messages: [one, user([text("See."), { type: "image_url", image_url: { url: image } }])] },
  });
  await ask({
    name: "sampling and a stop", shows: ["extraBody"], check,
    body: { ...low, model: "haiku", temperature: 0.5, stop: ["STOP"], messages: [one, user("Five.")] },
  });
  await ask({
    name: "an earlier answer with its thoughts", shows: ["toldThinking"], path: "/v1/messages",
    body: {
      model: "sonnet", max_tokens: 5_000, thinking: { type: "adaptive" },
      messages: [user("Six."), { role: "assistant", content: [thought, text("Fine.")] }, user("Seven.")],
    },
    check: ({ requests }) => has(requests[0]?.bodyText, thought.signature, "the thought"),
  });
  await ends(ask, low, one);
}

async function calls(ask: (asked: Asked) => Promise<Reply>, low: Sent, one: Sent): Promise<void> {
  const calling = { ...low, tools: [look], messages: [one, user("Look here.")] };
  const shows = ["clientTools", "toolNames"] as const;
  const { body: first } = await ask({
    name: "a question that is answered by a call", shows, check: calls1, body: calling,
  });
  const withResult = [...calling.messages, ...resultsOf(first)];
  await ask({ name: "the call's result", shows, check: saysFine, body: { ...calling, messages: withResult } });
  const again = [...withResult, fine, user("Look there.")];
  const { body: second } = await ask({
    name: "another such question", shows, check: calls1, body: { ...calling, messages: again },
  });
  await ask({
    name: "its result, with words", shows, check: saysFine,
    body: { ...calling, messages: [...again, ...resultsOf(second), user("And now?")] },
  });
  const both = { ...low, tools: [look, toolNamed("look2")], messages: [one, user("Look twice.")] };
  const { body: third } = await ask({ name: "two calls at once", shows, body: both, check: calls2 });
  await ask({
    name: "their results", shows, check: saysFine, body: { ...both, messages: [...both.messages, ...resultsOf(third)] },
  });
  await ask({
    name: "a forced call of a tool with a long description", shows: ["extraBody", "longParameters"], check: calls1,
    body: { ...calling, tools: [toolNamed("look", longDescription)], tool_choice: "required" },
  });
}

async function formats(ask: (asked: Asked) => Promise<Reply>, low: Sent, one: Sent): Promise<void> {
  const asked = { ...low, messages: [one, user("Which bird?")] };
  const check = ({ body }: Reply): readonly string[] => is(body.choices?.[0]?.message.content, birdText);
  const format = (schema: object): Sent => ({
    type: "json_schema", json_schema: { name: "answer", strict: true, schema },
  });
  await ask({
    name: "JSON by a schema, by the API's own format", shows: ["extraBody"], check,
    body: { ...asked, response_format: format(birdSchema) },
  });
  const long = { ...birdSchema, properties: { bird: { type: "string", description: "A bird. ".repeat(10_000) } } };
  await ask({
    name: "the same by a schema of 80,000 bytes", shows: ["extraBody", "longParameters"], check,
    body: { ...asked, response_format: format(long) },
  });
  await ask({
    name: "JSON without a schema, by the CLI's own tool", shows: ["schemaTool"], check: birdInWords,
    body: { ...asked, response_format: { type: "json_object" } },
  });
}

async function ends(ask: (asked: Asked) => Promise<Reply>, low: Sent, one: Sent): Promise<void> {
  const started = [one, user("Two."), fine];
  await ask({
    name: "tokens and the subscription's window", shows: ["usage", "windows"],
    body: { ...low, messages: [...started, user("Eight.")] },
    check: ({ body, engine }) => [
      ...is([body.usage?.prompt_tokens, body.usage?.completion_tokens], [10, 1]),
      ...is([engine.rateLimit?.status, engine.rateLimit?.resetsAt], ["allowed", 2_000_000_000]),
    ],
  });
  await ask({
    name: "an answer that its client leaves", shows: ["interrupt"], leaves: true,
    body: { ...low, messages: [...started, user("Slowly.")] },
    check: ({ requests }) => is(requests.map(({ isAborted }) => isAborted), [true]),
  });
  await ask({
    name: "what the client asks instead", shows: ["interrupt"], check: saysFine,
    body: { ...low, messages: [...started, user("Quickly.")] },
  });
  await ask({
    name: "an answer that its limit cuts", shows: [],
    body: { ...low, messages: [one, user("Too much.")] },
    check: ({ body }) => is(body.choices?.[0]?.finish_reason, "length"),
  });
  await ask({
    name: "an overloaded API", shows: [], status: 503, body: { ...low, messages: [one, user("Too often.")] },
    check: ({ requests }) => is(requests.length, 1),
  });
  await ask({
    name: "a prompt that is too long", shows: [], status: 400, body: { ...low, messages: [one, user("Too long.")] },
    check: ({ requests, body }) => [...is(requests.length, 1), ...is(body.error?.code, "context_length_exceeded")],
  });
  await ask({
    name: "a question after these failures", shows: [], check: saysFine,
    body: { ...low, messages: [one, user("Nine.")] },
  });
}

const text = (words: string): { readonly type: "text"; readonly text: string } => ({ type: "text", text: words });
const thought = { type: "thinking", thinking: "A wren, perhaps.", signature: "c2lnbmVk" };

function resultsOf(answer: Sent): readonly Sent[] {
  const message = answer["choices"]?.[0]?.message ?? {};
  const calls: readonly { readonly id: string }[] = message.tool_calls ?? [];
  return [message, ...calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "A bird." }))];
}

function saysFine({ body }: Reply): readonly string[] {
  return is(body.choices?.[0]?.message.content, "Fine.");
}

function birdInWords({ body }: Reply): readonly string[] {
  try {
    return is(JSON.parse(body.choices[0].message.content), bird);
  } catch {
    return [`no JSON: ${JSON.stringify(body)}`];
  }
}

const calls1 = (reply: Reply): readonly string[] => is(callsOf(reply), ["look"]);
const calls2 = (reply: Reply): readonly string[] => is(callsOf(reply), ["look", "look2"]);

function callsOf({ body }: Reply): readonly string[] | undefined {
  const { tool_calls: calls = [] } = body.choices?.[0]?.message ?? {};
  return calls.map((call: Sent) => call["function"].name);
}

function is(found: unknown, wanted: unknown): readonly string[] {
  const [has, wants] = [JSON.stringify(found), JSON.stringify(wanted)];
  return has === wants ? [] : [`${has ?? "nothing"}, not ${wants}`];
}

function has(whole: string | undefined, part: string, what: string): readonly string[] {
  return whole?.includes(part) === true ? [] : [`${what} did not go up`];
}
