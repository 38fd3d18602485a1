/** Handles a request of any dialect: parses it into a turn, runs the turn, and answers as a stream or in one piece. */

import { randomBytes } from "node:crypto";
import type { Dialect, HeaderView, TurnRequest } from "../api/dialect.ts";
import { BridgeError } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";
import { readJsonBody } from "./body.ts";
import { sendEventStream } from "./event-stream.ts";
import type { Exchange, Handler, Services } from "./exchange.ts";
import { headerView } from "./header-view.ts";
import { headerValue } from "./header-value.ts";
import { logFailure, newRequestId, requestIdOf, sendFailure } from "./respond.ts";
import { ToldImages } from "./told-images.ts";
import { sendWholeAnswer } from "./whole-answer.ts";

const servedModelHeader = "x-claude-model";
/** How many random bytes make an answer's token: 24 characters of base64url. */
const tokenBytes = 18;

/** A parsed request and the batches of its turn. The turn begins when the first batch is pulled. */
interface PreparedTurn<Request> {
  readonly asked: Request;
  readonly batches: AsyncIterable<readonly TurnEvent[]>;
}

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
  const prepared = await prepare(dialect, exchange, services);
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
  dialect: Dialect<Request>, { asked, batches }: PreparedTurn<Request>, { exchange, services, refuse }: Sending,
): Promise<void> {
  const { engine, held, headWaitMs, heartbeatMs, log } = services;
  const { response, giveUp } = exchange;
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

/** Reads and checks a request, and fetches its images. Rejects with a BridgeError that names what is wrong. */
async function prepare<Request extends TurnRequest>(
  dialect: Dialect<Request>, { request, signal }: Exchange, services: Services,
): Promise<PreparedTurn<Request>> {
  const { engine, defaultModel, allowsWebSearch, maxBodyBytes, fetchImages, imageCache, preparation } = services;
  const header = headerView(request.headers);
  refuseOwnProcess(header, engine.ownMark);
  return await preparation.run(async () => {
    const body = await readJsonBody(request, { maxBodyBytes, signal }, dialect.numberFields);
    const asked = dialect.parse(body, { defaultModel, allowsWebSearch, header });
    try {
      const resolved = await engine.resolve(asked.model, asked.turn);
      const thinking = resolved.thinking ?? asked.unsaidThinking;
      const turn = {
        ...resolved, ...(thinking === undefined ? {} : { thinking }), ...(asked.stream ? {} : { isSentAtOnce: true }),
      };
      const images = new ToldImages({ isAllowed: fetchImages, bytesMax: maxBodyBytes, signal, cache: imageCache });
      // Fetch images before the turn is admitted: an image may be slow or missing, and must not hold up a process.
      await images.complete(engine.messagesToTell(turn));
      return { asked, batches: engine.run(turn, signal, (messages) => images.complete(messages)) };
    } catch (error) {
      asked.release?.();
      throw error;
    }
  });
}

/**
 * Refuses a request from a `claude` process that this server itself has started: the server would ask itself without
 * end.
 */
function refuseOwnProcess(header: HeaderView, mark: Services["engine"]["ownMark"]): void {
  if (mark === undefined || header(mark.name) !== mark.value) return;
  const words = "This request comes from this server's own claude process: its ANTHROPIC_BASE_URL must be another's.";
  throw new BridgeError("invalid_request", words);
}
