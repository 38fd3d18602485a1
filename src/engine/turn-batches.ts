import type { Batches, Taker } from "../claude/batches.ts";
import type { TurnEvent } from "../turn/event.ts";

/** Has further batches taken straight from a run. `onBatch` is called with each of them. */
export type GoStraight = (run: Batches<TurnEvent>, onBatch: (batch: readonly TurnEvent[]) => void) => void;

/**
 * The batches of a turn, as its caller pulls them. A generator runs the turn: it finds a process, may ask again, and
 * gives the process back in its `finally`. Once the answer has begun no other process can take the turn: from then on
 * batches come straight from the process's run, and the generator goes on where that ends. In between it would only
 * pass each delta on, for three promises.
 */
export class TurnBatches implements AsyncIterableIterator<TurnEvent[], undefined> {
  readonly #turn: AsyncGenerator<TurnEvent[], undefined, undefined>;
  #run: Batches<TurnEvent> | undefined;
  #taker: Taker<TurnEvent> | undefined;

  constructor(turnOf: (goStraight: GoStraight) => AsyncGenerator<TurnEvent[], undefined, undefined>) {
    this.#turn = turnOf((run, onBatch) => {
      this.#run = run;
      this.#taker = { onBatch, atEnd: () => this.#goOn() };
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<TurnEvent[], undefined>> {
    if (this.#run === undefined) return this.#turn.next();
    try {
      return this.#run.next(this.#taker);
    } catch (error) {
      // `onBatch` has thrown. As from a generator, that ends the turn.
      this.#run = undefined;
      return this.#turn.throw(error);
    }
  }

  return(value?: undefined): Promise<IteratorResult<TurnEvent[], undefined>> {
    this.#run = undefined;
    return this.#turn.return(value);
  }

  #goOn(): Promise<IteratorResult<TurnEvent[], undefined>> {
    this.#run = undefined;
    return this.#turn.next();
  }
}
