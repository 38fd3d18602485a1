import type { ServerResponse } from "node:http";
import type { TurnEvent } from "../turn.ts";
import { roomOrClose } from "./event-stream.ts";
import type { HeldAnswer, HeldAnswers } from "./held-answers.ts";

/** How much of an answer is handed to the socket at once, in bytes. */
const sliceBytes = 64 * 1024;

export interface WholeAnswerOptions {
  readonly held: HeldAnswers;
  /** The head of the answer. */
  readonly headers: (servedModel: string | undefined) => Readonly<Record<string, string>>;
}

/** A dialect's answer in one piece, gathered as it comes. */
export interface AnswerFold {
  take(events: readonly TurnEvent[]): void;
  /** The body, once the turn is over; it is held here no more. */
  release(): Body;
}

/** JSON that is made into bytes, or let go, as it is sent. */
export interface Body {
  /** In bytes. */
  readonly length: number;
  readonly pieces: Iterable<Buffer>;
}

/** The bytes, each piece held until it is sent. */
export function bodyOfPieces(pieces: Buffer[]): Body {
  const handOut = function* (): Generator<Buffer> {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
  };
  return { length: pieces.reduce((sum, piece) => sum + piece.length, 0), pieces: handOut() };
}

/** Latin1-held UTF-8, of which no more is copied at once than its reader takes. */
export function bodyOfText(text: string): Body {
  const handOut = function* (): Generator<Buffer> {
    for (let start = 0; start < text.length; start += sliceBytes) {
      yield Buffer.from(text.slice(start, start + sliceBytes), "latin1");
    }
  };
  return { length: text.length, pieces: handOut() };
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
        if (event.type === "start") servedModel = event.model;
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
