import { randomBytes } from "node:crypto";
import { parseChatRequest } from "../dialects/chat-completions/request.ts";
import { chatCompletion, ChatStream } from "../dialects/chat-completions/response.ts";
import { BridgeError } from "../errors.ts";
import type { TurnEvent } from "../turn.ts";
import type { Exchange, Services } from "./exchange.ts";
import { sendBytes } from "./respond.ts";
import { answerHeaders, prepareTurn, streamTurn } from "./turns.ts";

/** The largest answer that is gathered for a client that does not stream, in bytes; far beyond what a model says. */
const wholeAnswerBytesMax = 128 * 1024 * 1024;
/** What a delta costs beside its text: its event, and the rest of its line. */
const deltaOverheadBytes = 300;

export async function createChatCompletion(exchange: Exchange, services: Services): Promise<void> {
  const { engine, defaultModel } = services;
  const { asked: chat, turn } = await prepareTurn(exchange, services, (body) => parseChatRequest(body, defaultModel));
  const identity = {
    id: `chatcmpl-${randomBytes(18).toString("base64url")}`,
    created: Math.floor(Date.now() / 1000),
    model: chat.model,
    systemFingerprint: `fp_claude_code_${engine.status.installation?.version ?? "unknown"}`,
  };
  if (chat.stream) return await streamTurn(turn, new ChatStream(identity, chat), exchange, services);
  const events = await gather(engine.run(turn, exchange.signal));
  const start = events.find((event) => event.type === "start");
  sendBytes(exchange.response, 200, Buffer.from(chatCompletion(identity, events, chat), "latin1"), answerHeaders(start?.model, services));
}

/** All events of a turn. Rejects when they are more than an answer can be. */
async function gather(batches: AsyncIterable<readonly TurnEvent[]>): Promise<TurnEvent[]> {
  const events: TurnEvent[] = [];
  let bytes = 0;
  for await (const batch of batches) {
    for (const event of batch) {
      events.push(event);
      bytes += deltaOverheadBytes + ("text" in event ? event.text.length : 0);
    }
    if (bytes > wholeAnswerBytesMax) throw new BridgeError("upstream_error", "The answer is too long to be given in one piece; ask for it as a stream.");
  }
  return events;
}
