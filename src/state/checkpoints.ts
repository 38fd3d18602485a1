/** Checkpoints: what SQLite wrote into its log is copied into the file, and both are synced to the disk. */

import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** After so many bytes of writes the log is copied into the file. */
const bytesMax = 4 * 1024 * 1024;
/** What a transaction writes besides its values, in bytes: a page for each table and index that it changes. */
const transactionBytes = 32 * 1024;
/** The largest log, in bytes. While writes never pause, no copy reaches its end, and it grows. */
const logBytesMax = 64 * 1024 * 1024;

/**
 * The thread. It is JavaScript, as Node would need a loader for TypeScript in it. A checkpoint waits for the disk, for
 * 20 to 150 ms as measured; a commit, which waits for none, goes on beside it.
 */
const program = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(workerData);
  parentPort.on("message", (message) => {
    if (message === "close") {
      database.close();
      parentPort.close();
      return;
    }
    try {
      database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // All is in the log still. It is tried again after the next writes.
    }
    parentPort.postMessage("done");
  });
`;

/** What the checkpoints need of the database. */
export interface Checkpointed {
  readonly file: string;
  /** Copies what is left of the log on this thread, and empties it if `isAtRest`. Never throws. */
  readonly finish: (isAtRest: boolean) => void;
}

/** Runs the checkpoints of a database in a thread of their own: no stream waits for the disk. */
export class Checkpoints {
  readonly #database: Checkpointed;
  readonly #thread: Worker;
  readonly #ended: Promise<unknown>;
  #state: "idle" | "running" | "running at rest" = "idle";
  #bytes = 0;

  constructor(database: Checkpointed) {
    this.#database = database;
    // The warning that SQLite is experimental has been given by then.
    const execArgv = ["--disable-warning=ExperimentalWarning"];
    this.#thread = new Worker(program, { eval: true, workerData: database.file, execArgv, env: {} });
    this.#ended = new Promise((resolve) => this.#thread.once("exit", resolve));
    this.#thread.on("message", () => this.#onDone());
    // Where the thread fails, SQLite's own limit on the log has the checkpoints run with the commits.
    this.#thread.on("error", () => {});
    this.#thread.unref();
  }

  /** Counts a transaction whose values have this length. */
  count(bytes: number): void {
    this.#bytes += bytes + transactionBytes;
    if (this.#bytes >= bytesMax) this.#begin("running");
  }

  /** Begins one now, after which the log is emptied. */
  settle(): void {
    this.#begin("running at rest");
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    // What waits for the thread must not end before it.
    this.#thread.ref();
    this.#thread.postMessage("close");
    await this.#ended;
  }

  #begin(state: "running" | "running at rest"): void {
    if (this.#state !== "idle") return;
    this.#state = state;
    this.#bytes = 0;
    this.#thread.postMessage("checkpoint");
  }

  #onDone(): void {
    const isAtRest = this.#state === "running at rest";
    this.#state = "idle";
    const logBytes = statSync(`${this.#database.file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (isAtRest || logBytes > logBytesMax) this.#database.finish(isAtRest);
  }
}
