import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConfigHome } from "../../src/engine/config-home.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("the configuration of the processes", () => {
  it("is the server's own, in a file that only this user reads, written where something is to be said", async (t) => {
    const [folder, home] = [await temporaryFolder(t), await temporaryFolder(t)];
    writeFileSync(join(home, ".claude.json"), '{"userID":"device","oauthAccount":{"emailAddress":"ada@example.com"}}');
    const config = new ConfigHome({ HOME: home });
    const places = { config: folder, cache: "cache" };
    const environment = await config.prepare(places);
    assert.deepEqual(environment, { XDG_CACHE_HOME: "cache", CLAUDE_CONFIG_DIR: folder, CLAUDE_SECURESTORAGE_CONFIG_DIR: "" });
    assert.deepEqual(readdirSync(folder), [".claude.json"]);
    const file = join(folder, ".claude.json");
    const text = readFileSync(file, "utf8");
    assert.ok(text.includes("device") && !text.includes("ada@example.com"));
    if (process.platform !== "win32") assert.equal(statSync(file).mode & 0o777, 0o600);
    const { ino } = statSync(file);
    await config.prepare(places);
    assert.equal(statSync(file).ino, ino, "not a second time");
  });

  it("is the user's once a process is logged out, and the server's again when that is too", async (t) => {
    const folder = await temporaryFolder(t);
    const config = new ConfigHome({ HOME: "nowhere" });
    assert.deepEqual([config.noteLoggedOut("user"), config.owner], [false, "server"], "no process of now");
    assert.deepEqual([config.noteLoggedOut("server"), config.owner], [true, "user"]);
    assert.deepEqual(await config.prepare({ config: folder, cache: "cache" }), { XDG_CACHE_HOME: "cache" });
    assert.ok(!existsSync(join(folder, ".claude.json")));
    assert.deepEqual([config.noteLoggedOut("server"), config.owner], [false, "user"], "a process of before");
    assert.deepEqual([config.noteLoggedOut("user"), config.owner], [false, "server"]);
  });

  it("is the server's own, whatever a process says, where the environment has the login", () => {
    const config = new ConfigHome({ CLAUDE_CODE_OAUTH_TOKEN: "made-up" });
    assert.deepEqual([config.noteLoggedOut("server"), config.owner], [false, "server"]);
  });
});
