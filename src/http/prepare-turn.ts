/** Makes a turn of a request: reads it, has its dialect parse it, and fetches its images. */

import type { Dialect, HeaderView, TurnRequest } from "../api/dialect.ts";
import { BridgeError } from "../errors.ts";
import type { Message } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";
import { readJsonBody } from "./body.ts";
import type { Exchange, Services } from "./exchange.ts";
import { headerView } from "./header-view.ts";
import { ToldImages } from "./told-images.ts";

/** A request and its turn. */
export interface PreparedTurn<Request> {
  readonly asked: Request;
  readonly turn: Turn;
  /** Completes messages of the turn that a process is about to be told: puts fetched images into them. */
  readonly complete: (messages: readonly Message[]) => Promise<readonly Message[]>;
}

/** Reads and checks a request, and fetches its images. Rejects with a BridgeError that names what is wrong. */
export async function prepareTurn<Request extends TurnRequest>(
  dialect: Pick<Dialect<Request>, "numberFields" | "parse">, { request, signal }: Exchange, services: Services,
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
      return { asked, turn, complete: (messages) => images.complete(messages) };
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
