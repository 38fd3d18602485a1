/**
 * Why a process has no further use, for the causes that its conversation finds. `cut`: the client has its whole answer,
 * and the CLI would ask the model to go on. `tools_missing`: the CLI is about to ask the model without some of the
 * client's tools. `no_result`: an answer is whole, but the `result` line that ends its turn does not come. `went_on`:
 * the CLI continued between two turns without being asked, so that its history is another one than the client's.
 */
export type SpentReason = "cut" | "tools_missing" | "no_result" | "went_on";

/** How fast a process is to end. `at once`: a gentler end would let the CLI ask the model. */
export type Haste = "in order" | "at once";

/** Says that a process has no further use, and why. */
export interface Spent {
  readonly reason: SpentReason;
  readonly haste: Haste;
}

/** Called when a process has no further use: its owner ends it before this returns. */
export type OnSpent = (reason: SpentReason, haste: Haste) => void;
