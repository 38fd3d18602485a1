import type { Turn } from "../turn/turn.ts";

/** The smallest thinking budget that the Messages API accepts, in tokens. It must also be below the output limit. */
export const thinkingTokensMin = 1_024;

/** Whether the output limit leaves room for thinking. */
export function hasRoomToThink({ maxTokens }: Pick<Turn, "maxTokens">): boolean {
  return maxTokens === undefined || maxTokens > thinkingTokensMin;
}

/** Whether the turn itself says that the model is to think, and there is room for it. */
export function asksToThink(turn: Pick<Turn, "maxTokens" | "thinking">): boolean {
  return turn.thinking !== undefined && turn.thinking.type !== "disabled" && hasRoomToThink(turn);
}
