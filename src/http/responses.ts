import { refuseUnless } from "../dialects/check.ts";
import { asResponsesFailure } from "../dialects/responses/failure.ts";
import { parseResponsesRequest } from "../dialects/responses/request.ts";
import { type FinishedResponse, newId, ResponseStream } from "../dialects/responses/response.ts";
import { BridgeError } from "../errors.ts";
import type { Exchange, Services } from "./exchange.ts";
import { sendBytes, sendJson } from "./respond.ts";
import { answerHeaders, prepareTurn, streamTurn } from "./turns.ts";

export async function createResponse(exchange: Exchange, services: Services): Promise<void> {
  try {
    await answer(exchange, services);
  } catch (error) {
    throw asResponsesFailure(error, Date.now());
  }
}

async function answer(exchange: Exchange, services: Services): Promise<void> {
  const { engine, defaultModel, stored } = services;
  const { asked, turn } = await prepareTurn(exchange, services, (body) => parseResponsesRequest(body, defaultModel, stored));
  const id = newId("resp");
  let finished: FinishedResponse | undefined;
  const wire = new ResponseStream({ id, createdAt: Math.floor(Date.now() / 1000) }, asked, (whole) => {
    finished = whole;
    if (asked.isStored) stored.keep({ id, input: asked.items, ...whole });
  });
  if (asked.stream) return await streamTurn(turn, wire, exchange, services);
  let servedModel: string | undefined;
  for await (const batch of engine.run(turn, exchange.signal)) {
    for (const event of batch) if (event.type === "start") servedModel = event.model;
    wire.encode(batch);
  }
  if (finished === undefined) throw new Error("The turn ended without a finish.");
  sendBytes(exchange.response, 200, Buffer.from(finished.body, "latin1"), answerHeaders(servedModel, services));
}

export function getResponse({ request, response, parameter }: Exchange, { stored }: Services): void {
  const query = new URLSearchParams((request.url ?? "").split("?", 2)[1]);
  refuseUnless((query.get("stream") ?? "false") === "false", "stream", "a response is streamed once, to who asked for it.");
  const found = stored.find(parameter);
  if (found === undefined) throw notFound();
  sendBytes(response, 200, Buffer.from(found.body, "latin1"));
}

export function deleteResponse({ response, parameter }: Exchange, { stored }: Services): void {
  if (!stored.delete(parameter)) throw notFound();
  sendJson(response, 200, { id: parameter, object: "response", deleted: true });
}

function notFound(): BridgeError {
  return new BridgeError("not_found", "There is no such response. They are kept in memory, unless `store` is false, until the server ends or newer ones need their place.");
}
