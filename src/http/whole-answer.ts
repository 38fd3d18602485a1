import type { ServerResponse } from "node:http";
import { type Body, bodyOfText, sliceBytes } from "../api/body.ts";
import type { AnswerFold } from "../api/dialect.ts";
import type { WireText } from "../json-text.ts";
import { sizeOf } from "../turn/event-size.ts";
import type { TurnEvent } from "../turn/event.ts";
import { hasFinish, unfinished } from "./finish.ts";
import { roomOrClose } from "./room-or-close.ts";
import type { HeldAnswers } from "./held-answers.ts";

/** What sending an answer in one piece needs besides the turn. */
export interface WholeAnswerOptions {
  readonly held: HeldAnswers;
  /** Ends the turn at once. Called when the held answers need too much memory, and this one is dropped for that. */
  readonly giveUp: () => void;
  /** Makes the response headers. `servedModel` is undefined if no event told it. */
  readonly headers: (servedModel: string | undefined) => Readonly<Record<string, string>>;
}

/** Gathers a turn and sends its answer. Rejects with a BridgeError if the turn fails or too much memory is needed. */
export async function sendWholeAnswer(
  response: ServerResponse, batches: AsyncIterable<readonly TurnEvent[]>, fold: AnswerFold, options: WholeAnswerOptions,
): Promise<void> {
  const { held, giveUp, headers } = options;
  const answer = held.hold({ response, giveUp });
  try {
    let servedModel: string | undefined;
    let isFinished = false;
    for await (const batch of batches) {
      let bytes = 0;
      for (const event of batch) {
        if (event.type === "message_start") servedModel = event.model;
        bytes += sizeOf(event);
      }
      answer.grow(bytes);
      fold.take(batch);
      isFinished = hasFinish(batch);
    }
    if (!isFinished) throw unfinished();
    const body = fold.release();
    // The body is larger than the model's words, by which the answer was counted so far: it also repeats the request's
    // instructions, tools and metadata.
    answer.resize(body.length);
    sendHead(response, body, headers(servedModel));
    answer.beginReading();
    await sendBody(response, body, (bytes) => answer.take(bytes));
  } catch (error) {
    answer.throwIfGivenUp();
    throw error;
  } finally {
    answer.release();
  }
}

/**
 * Sends a text, such as a stored response, at the pace of its reader. Until it is sent it counts as a held answer: the
 * store may have dropped the response meanwhile. Rejects with a BridgeError if it is too large.
 */
export async function sendInSlices(response: ServerResponse, text: WireText, held: HeldAnswers): Promise<void> {
  const answer = held.hold({ response, giveUp: () => {} });
  try {
    const body = bodyOfText(text);
    answer.resize(body.length);
    sendHead(response, body, {});
    answer.beginReading();
    await sendBody(response, body, (bytes) => answer.take(bytes));
  } finally {
    answer.release();
  }
}

function sendHead(response: ServerResponse, { length }: Body, headers: Readonly<Record<string, string>>): void {
  response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": length, ...headers });
}

/**
 * Writes the body in slices, each after the client has read the one before. A client that reads nothing for too long is
 * disconnected. After each piece, `onTaken` is called with the number of bytes that it freed.
 */
async function sendBody(
  response: ServerResponse, { pieces, isHeldWhole }: Body, onTaken: (bytesFreed: number) => void,
): Promise<void> {
  for (const piece of pieces) {
    for (let start = 0; start < piece.length && !response.destroyed; start += sliceBytes) {
      if (!response.write(piece.subarray(start, start + sliceBytes))) await roomOrClose(response);
    }
    if (response.destroyed) return;
    onTaken(isHeldWhole ? 0 : piece.length);
  }
  response.end();
  await roomOrClose(response, "finish");
}
