/** What tests build before they can start it: once in a run of many files, else once in a process. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let own: string | undefined;

/** The folder that `make` has filled, under that name; it stays until all tests are over. */
export function madeOnce(name: string, make: (folder: string) => void): string {
  // scripts/test.ts names one for all files that it runs.
  const all = process.env["MADE_FOR_TESTS"] ?? (own ??= folderOfThisProcess());
  const folder = join(all, name);
  if (existsSync(folder)) return folder;
  const unfinished = join(all, `${name}-${process.pid}`);
  mkdirSync(unfinished);
  make(unfinished);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw error;
    rmSync(unfinished, { recursive: true });
  }
  return folder;
}

/** Removed when this process ends. */
export function folderOfThisProcess(): string {
  const folder = mkdtempSync(join(tmpdir(), "claude-max-api-made-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
