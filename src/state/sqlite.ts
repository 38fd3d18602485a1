/** Node's own SQLite, as far as it is used here. It is loaded only where `--state-dir` is given. */

/** A value in a row. */
export type SqlValue = string | number | null | Uint8Array;
/** A row, by the names of its columns. */
export type Row = Readonly<Record<string, SqlValue>>;

/** A prepared statement. */
export interface Statement {
  run(...values: readonly SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...values: readonly SqlValue[]): Row | undefined;
  all(...values: readonly SqlValue[]): readonly Row[];
}

/** An open database. */
export interface Sqlite {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** What is used of the module `node:sqlite`. */
export interface SqliteModule {
  readonly DatabaseSync: new (path: string) => Sqlite;
}

/**
 * Loads `node:sqlite`; undefined where Node has none (before 22.13). Node itself writes a warning at that moment: while
 * it calls the module experimental, each user of it shall know.
 */
export function loadSqlite(): SqliteModule | undefined {
  // Node before 20.16 has no such function, and no SQLite.
  const load: ((name: string) => unknown) | undefined = process.getBuiltinModule;
  return load?.("node:sqlite") as SqliteModule | undefined;
}

/** The reason of a file whose content cannot be. */
export const damaged = "the file is damaged";

/** SQLite's result codes that a user can do something about, in words. */
const reasons: Readonly<Record<number, string>> = {
  5: "the file is locked by another program",
  6: "the file is locked by another program",
  8: "the file cannot be written to",
  10: "the disk failed",
  11: damaged,
  13: "the disk is full",
  14: "the file cannot be opened",
  18: "it is too large",
  26: "the file is no database, or is damaged",
};

/** SQLite's result code for a file that another connection has locked. */
export const busyCode = 5;

/** An error's result code of SQLite, without its extension; undefined if the error is not SQLite's. */
export function resultCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}

/**
 * Why SQLite failed, in words that complete a sentence. Undefined for a failure that no user can do something about: a
 * fault of this program.
 */
export function reasonOf(error: unknown): string | undefined {
  return reasons[resultCode(error) ?? 0];
}
