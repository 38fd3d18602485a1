import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { typescriptArguments } from "./typescript.ts";

const file = fileURLToPath(new URL("./faulty/servers.ts", import.meta.url));
const skip = process.platform === "win32" ? "has no SIGUSR2" : false;

it("a test that starts a server fails on what is thrown in it and nobody catches", { skip }, () => {
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const args = [...typescriptArguments, "--test-reporter=tap", file];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  assert.notEqual(status, 0);
  for (const [number, [name, words]] of ([
    ["a timer in this process", "nobody caught: Error: planted in a timer here"],
    ["a promise in this process", "nobody caught: Error: planted in a promise here"],
    ["a timer in a process of its own", "the server did not catch: Error: planted in a timer there"],
    ["a promise in a process of its own", "the server did not catch: Error: planted in a promise there"],
  ] as const).entries()) {
    assert.ok(stdout.includes(`not ok ${number + 1} - ${name}`), stdout);
    assert.ok(stdout.includes(words), stdout);
  }
});
