import type { Capabilities } from "../claude/capabilities.ts";
import type { Conversation } from "../claude/conversation.ts";
import type { Turn } from "../turn/turn.ts";
import { commonLength, type HistoryHash, type Timeline } from "./history-hash.ts";
import { isRested, type OwnedProcess, type Rested } from "./owned-process.ts";
import { isPassedBy } from "./passed-by.ts";
import type { Processes } from "./processes.ts";
import type { Profile } from "./recent-use.ts";
import { isCheap, isShort } from "./resting.ts";

/**
 * At this many resting processes with one beginning, a new conversation with that beginning takes the one that has
 * rested longest, rather than a warm one.
 */
export const restingOfBeginningMax = 3;

/** A free process that has a conversation. */
export interface Given {
  readonly owned: OwnedProcess;
  readonly use: Rested;
}

/** A free process that has a part of a request's history. */
export interface Found extends Given {
  /** How many of the request's messages, from the first, the process has and keeps. */
  readonly kept: number;
  /** Whether the process has to be rewound to `kept` messages first. */
  readonly isRewound: boolean;
  /** The hash of the messages kept. */
  readonly hash: HistoryHash;
  /** Whether the process waits for results in a branch that the request left before the question behind the call. */
  readonly isLeft: boolean;
}

/**
 * The free process that keeps most of a request's history. Of two that keep as much, one that goes on is better, and
 * one whose call may still be answered is worse. One that is parked in a branch that the request has left is the last
 * choice: most clients never come back to its call, but some ask in two branches at once.
 */
export function bestMatch(
  usable: readonly OwnedProcess[], turn: Turn, timeline: Timeline, capabilities: Capabilities,
): Found | undefined {
  let best: Found | undefined;
  for (const owned of usable) {
    const found = isRested(owned.use) ? match(owned, owned.use, { turn, timeline, capabilities }) : undefined;
    if (found === undefined) continue;
    if (best === undefined || isBetter(found, best, turn)) best = found;
  }
  return best;
}

function isBetter(found: Found, best: Found, turn: Turn): boolean {
  if (found.isLeft !== best.isLeft) return best.isLeft;
  if (found.kept !== best.kept) return found.kept > best.kept;
  return !found.isRewound || (breaksCall(best, turn) && !breaksCall(found, turn));
}

/** Whether the turn would take a parked process from a call whose result the client may still send. */
function breaksCall({ use, isRewound }: Found, turn: Turn): boolean {
  return isRewound && use.name === "parked" && !isPassedBy(use, turn);
}

/**
 * The free process whose conversation is given up for another one with the same beginning: it is to be rewound to
 * empty. `isUrgent`: there is no warm process either. `usable` is ordered by when each came free.
 */
export function givenUp(
  usable: readonly OwnedProcess[], profile: Profile, capabilities: Capabilities, isUrgent: boolean,
): Given | undefined {
  const candidates = emptiable(usable, profile, capabilities);
  const isEnough = isUrgent || candidates.length >= restingOfBeginningMax;
  return candidates.find(({ use }) => isShort(use)) ?? (isEnough ? candidates[0] : undefined);
}

/** The free processes that could be given to another conversation with this beginning. */
function emptiable(
  usable: readonly OwnedProcess[], profile: Profile, capabilities: Capabilities,
): Given[] {
  return usable.flatMap((owned) => {
    const { use } = owned;
    if (owned.isWorn || use.name !== "resting" || use.timeline.beginning !== profile.hash) return [];
    if (!canServe(use.conversation, profile)) return [];
    return use.conversation.keptWithin(0, capabilities) === 0 ? [{ owned, use }] : [];
  });
}

/** Whether a process can serve a beginning's model, once it has no message. */
export function canServe({ model }: Pick<Conversation, "model">, { turn, isMovable }: Profile): boolean {
  return model === turn.model || (isMovable && model !== undefined);
}

/** The used processes that can be given, now or after their turn, to another conversation with this beginning. */
export function standIns(
  { all, usable }: Pick<Processes, "all" | "usable">, profile: Profile, capabilities: Capabilities,
): OwnedProcess[] {
  const free = emptiable(usable, profile, capabilities).map(({ owned }) => owned);
  return [...free, ...comingFree(all, profile, capabilities)];
}

/** The running processes that could be given to another conversation with this beginning when their turn is over. */
export function comingFree(
  all: readonly OwnedProcess[], profile: Profile | undefined, capabilities: Capabilities,
): OwnedProcess[] {
  if (profile === undefined || !capabilities.rewindToEmpty) return [];
  return all.filter(({ use, isWorn }) => (
    !isWorn && use.name === "running" && use.timeline.beginning === profile.hash
    && canServe(use.conversation, profile)
  ));
}

interface Wanted {
  readonly turn: Turn;
  readonly timeline: Timeline;
  readonly capabilities: Capabilities;
}

function match(owned: OwnedProcess, use: Rested, { turn, timeline, capabilities }: Wanted): Found | undefined {
  const { conversation, timeline: told } = use;
  const common = commonLength(told, timeline);
  // With another system prompt, other tools or another model it has nothing that the turn could use.
  const isGivenUp = told.root === timeline.root && isPassedBy(use, turn);
  if (common === 0 && !isGivenUp) return undefined;
  const hashAt = (kept: number): HistoryHash => timeline.hashes[kept - 1] ?? timeline.root;
  // The last message is what is asked, so it is always told anew.
  const last = turn.messages.length - 1;
  if (common === told.hashes.length && common <= last && conversation.canContinue(turn, common)) {
    return { owned, use, kept: common, isRewound: false, hash: hashAt(common), isLeft: false };
  }
  const kept = conversation.keptWithin(Math.min(common, last), capabilities);
  if (kept === undefined) return undefined;
  const found = { owned, use, kept, isRewound: true, hash: hashAt(kept) };
  if (isGivenUp) return { ...found, isLeft: false };
  const lost = told.hashes.length - common;
  const isParked = use.name === "parked";
  // A request that keeps no message is a new conversation: it gets this process only where little is lost by that.
  if (kept === 0 && (isParked ? lost > 0 : !isCheap(use))) return undefined;
  // A request with another question in place of the one that led to the call loses two messages: the old question and
  // the call. One that loses more has left the branch in which the process waits.
  return { ...found, isLeft: isParked && lost > 2 };
}
