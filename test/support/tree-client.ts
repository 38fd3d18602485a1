/** A chat request as a client of the trees makes it, and what came of it. */
import { chatRequest, readBytes, readSse, readStrictSse } from "./sse.ts";
import { within } from "./exit.ts";
import type { ChatBody, ChatCall } from "./tree-chat.ts";

/** A failure as the client is told of it; 200 where the stream had begun. */
export interface Refusal { readonly kind: "error"; readonly status: number; readonly code: string | null; readonly message: string }
export type Reply = { readonly kind: "answer"; readonly text: string; readonly calls: readonly ChatCall[] } | Refusal;

/** An answer that has begun and goes on until somebody ends it. */
export interface Begun {
  readonly kind: "begun";
  readonly text: string;
  leave(): void;
  /** What else came, by the time the stream was over. */
  rest(): Promise<readonly string[]>;
}

const replyMsMax = 30_000;

/** Asks and reads to the end. Rejects when a stream is not in the server's form, or ends in neither an error nor an end mark. */
export function ask(url: string, body: ChatBody): Promise<Reply> {
  return within(askUnbounded(url, body), replyMsMax, () => "no answer");
}

async function askUnbounded(url: string, body: ChatBody): Promise<Reply> {
  const response = await chatRequest(url, body);
  if (response.status !== 200) return refusalOf(response);
  if (!body.stream) {
    const { choices: [{ message }] } = await response.json() as { choices: [{ message: { content: string | null; tool_calls?: ChatCall[] } }] };
    return { kind: "answer", text: message.content ?? "", calls: message.tool_calls ?? [] };
  }
  const { data } = await readStrictSse(response);
  const error = errorIn(data.at(-1));
  if (error !== undefined) return { kind: "error", status: 200, code: error, message: data.at(-1) ?? "" };
  if (data.at(-1) !== "[DONE]") throw new Error(`the stream ended without an end mark: ${data.at(-1)}`);
  const said = data.slice(0, -1);
  return { kind: "answer", text: said.map(deltaIn).join(""), calls: callsIn(said) };
}

/** Asks for a stream and reads its first piece. */
export async function begin(url: string, body: ChatBody): Promise<Begun | Refusal> {
  const controller = new AbortController();
  const response = await chatRequest(url, { ...body, stream: true }, { signal: controller.signal });
  if (response.status !== 200) return refusalOf(response);
  const events = readSse(response);
  let text = "";
  while (text === "") {
    const next = await within(events.next(), replyMsMax, () => "no piece of the answer");
    if (next.done === true) throw new Error("the stream ended before its first piece");
    const { data } = next.value;
    const error = errorIn(data);
    if (error !== undefined) return { kind: "error", status: 200, code: error, message: data };
    text = deltaIn(data);
  }
  return {
    kind: "begun",
    text,
    leave: () => controller.abort(),
    rest: async () => {
      const data: string[] = [];
      for await (const event of events) data.push(event.data);
      return data;
    },
  };
}

/** Asks for a stream and leaves so many milliseconds later, whatever has come by then. Gives the refusal that came before. */
export async function askAndLeaveAfter(url: string, body: ChatBody, ms: number): Promise<Refusal | undefined> {
  const signal = AbortSignal.timeout(ms);
  try {
    const response = await chatRequest(url, { ...body, stream: true }, { signal });
    if (response.status !== 200) return await refusalOf(response);
    await readBytes(response);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
}

/** Asks and leaves when `moment` has come. Gives the refusal that came before it; rejects when an answer did. */
export async function askAndLeave(url: string, body: ChatBody, moment: Promise<unknown>): Promise<Refusal | undefined> {
  const controller = new AbortController();
  const refused = chatRequest(url, body, { signal: controller.signal }).then(
    (response) => {
      if (response.status === 200) throw new Error("an answer came before the client left");
      return refusalOf(response);
    },
    (error: unknown) => {
      if (!controller.signal.aborted) throw error;
      return undefined;
    },
  );
  await Promise.race([within(moment, replyMsMax, () => "the turn did not begin"), refused]);
  controller.abort();
  return refused;
}

async function refusalOf(response: Response): Promise<Refusal> {
  const { error } = await response.json() as { error: { code: string | null; message: string } };
  return { kind: "error", status: response.status, code: error.code, message: error.message };
}

/** The code of the error event, if it is one. */
export function errorIn(data: string | undefined): string | undefined {
  if (data === undefined || data === "[DONE]") return undefined;
  return (JSON.parse(data) as { error?: { code: string } }).error?.code;
}

/** Calls in the parts in which they stream. */
function callsIn(data: readonly string[]): ChatCall[] {
  const calls: ChatCall[] = [];
  for (const text of data) {
    const { choices } = JSON.parse(text) as { choices: { delta: { tool_calls?: (ChatCall & { index: number })[] } }[] };
    for (const { index, ...part } of choices.flatMap(({ delta }) => delta.tool_calls ?? [])) {
      const { name = "", arguments: given = "" } = calls[index]?.function ?? {};
      const { name: more = "", arguments: moreGiven = "" } = part.function as Partial<ChatCall["function"]>;
      calls[index] = { ...part, ...calls[index], type: "function", function: { name: name + more, arguments: given + moreGiven } };
    }
  }
  return calls;
}

function deltaIn(data: string): string {
  const { choices } = JSON.parse(data) as { choices: { delta: { content?: string } }[] };
  return choices.map(({ delta }) => delta.content ?? "").join("");
}
