import { refuseUnless } from "../dialects/check.ts";
import { asResponsesFailure } from "../dialects/responses/failure.ts";
import { parseResponsesRequest } from "../dialects/responses/request.ts";
import { type FinishedResponse, newId, ResponseStream } from "../dialects/responses/response.ts";
import { BridgeError } from "../errors.ts";
import type { Exchange, Services } from "./exchange.ts";
import { sendJson } from "./respond.ts";
import { prepareTurn, streamTurn, wholeTurn } from "./turns.ts";
import { type AnswerFold, bodyOfText, sendHeld } from "./whole-answer.ts";

export async function createResponse(exchange: Exchange, services: Services): Promise<void> {
  try {
    await answer(exchange, services);
  } catch (error) {
    throw asResponsesFailure(error, Date.now());
  }
}

async function answer(exchange: Exchange, services: Services): Promise<void> {
  const { defaultModel, stored } = services;
  const parse = (body: unknown): ReturnType<typeof parseResponsesRequest> =>
    parseResponsesRequest(body, defaultModel, stored);
  const { asked, batches } = await prepareTurn(exchange, services, parse);
  const id = newId("resp");
  let finished: FinishedResponse | undefined;
  const wire = new ResponseStream({ id, createdAt: Math.floor(Date.now() / 1000) }, asked, (whole) => {
    finished = whole;
    if (asked.isStored) stored.keep({ id, input: asked.items, ...whole });
  });
  if (asked.stream) return await streamTurn(batches, wire, exchange, services);
  const fold: AnswerFold = {
    take: (events) => void wire.encode(events),
    release: () => {
      if (finished === undefined) throw new Error("The turn ended without a finish.");
      return bodyOfText(finished.body);
    },
  };
  await wholeTurn(batches, fold, exchange, services);
}

export async function getResponse(exchange: Exchange, { stored, held }: Services): Promise<void> {
  const { request, response, parameter } = exchange;
  const query = new URLSearchParams((request.url ?? "").split("?", 2)[1]);
  refuseUnless((query.get("stream") ?? "false") === "false", "stream", "a response is streamed once, to who asked for it.");
  const found = stored.find(parameter);
  if (found === undefined) throw notFound();
  await sendHeld(response, found.body, held);
}

export function deleteResponse({ response, parameter }: Exchange, { stored }: Services): void {
  if (!stored.delete(parameter)) throw notFound();
  sendJson(response, 200, { id: parameter, object: "response", deleted: true });
}

function notFound(): BridgeError {
  return new BridgeError("not_found", "There is no such response. They are kept in memory, unless `store` is false, until the server ends or newer ones need their place.");
}
