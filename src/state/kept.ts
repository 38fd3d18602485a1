import type { StateDatabase } from "./database.ts";
import type { Retention } from "./limits.ts";

/** What the stores of one state share. */
export interface Kept {
  readonly database: StateDatabase;
  readonly retention: Retention;
  /** The owner of all that is kept and found; known once the database is open. */
  readonly owner: () => number;
  /** Completes the sentence "They are kept …". */
  readonly lifetime: string;
}
