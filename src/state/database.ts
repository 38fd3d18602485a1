/** The database of `--state-dir`: opened once, by one server, and asked in transactions. */

import { BridgeError } from "../errors.ts";
import { Checkpoints } from "./checkpoints.ts";
import { refusal, StateError, statePlace } from "./place.ts";
import { applicationId, schema, schemaVersion } from "./schema.ts";
import {
  busyCode, damaged, loadSqlite, reasonOf, resultCode, type Row, type Sqlite, type SqliteModule, type SqlValue,
  type Statement,
} from "./sqlite.ts";

/** How long a server that starts waits for another that is just ending, in milliseconds. */
const lockWaitMs = 1_000;
/** The log's size, in pages, at which a commit runs a checkpoint itself. It is not reached while `Checkpoints` runs. */
const logPagesMax = 32_768;

/** Holds the lock of a folder's server: a transaction that stays open until the database is closed. */
const lockSetup = `PRAGMA busy_timeout = ${lockWaitMs}; BEGIN EXCLUSIVE`;

/**
 * How the file is written. The log (WAL) is written at each commit and not synced then: what was committed is in the
 * system's hands, and outlives this process. At a checkpoint both files are synced, log first: after a power cut the
 * file is whole, and lacks at most what came after the last sync. Deleted content is overwritten.
 */
const setup = `
  PRAGMA busy_timeout = ${lockWaitMs};
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA wal_autocheckpoint = ${logPagesMax};
  PRAGMA synchronous = NORMAL;
  PRAGMA secure_delete = ON;
  PRAGMA temp_store = MEMORY;
`;
/** How many free pages are given back to the disk at a rest. */
const vacuumPagesMax = 1_024;

/** A database of SQLite in a folder of its own. */
export class StateDatabase {
  readonly #folder: string;
  readonly #module: () => SqliteModule | undefined;
  #sqlite: Sqlite | undefined;
  /** Held so long as the database is open. */
  #lock: Sqlite | undefined;
  #checkpoints: Checkpoints | undefined;
  #bytesWritten = 0;
  readonly #statements = new Map<string, Statement>();

  /** `folder` is an absolute path. `module` gives Node's SQLite; undefined where Node has none. */
  constructor(folder: string, module = loadSqlite) {
    this.#folder = folder;
    this.#module = module;
  }

  /** Opens the database, and makes it where there is none. Rejects with a `StateError`, a sentence for the user. */
  async open(): Promise<void> {
    const module = this.#module();
    if (module === undefined) {
      throw new StateError(
        `--state-dir needs the SQLite that is part of Node 22.13 and newer; this is Node ${process.versions.node}.`,
      );
    }
    const { file, lock } = await statePlace(this.#folder);
    try {
      this.#lock = new module.DatabaseSync(lock);
      this.#lock.exec(lockSetup);
      this.#sqlite = new module.DatabaseSync(file);
      this.#sqlite.exec(setup);
      this.#sqlite.exec("BEGIN IMMEDIATE");
      this.#prepareTables(file);
      this.#sqlite.exec("COMMIT");
      this.#checkpoints = new Checkpoints({ file, finish: (isAtRest) => this.#finishCheckpoint(isAtRest) });
    } catch (error) {
      await this.close();
      if (error instanceof StateError) throw error;
      if (resultCode(error) === busyCode) throw refusal(this.#folder, "is in use by another server");
      const reason = reasonOf(error instanceof BridgeError ? error.cause : error);
      throw refusal(file, `cannot be used: ${reason ?? (error as Error).message}`);
    }
  }

  /** Writes the log into the file and closes both. Later calls do nothing. */
  async close(): Promise<void> {
    const checkpoints = this.#checkpoints;
    this.#checkpoints = undefined;
    await checkpoints?.close();
    this.#statements.clear();
    for (const sqlite of [this.#sqlite, this.#lock]) {
      try {
        sqlite?.close();
      } catch {
        // Nothing is lost: what is committed is in the log, and the next server reads it from there.
      }
    }
    this.#sqlite = this.#lock = undefined;
  }

  /** Runs `work` as one transaction: either all of it is kept or nothing. Throws a BridgeError `storage_failed`. */
  change<T>(work: () => T): T {
    return this.#asked("write", (sqlite) => {
      sqlite.exec("BEGIN IMMEDIATE");
      try {
        this.#bytesWritten = 0;
        const result = work();
        sqlite.exec("COMMIT");
        this.#checkpoints?.count(this.#bytesWritten);
        return result;
      } catch (error) {
        rollBack(sqlite);
        throw error;
      }
    });
  }

  /** Runs a statement; returns how many rows it changed, and the key of the row that it added. For use in `change`. */
  run(sql: string, ...values: readonly SqlValue[]): { readonly changes: number; readonly key: number } {
    for (const value of values) if (typeof value !== "number") this.#bytesWritten += value?.length ?? 0;
    const { changes, lastInsertRowid } = this.#statement(sql).run(...values);
    return { changes: Number(changes), key: Number(lastInsertRowid) };
  }

  /** The first row of a query; undefined if there is none. Throws a BridgeError `storage_failed`. */
  get(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.#asked("read", () => this.#statement(sql).get(...values));
  }

  /** The rows of a query. Throws a BridgeError `storage_failed`. */
  all(sql: string, ...values: readonly SqlValue[]): readonly Row[] {
    return this.#asked("read", () => this.#statement(sql).all(...values));
  }

  /** Parses JSON that was read. Throws a BridgeError `storage_failed` if it is none. */
  parsed(json: SqlValue | undefined): unknown {
    try {
      return JSON.parse(String(json)) as unknown;
    } catch (error) {
      throw storageFailed("read", damaged, error);
    }
  }

  /** The part of the file that holds something, in bytes. */
  get usedBytes(): number {
    const pragma = (name: string): number => Number(this.get(`PRAGMA ${name}`)?.[name]);
    return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
  }

  /** Begins to write the log into the file, and to give free space back to the disk. Never throws. */
  settle(): void {
    try {
      this.#sqlite?.exec(`PRAGMA incremental_vacuum(${vacuumPagesMax})`);
    } catch {
      // It is tried again at the next rest.
    }
    this.#checkpoints?.settle();
  }

  #finishCheckpoint(isAtRest: boolean): void {
    try {
      this.#sqlite?.exec(`PRAGMA wal_checkpoint(${isAtRest ? "TRUNCATE" : "PASSIVE"})`);
    } catch {
      // All is in the log still.
    }
  }

  #prepareTables(file: string): void {
    const version = Number(this.get("PRAGMA user_version")?.["user_version"]);
    const application = Number(this.get("PRAGMA application_id")?.["application_id"]);
    const isEmpty = this.get("SELECT 1 FROM sqlite_master") === undefined;
    if (isEmpty) {
      this.#sqlite?.exec(schema);
      this.#sqlite?.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`);
    } else if (application !== applicationId) throw refusal(file, "is another program's database");
    else if (version !== schemaVersion) {
      throw refusal(
        file, `was written by another version of this server (its tables are version ${version}, here they are `
          + `${schemaVersion}): start that one, or name a new folder`,
      );
    }
  }

  #statement(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#sqlite === undefined) throw new Error("the database is not open");
    const statement = this.#sqlite.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #asked<T>(what: "read" | "write", work: (sqlite: Sqlite) => T): T {
    try {
      if (this.#sqlite === undefined) throw new Error("the database is not open");
      return work(this.#sqlite);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      throw storageFailed(what, reason, error);
    }
  }
}

function storageFailed(what: "read" | "write", reason: string, cause: unknown): BridgeError {
  const verb = what === "write" ? "written to" : "read";
  return new BridgeError(
    "storage_failed", `The state of this server (--state-dir) cannot be ${verb}: ${reason}.`, { cause },
  );
}

/** Undoes an open transaction. Some errors of SQLite have undone it already. */
function rollBack(sqlite: Sqlite): void {
  try {
    sqlite.exec("ROLLBACK");
  } catch {
    // There is no transaction any more.
  }
}
