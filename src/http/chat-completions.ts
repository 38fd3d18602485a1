import { randomBytes } from "node:crypto";
import { parseChatRequest } from "../dialects/chat-completions/request.ts";
import { ChatStream } from "../dialects/chat-completions/response.ts";
import { ChatAnswer } from "../dialects/chat-completions/whole-answer.ts";
import type { TurnEvent } from "../turn.ts";
import type { Exchange, Services } from "./exchange.ts";
import { prepareTurn, streamTurn, wholeTurn } from "./turns.ts";
import { bodyOfPieces } from "./whole-answer.ts";

export async function createChatCompletion(exchange: Exchange, services: Services): Promise<void> {
  const { engine, defaultModel } = services;
  const parse = (body: unknown): ReturnType<typeof parseChatRequest> => parseChatRequest(body, defaultModel);
  const { asked: chat, batches } = await prepareTurn(exchange, services, parse);
  const identity = {
    id: `chatcmpl-${randomBytes(18).toString("base64url")}`,
    created: Math.floor(Date.now() / 1000),
    model: chat.model,
    systemFingerprint: `fp_claude_code_${engine.status.installation?.version ?? "unknown"}`,
  };
  if (chat.stream) return await streamTurn(batches, new ChatStream(identity, chat), exchange, services);
  const answer = new ChatAnswer(identity, chat);
  const fold = {
    take: (events: readonly TurnEvent[]) => answer.take(events),
    release: () => bodyOfPieces(answer.release()),
  };
  await wholeTurn(batches, fold, exchange, services);
}
