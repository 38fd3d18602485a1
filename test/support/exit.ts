/** How a child process ends, within bounds. */
import type { ChildProcess } from "node:child_process";

export interface Exit { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** Settles when the process has ended and its output is read. */
export function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
    child.once("error", reject);
  });
}

/** What `promise` gives, or a rejection that names `what` after `withinMs`. */
export function within<T>(promise: Promise<T>, withinMs: number, what: () => string): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`${what()} (waited ${withinMs} ms)`)), withinMs);
    promise.then(resolve, reject).finally(() => clearTimeout(deadline));
  });
}

/** Ends a child that was started here, by its own id: `signal` first, SIGKILL when that was not enough. */
export async function endChild(child: ChildProcess, exited: Promise<Exit>, signal: NodeJS.Signals = "SIGTERM", graceMs = 10_000): Promise<Exit> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  try {
    return await within(exited, graceMs, () => `process ${child.pid} did not end on ${signal}`);
  } catch {
    child.kill("SIGKILL");
    return exited;
  }
}
