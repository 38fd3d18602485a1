/** When a process is replaced, though it works: as a pure function of what is known of it. */

/**
 * By what the limits below are multiplied while a process is in the middle of a conversation: to tell that to a new one
 * takes some 5 ms a message. Beyond the plain limits no other conversation gets the process. The turn after the
 * multiplied ones waits until its history is told: that cannot be done ahead, as nobody keeps a conversation's messages
 * between two turns, only their hashes.
 */
export const conversationFactor = 4;
/** After how many turns a process is replaced. */
export const turnsMax = 300;
/** The age at which a process is replaced, in milliseconds. */
export const ageMsMax = 4 * 60 * 60_000;
/**
 * By how much a process's resident memory may grow since its first turn, in bytes, before it is replaced. Only Linux
 * tells it; elsewhere the number of turns and the age alone decide.
 */
export const growthBytesMax = 256 * 1024 * 1024;
/** How often a process's memory is looked at: after its first turn, and then each so many turns. */
export const turnsBetweenLooks = 8;

/** What use leaves behind in a process. */
export interface Wear {
  turns: number;
  /** The process's resident memory after its first turn, in bytes; undefined where the system does not tell. */
  firstBytes: number | undefined;
  /** The process's resident memory when it was last looked at, in bytes. */
  bytes: number | undefined;
}

export interface RenewalFacts {
  /** Whether program, configuration or login have changed since the process was started. */
  readonly isSuperseded: boolean;
  /** Whether the process was started on another date. */
  readonly isOfAnotherDay: boolean;
  readonly ageMs: number;
  readonly wear: Readonly<Wear>;
}

export type RenewalReason = "superseded" | "date" | "turns" | "age" | "memory";

/**
 * Why a process is to be replaced as soon as it is free; undefined if it may be kept. `isForConversation`: it is kept
 * for no other conversation than the one that it is in the middle of.
 */
export function whyRenewed(
  { isSuperseded, isOfAnotherDay, ageMs, wear }: RenewalFacts, isForConversation: boolean,
): RenewalReason | undefined {
  const factor = isForConversation ? conversationFactor : 1;
  if (isSuperseded) return "superseded";
  if (isOfAnotherDay) return "date";
  if (wear.turns >= turnsMax * factor) return "turns";
  if (ageMs >= ageMsMax * factor) return "age";
  return hasGrown(wear, factor) ? "memory" : undefined;
}

/** Whether a process has grown so much that it is replaced though its client still has to answer a call. */
export function isTooLargeToWait(wear: Readonly<Wear>): boolean {
  return hasGrown(wear, conversationFactor);
}

function hasGrown({ firstBytes, bytes }: Readonly<Wear>, factor: number): boolean {
  return (bytes ?? 0) - (firstBytes ?? bytes ?? 0) > growthBytesMax * factor;
}

/** Notes a process's memory after a turn, if it is time to look. `look` gives it in bytes. */
export function noteMemory(wear: Wear, look: () => number | undefined): void {
  if (wear.turns % turnsBetweenLooks !== 1) return;
  wear.bytes = look();
  wear.firstBytes ??= wear.bytes;
}
