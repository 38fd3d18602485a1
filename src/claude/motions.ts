import { randomUUID } from "node:crypto";
import { BridgeError } from "../errors.ts";
import type { ControlChannel } from "./control.ts";
import type { LiveProcess } from "./process.ts";
import { historyUserLine } from "./protocol.ts";
import { rewindRefusal, rewindRequest } from "./rewind.ts";

/** How many empty messages a rehearsal sends. Each of the first few makes the CLI's code run faster. */
const rehearsalMessages = 3;

/** What a rehearsal needs of its process. */
export interface Motions {
  readonly process: LiveProcess;
  readonly control: ControlChannel;
  /** Settles when the CLI has accepted, or refused, `initialize` and the settings told with it. */
  readonly prepared: Promise<void>;
  /** Whether a turn has come. */
  readonly isDue: () => boolean;
  /** Resolves when the CLI acknowledges the history message that is written next; rejects when it refuses it. */
  readonly acknowledged: () => Promise<void>;
}

/**
 * Sends a process empty messages and rewinds them, so that it has run already what it would else run for the first
 * time, and slower, in its first turn. Rejects with a BridgeError if the CLI refuses a message or the rewind.
 */
export async function goThroughMotions(
  { process, control, prepared, isDue, acknowledged }: Motions,
): Promise<void> {
  const sent: string[] = [];
  // Stop once a turn is due: it waits for the message under way, and for no further one.
  while (sent.length < rehearsalMessages && !isDue()) {
    const uuid = randomUUID();
    sent.push(uuid);
    const isTaken = acknowledged();
    void process.write(historyUserLine({ role: "user", content: [] }, uuid));
    // Wait for both: one read may hold the refusal of `initialize` and the acknowledgement of the message.
    await Promise.all([prepared, isTaken]);
  }
  if (sent.length === 0) return await prepared;
  // Rewind the empty messages. The CLI derives digits that it sends to the API from the conversation's first message,
  // which must be the client's. Rewind one at a time, the last one first: not every CLI that can be emptied can rewind
  // several in one request.
  const answers = await Promise.all(sent.reverse().map((uuid) => (
    control.request(rewindRequest({ uuid, line: "prompt" }, undefined))
  )));
  const refusal = answers.map(rewindRefusal).find((reason) => reason !== undefined);
  if (refusal === undefined) return;
  throw new BridgeError("cli_failed", `The claude process did not take its rehearsal back: ${refusal}.`);
}
