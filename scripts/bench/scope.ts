/** What a benchmark opens is closed in reverse order, also after an error, Ctrl-C or SIGTERM. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const interruptedCode = 130;

export class Scope {
  readonly #closers: (() => unknown)[] = [];
  #closing: Promise<void> | undefined;

  /** Closing has begun: nothing more may be opened. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Runs `close` at the end, after all that is registered later. */
  defer(close: () => unknown): void {
    this.#closers.push(close);
  }

  /** An empty folder outside the project, removed at the end. */
  async folder(): Promise<string> {
    const path = await mkdtemp(join(await realpath(tmpdir()), "claude-max-api-bench-"));
    // A CLI that is about to exit may still write into the folder: `rm` tries again, ten times.
    this.defer(() => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
    return path;
  }

  /** Runs every closer, also after one that failed. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
        try {
          await close();
        } catch (error) {
          console.error(`bench: cleaning up failed: ${String(error)}`);
        }
      }
    })();
    return this.#closing;
  }
}

/** Runs `body` with a scope that is closed when `body` settles. An inner scope names the outer one as its `parent`. */
export async function withScope<T>(body: (scope: Scope) => Promise<T>, parent?: Scope): Promise<T> {
  const scope = new Scope();
  if (parent !== undefined) {
    parent.defer(() => scope.close());
    return body(scope).finally(() => scope.close());
  }
  // Only the outermost scope listens for signals: it closes the inner ones first.
  const onSignal = (signal: NodeJS.Signals): void => {
    console.error(`bench: ended by ${signal}`);
    void scope.close().finally(() => process.exit(interruptedCode));
  };
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    return await body(scope);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    await scope.close();
  }
}
