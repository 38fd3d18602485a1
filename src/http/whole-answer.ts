import type { ServerResponse } from "node:http";
import { type Body, bodyOfText, sliceBytes } from "../api/body.ts";
import type { AnswerFold } from "../api/dialect.ts";
import type { TurnEvent } from "../turn/event.ts";
import { roomOrClose } from "./event-stream.ts";
import type { HeldAnswer, HeldAnswers } from "./held-answers.ts";

export interface WholeAnswerOptions {
  readonly held: HeldAnswers;
  /** The head of the answer. */
  readonly headers: (servedModel: string | undefined) => Readonly<Record<string, string>>;
}

/** Gathers a turn and sends its answer. Rejects with a BridgeError when the turn fails, or its answer has no room. */
export async function sendWholeAnswer(
  response: ServerResponse, batches: AsyncIterable<readonly TurnEvent[]>, fold: AnswerFold, options: WholeAnswerOptions,
): Promise<void> {
  const { held, headers } = options;
  const answer = held.hold(response);
  try {
    let servedModel: string | undefined;
    for await (const batch of batches) {
      let bytes = 0;
      for (const event of batch) {
        if (event.type === "message_start") servedModel = event.model;
        if ("text" in event) bytes += event.text.length;
      }
      answer.grow(bytes);
      fold.take(batch);
    }
    await sendBody(response, fold.release(), headers(servedModel), answer);
  } finally {
    answer.release();
  }
}

/** Sends a body that is held already: bounded, with the others, for as long as its reader takes. */
export async function sendHeld(response: ServerResponse, body: string, held: HeldAnswers): Promise<void> {
  const answer = held.hold(response);
  try {
    answer.grow(body.length);
    await sendBody(response, bodyOfText(body), {}, answer);
  } finally {
    answer.release();
  }
}

/** Slice after slice, each when the reader has taken the one before; a reader that takes none for too long is cut. */
async function sendBody(
  response: ServerResponse, { length, pieces }: Body, headers: Readonly<Record<string, string>>, answer: HeldAnswer,
): Promise<void> {
  response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": length, ...headers });
  // Nothing was taken yet; from here on it waits for its reader.
  answer.shrink(0);
  for (const piece of pieces) {
    for (let start = 0; start < piece.length && !response.destroyed; start += sliceBytes) {
      if (!response.write(piece.subarray(start, start + sliceBytes))) await roomOrClose(response);
    }
    if (response.destroyed) return;
    answer.shrink(piece.length);
  }
  response.end();
  await roomOrClose(response, "finish");
}
