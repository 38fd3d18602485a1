import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { findInstallation, oldestVersion } from "../../src/claude/installation.ts";
import { fakeClaude, fakeClaudePath } from "../support/fake-claude.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const find = (name: string) => findInstallation({ command: fakeClaude(name), environment: platformEnvironment() });

describe("an installation", () => {
  it("is found with its version", async () => {
    assert.deepEqual(await find("answers"), { kind: "found", version: "2.1.330" });
  });

  it("that is too old is unusable, and the message says how to update", async () => {
    const installation = await find("old-version");
    assert.deepEqual([installation.kind, installation.version], ["unusable", "2.1.119"]);
    assert.ok(installation.kind === "unusable" && installation.message.includes(oldestVersion) && installation.message.includes("claude update"));
  });

  for (const [name, words] of [
    ["no-version", /did not answer with a version/u],
    ["fails-at-version", /failed \(5\)/u],
  ] as const) {
    it(`is unusable when it is like ${name}`, async () => {
      const installation = await find(name);
      assert.deepEqual([installation.kind, installation.version], ["unusable", undefined]);
      assert.match(installation.kind === "unusable" ? installation.message : "", words);
    });
  }

  it("that is not there is unusable, and the message says how to install it", async (t) => {
    const file = join(await temporaryFolder(t), "claude");
    const installation = await findInstallation({ command: { file, leadingArguments: [] }, environment: platformEnvironment() });
    assert.ok(installation.kind === "unusable" && installation.message.includes(`was not found (${file})`) && installation.message.includes("npm install -g"));
  });

  it("that may not be executed is unusable", { skip: process.platform === "win32" ? "every file may" : false }, async () => {
    const installation = await findInstallation({ command: { file: fakeClaudePath("protocol"), leadingArguments: [] }, environment: platformEnvironment() });
    assert.match(installation.kind === "unusable" ? installation.message : "", /failed \(EACCES\)/u);
  });
});

describe("a CLI that cannot even be started", () => {
  it("is unusable, with the reason: a path through a file", async () => {
    const installation = await findInstallation({ command: { file: "/etc/passwd/claude", leadingArguments: [] }, environment: {} });
    assert.equal(installation.kind, "unusable");
    assert.match(installation.kind === "unusable" ? installation.message : "", /ENOTDIR|not found/u);
  });
});
