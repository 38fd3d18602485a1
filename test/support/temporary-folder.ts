/** A folder of its own for a test. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";

/** Empty, removed after the test; its path holds no symbolic link, so that it can be compared with what a process reports. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), "claude-max-api-test-"));
  // A CLI that is just ending may still be writing: retried, within a bound.
  cleanUp(t, () => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return folder;
}
