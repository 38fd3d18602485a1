/** A program in place of the CLI that runs it, and notes what it is told: each start, each line of history, each turn. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a process was told, in order: the text that is looked for, in a line of history; other history; and turns. */
export type Told = "mark" | "history" | "turn";

export interface WatchedClaude {
  /** The executable to give to the server. */
  readonly path: string;
  /** What each process was told, by its id, in the order in which they started. A probe's is told some history, and a warm one that no turn got nothing. */
  readonly told: () => Promise<ReadonlyMap<string, readonly Told[]>>;
}

/** `folder` is empty, and gets the program and its notes. `mark`: a text that is looked for in lines of history. */
export async function watchedClaude(claude: string, mark: string, folder: string): Promise<WatchedClaude> {
  const [path, notes] = [join(folder, "claude.mjs"), join(folder, "notes")];
  await writeFile(notes, "");
  await writeFile(path, program(claude, mark, notes));
  await chmod(path, 0o755);
  const told = async (): Promise<ReadonlyMap<string, readonly Told[]>> => {
    const processes = new Map<string, Told[]>();
    for (const line of (await readFile(notes, "utf8")).split("\n").filter((text) => text !== "")) {
      const [pid = "", what] = line.split(" ");
      if (what === "start") processes.set(pid, []);
      else processes.get(pid)?.push(what as Told);
    }
    return processes;
  };
  return { path, told };
}

/** An empty message is not noted: it is a rehearsal's, and is taken back. */
function program(claude: string, mark: string, notes: string): string {
  return `#!${process.execPath}
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
const note = (what) => appendFileSync(${JSON.stringify(notes)}, process.pid + " " + what + "\\n");
// What is asked for its version is no process of a conversation.
if (!process.argv.includes("--version")) note("start");
const child = spawn(${JSON.stringify(claude)}, process.argv.slice(2), { stdio: ["pipe", "inherit", "inherit"] });
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? 128 + (signal === "SIGKILL" ? 9 : 15)));
child.stdin.on("error", () => {});
process.stdin.on("data", (data) => child.stdin.write(data)).on("end", () => child.stdin.end());
createInterface({ input: process.stdin }).on("line", (line) => {
  let told;
  try { told = JSON.parse(line); } catch { return; }
  if (told.type !== "user" && told.type !== "assistant" || told.message.content.length === 0) return;
  const isTurn = told.type === "user" && told.shouldQuery !== false;
  const what = isTurn ? "turn" : line.includes(${JSON.stringify(mark)}) ? "mark" : "history";
  note(what);
});
`;
}
