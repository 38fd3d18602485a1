import type { ServerResponse } from "node:http";
import { type Body, bodyOfText, sliceBytes } from "../api/body.ts";
import type { AnswerFold } from "../api/dialect.ts";
import type { TurnEvent } from "../turn/event.ts";
import { roomOrClose } from "./event-stream.ts";
import type { HeldAnswers } from "./held-answers.ts";

export interface WholeAnswerOptions {
  readonly held: HeldAnswers;
  /** Ends the turn at once. */
  readonly giveUp: () => void;
  /** The head of the answer. */
  readonly headers: (servedModel: string | undefined) => Readonly<Record<string, string>>;
}

/** Gathers a turn and sends its answer. Rejects with a BridgeError when the turn fails, or its answer has no room. */
export async function sendWholeAnswer(
  response: ServerResponse, batches: AsyncIterable<readonly TurnEvent[]>, fold: AnswerFold, options: WholeAnswerOptions,
): Promise<void> {
  const { held, giveUp, headers } = options;
  const answer = held.hold({ response, giveUp });
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
    const body = fold.release();
    // Beside the model's words it repeats what the request said: instructions, tools, metadata.
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

/** Sends a body that its store counts, so that it takes no room from the answers that are gathered for others. */
export async function sendStored(response: ServerResponse, text: string): Promise<void> {
  const body = bodyOfText(text);
  sendHead(response, body, {});
  await sendBody(response, body, () => {});
}

function sendHead(response: ServerResponse, { length }: Body, headers: Readonly<Record<string, string>>): void {
  response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": length, ...headers });
}

/**
 * Slice after slice, each when the reader has taken the one before; a reader that takes none for too long is cut.
 * `onTaken` is told after each piece how many bytes are held no more.
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
