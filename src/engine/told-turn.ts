import type { ToldTurn } from "../claude/parameters.ts";
import { toldMessages } from "../claude/told-messages.ts";
import { withToolChoice } from "./tool-choice.ts";

/** A turn as the CLI is told it: its tool choice in words, and its messages parted where a rewind may have to go. */
export function toldTurn(request: ToldTurn): ToldTurn {
  const turn = withToolChoice(request);
  return { ...turn, messages: toldMessages(turn.messages) };
}
