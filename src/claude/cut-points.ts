import type { Rewinds } from "./capabilities.ts";
import type { RewindTarget } from "./rewind.ts";

/** A place in the history of a process: a rewind to it removes the line that begins there and all after it. */
export interface CutPoint extends RewindTarget {
  /** How many messages of the history stay. */
  readonly kept: number;
}

/** The places to which one process can be rewound, in the order of its history. */
export class CutPoints {
  #points: CutPoint[] = [];

  /** The uuid of the last prompt; undefined before the first. */
  get lastPrompt(): string | undefined {
    return this.#points.findLast(({ line }) => line === "prompt")?.uuid;
  }

  /**
   * Adds a place behind all others. Ignored if it is not behind them: the second line of one answer begins no message.
   */
  add(point: CutPoint): void {
    const last = this.#points.at(-1);
    if (last === undefined || last.kept < point.kept) this.#points.push(point);
  }

  /** The last place that keeps at most `keptMax` messages and can be reached. */
  lastWithin(keptMax: number, capabilities: Rewinds): CutPoint | undefined {
    const { rewindSteps, rewindToEmpty, answerTarget } = capabilities;
    return this.#points.findLast(({ kept, line }) => (
      kept <= keptMax && rewindSteps && (kept > 0 || rewindToEmpty) && (line === "prompt" || answerTarget)
    ));
  }

  /**
   * The rewinds that lead to a place: one where the CLI can rewind several messages at once, else one to each prompt
   * from the last on.
   */
  way(point: CutPoint, { rewindMany }: Rewinds): CutPoint[] {
    if (rewindMany || point.line === "answer") return [point];
    return this.#points.filter(({ kept, line }) => line === "prompt" && kept >= point.kept).reverse();
  }

  /** Forgets a place and all behind it: the process was rewound to it. */
  cutAt({ kept }: CutPoint): void {
    this.#points = this.#points.filter((point) => point.kept < kept);
  }
}
