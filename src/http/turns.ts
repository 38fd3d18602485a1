/** What every dialect's endpoint does alike: from a body to a turn, and the head of its answer. */

import type { Turn, TurnEvent } from "../turn.ts";
import { readJsonBody } from "./body.ts";
import { sendEventStream, type WireStream } from "./event-stream.ts";
import type { Exchange, Services } from "./exchange.ts";
import { headerValue } from "./header-value.ts";
import { rateLimitHeaders } from "./rate-limit.ts";
import { logFailure, sendFailure } from "./respond.ts";
import { ToldImages } from "./told-images.ts";
import { type AnswerFold, sendWholeAnswer } from "./whole-answer.ts";

const servedModelHeader = "x-claude-model";

/** A dialect's request, as far as it is alike in all. */
interface TurnRequest {
  readonly turn: Omit<Turn, "model">;
  /** As the client wrote it. */
  readonly model: string;
}

/** A turn that has not begun: it does when the first batch is asked for. */
type Batches = AsyncIterable<readonly TurnEvent[]>;

/** Reads and checks a request, and gets what it refers to. Rejects with a BridgeError that names what is wrong. */
export async function prepareTurn<Request extends TurnRequest>(
  { request, signal }: Exchange, services: Services, parse: (body: unknown) => Request,
): Promise<{ readonly asked: Request; readonly batches: Batches }> {
  const { engine, maxBodyBytes, fetchImages, imageCache, preparation } = services;
  return await preparation.run(async () => {
    const asked = parse(await readJsonBody(request, { maxBodyBytes, signal }));
    const resolved = await engine.resolveModel(asked.model);
    const isThinkingSaid = asked.turn.effort !== undefined || asked.turn.thinkingTokens !== undefined;
    const turn: Turn = { ...(isThinkingSaid ? { model: resolved.model } : resolved), ...asked.turn };
    const images = new ToldImages({ isAllowed: fetchImages, bytesMax: maxBodyBytes, signal, cache: imageCache });
    // Before the turn takes a place or a process: an image may be long in coming, or not be there.
    await images.complete(engine.messagesToTell(turn));
    return { asked, batches: engine.run(turn, signal, (messages) => images.complete(messages)) };
  });
}

/**
 * The headers of an answer; the model that serves is left out where it is not known yet, or has a name that no header
 * can hold.
 */
export function answerHeaders(servedModel: string | undefined, { engine }: Services): Record<string, string> {
  const model = servedModel === undefined ? undefined : headerValue(servedModel);
  return {
    ...(model === undefined ? {} : { [servedModelHeader]: model }),
    ...rateLimitHeaders(engine.status.rateLimit, Date.now()),
  };
}

/** Runs a turn and relays it as the dialect writes it. */
export async function streamTurn(
  batches: Batches, wire: WireStream, exchange: Exchange, services: Services,
): Promise<void> {
  const { request, response } = exchange;
  const { headWaitMs, heartbeatMs, log } = services;
  await sendEventStream(response, batches, wire, {
    headWaitMs, heartbeatMs,
    headers: (servedModel) => answerHeaders(servedModel, services),
    onFailure: (error) => logFailure(error, response, log),
    onBroken: (error) => sendFailure(request, response, error, log),
  });
}

/** Runs a turn and gives its answer in one piece. */
export async function wholeTurn(
  batches: Batches, fold: AnswerFold, exchange: Exchange, services: Services,
): Promise<void> {
  await sendWholeAnswer(exchange.response, batches, fold, {
    held: services.held,
    headers: (servedModel) => answerHeaders(servedModel, services),
  });
}
