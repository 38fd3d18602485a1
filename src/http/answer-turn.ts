/** The one way from a request to a turn and its answer, whatever the dialect, streamed or in one piece. */

import { randomBytes } from "node:crypto";
import type { Dialect, TurnRequest } from "../api/dialect.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Turn } from "../turn/turn.ts";
import { readJsonBody } from "./body.ts";
import { sendEventStream } from "./event-stream.ts";
import type { Exchange, Handler, Services } from "./exchange.ts";
import { headerValue } from "./header-value.ts";
import { logFailure, sendFailure } from "./respond.ts";
import { ToldImages } from "./told-images.ts";
import { sendWholeAnswer } from "./whole-answer.ts";

const servedModelHeader = "x-claude-model";
/** 24 characters of base64url. */
const tokenBytes = 18;

/** A turn as its dialect asked for it. It begins when its first batch is asked for. */
interface PreparedTurn<Request> {
  readonly asked: Request;
  readonly batches: AsyncIterable<readonly TurnEvent[]>;
}

/** Serves a dialect: reads a request, runs its turn and answers as the dialect writes it. */
export function answerTurn<Request extends TurnRequest>(dialect: Dialect<Request>): Handler {
  return async (exchange, services) => {
    const { asked, batches } = await prepare(dialect, exchange, services);
    const { engine, held, headWaitMs, heartbeatMs, log } = services;
    const { request, response, giveUp } = exchange;
    const identity = {
      token: randomBytes(tokenBytes).toString("base64url"),
      createdAt: Math.floor(Date.now() / 1000),
      cliVersion: engine.status.installation?.version,
    };
    const headers = (servedModel: string | undefined): Record<string, string> => ({
      ...modelHeader(servedModel),
      ...dialect.windowHeaders(engine.status.rateLimit, Date.now()),
    });
    if (!asked.stream) {
      await sendWholeAnswer(response, batches, dialect.whole(asked, identity), { held, giveUp, headers });
      return;
    }
    await sendEventStream(response, batches, dialect.stream(asked, identity), {
      headWaitMs, heartbeatMs, headers,
      onFailure: (error) => logFailure(error, response, log),
      onBroken: (error) => {
        sendFailure(request, response, error, dialect, log);
        giveUp();
      },
    });
  };
}

/** The model that serves; left out where it is not known yet, or has a name that no header can hold. */
function modelHeader(servedModel: string | undefined): Record<string, string> {
  const model = servedModel === undefined ? undefined : headerValue(servedModel);
  return model === undefined ? {} : { [servedModelHeader]: model };
}

/** Reads and checks a request, and gets what it refers to. Rejects with a BridgeError that names what is wrong. */
async function prepare<Request extends TurnRequest>(
  dialect: Dialect<Request>, { request, signal }: Exchange, services: Services,
): Promise<PreparedTurn<Request>> {
  const { engine, defaultModel, maxBodyBytes, fetchImages, imageCache, preparation } = services;
  return await preparation.run(async () => {
    const asked = dialect.parse(await readJsonBody(request, { maxBodyBytes, signal }), { defaultModel });
    const resolved = await engine.resolveModel(asked.model);
    const isThinkingSaid = asked.turn.effort !== undefined || asked.turn.thinkingTokens !== undefined;
    const turn: Turn = { ...(isThinkingSaid ? { model: resolved.model } : resolved), ...asked.turn };
    const images = new ToldImages({ isAllowed: fetchImages, bytesMax: maxBodyBytes, signal, cache: imageCache });
    // Before the turn takes a place or a process: an image may be long in coming, or not be there.
    await images.complete(engine.messagesToTell(turn));
    return { asked, batches: engine.run(turn, signal, (messages) => images.complete(messages)) };
  });
}
