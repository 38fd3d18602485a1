/** Handles a request of any dialect: runs its turn, and answers as a stream or in one piece. */

import { randomBytes } from "node:crypto";
import type { Dialect, TurnRequest } from "../api/dialect.ts";
import { sendEventStream } from "./event-stream.ts";
import type { Exchange, Handler, Services } from "./exchange.ts";
import { headerValue } from "./header-value.ts";
import { type PreparedTurn, prepareTurn } from "./prepare-turn.ts";
import { logFailure, newRequestId, requestIdOf, sendFailure } from "./respond.ts";
import { sendWholeAnswer } from "./whole-answer.ts";

const servedModelHeader = "x-claude-model";
/** How many random bytes make an answer's token: 24 characters of base64url. */
const tokenBytes = 18;

/** Makes the handler of a dialect: it reads a request, runs its turn and answers in the dialect's wire form. */
export function answerTurn<Request extends TurnRequest>(dialect: Dialect<Request>): Handler {
  return async (exchange, services) => {
    const { request, response } = exchange;
    const { engine, log } = services;
    const refuse = (error: unknown): void => {
      sendFailure(request, response, error, dialect, log, engine.status.rateLimit);
    };
    await answer(dialect, exchange, services, refuse).catch(refuse);
  };
}

async function answer<Request extends TurnRequest>(
  dialect: Dialect<Request>, exchange: Exchange, services: Services, refuse: (error: unknown) => void,
): Promise<void> {
  const prepared = await prepareTurn(dialect, exchange, services);
  try {
    await send(dialect, prepared, { exchange, services, refuse });
  } finally {
    prepared.asked.release?.();
  }
}

/** What an answer is sent with. */
interface Sending {
  readonly exchange: Exchange;
  readonly services: Services;
  /** Answers with an error's status, or breaks off. */
  readonly refuse: (error: unknown) => void;
}

async function send<Request extends TurnRequest>(
  dialect: Dialect<Request>, { asked, turn, complete }: PreparedTurn<Request>, { exchange, services, refuse }: Sending,
): Promise<void> {
  const { engine, held, headWaitMs, heartbeatMs, log } = services;
  const { response, signal, giveUp } = exchange;
  const batches = engine.run(turn, signal, complete);
  const identity = {
    token: randomBytes(tokenBytes).toString("base64url"),
    createdAt: Math.floor(Date.now() / 1000),
    cliVersion: engine.status.installation?.version,
    requestId: requestIdOf(response) ?? newRequestId(),
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
      refuse(error);
      giveUp();
    },
  });
}

/** The header that names the answering model; none if the model is not known yet, or no header can hold its name. */
function modelHeader(servedModel: string | undefined): Record<string, string> {
  const model = servedModel === undefined ? undefined : headerValue(servedModel);
  return model === undefined ? {} : { [servedModelHeader]: model };
}
