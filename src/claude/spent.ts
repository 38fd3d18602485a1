/**
 * Why a process has no further use, where its conversation is the first to know. `cut`: the client has its whole
 * answer, and the CLI would ask the model to go on. `tools_missing`: the model lacks tools, and the CLI is about to ask
 * it. `no_result`: the line that ends a whole answer does not come. `went_on`: the CLI went on by itself between two
 * turns, so that its history is another one than the client's.
 */
export type SpentReason = "cut" | "tools_missing" | "no_result" | "went_on";

/** How fast a process is to end. `at once`: a gentler end would let the CLI ask the model. */
export type Haste = "in order" | "at once";

/** That a process has no further use. */
export interface Spent {
  readonly reason: SpentReason;
  readonly haste: Haste;
}

/** Told that a process has no further use: its owner ends it before this returns. */
export type OnSpent = (reason: SpentReason, haste: Haste) => void;
