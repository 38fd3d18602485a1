import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ConfigHome } from "../../src/engine/config-home.ts";
import { realWorld } from "../../src/world.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("the configuration of the processes", () => {
  it("is the server's own, in a file that only this user reads, written where something is to be said", async (t) => {
    const [folder, home] = [await temporaryFolder(t), await temporaryFolder(t)];
    const theirs = { userID: "device", primaryApiKey: "made-up", oauthAccount: { accountUuid: "a", emailAddress: "ada@example.com" } };
    writeFileSync(join(home, ".claude.json"), JSON.stringify(theirs));
    const config = new ConfigHome({ HOME: home }, realWorld);
    const places = { config: folder, cache: "cache" };
    const environment = await config.prepare(places);
    assert.deepEqual(environment, { XDG_CACHE_HOME: "cache", CLAUDE_CONFIG_DIR: folder, CLAUDE_SECURESTORAGE_CONFIG_DIR: "" });
    assert.deepEqual(readdirSync(folder), [".claude.json"]);
    const file = join(folder, ".claude.json");
    const text = readFileSync(file, "utf8");
    const { userID, oauthAccount } = JSON.parse(text) as { readonly userID: string; readonly oauthAccount: object };
    assert.match(userID, /^[0-9a-f]{64}$/);
    assert.deepEqual(Object.keys(oauthAccount).sort(), [
      "accountCreatedAt", "billingType", "ccOnboardingFlags", "profileFetchedAt", "subscriptionCreatedAt",
    ], "nothing of the user's");
    if (process.platform !== "win32") assert.equal(statSync(file).mode & 0o777, 0o600);
    const { ino } = statSync(file);
    await config.prepare(places);
    assert.equal(statSync(file).ino, ino, "not a second time");
    rmSync(file);
    await new ConfigHome({ HOME: home }, realWorld).prepare(places);
    assert.equal(readFileSync(file, "utf8"), text, "the same at the next start");
  });

  it("is made without a look at the user's", async (t) => {
    const [folder, home] = [await temporaryFolder(t), await temporaryFolder(t)];
    writeFileSync(join(home, ".claude.json"), "{}");
    const read: unknown[] = [];
    const { readFile } = fs;
    t.mock.method(fs, "readFile", (...parameters: Parameters<typeof readFile>) => {
      read.push(parameters[0]);
      return readFile(...parameters);
    });
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    await new ConfigHome({ HOME: home }, realWorld).prepare({ config: folder, cache: "cache" });
    assert.deepEqual(read, [join(folder, ".claude.json")]);
  });

  it("is the user's once a process is logged out, and the server's again when that is too", async (t) => {
    const folder = await temporaryFolder(t);
    const config = new ConfigHome({ HOME: "nowhere" }, realWorld);
    assert.deepEqual([config.noteLogin("user", false), config.owner], ["outdated", "server"]);
    assert.deepEqual([config.noteLogin("server", false), config.owner], ["try the user's", "user"]);
    assert.deepEqual(await config.prepare({ config: folder, cache: "cache" }), { XDG_CACHE_HOME: "cache" });
    assert.ok(!existsSync(join(folder, ".claude.json")));
    assert.deepEqual([config.noteLogin("server", false), config.owner], ["outdated", "user"], "a process of before");
    assert.deepEqual([config.noteLogin("user", true), config.owner], ["current", "user"]);
    assert.deepEqual([config.noteLogin("user", false), config.owner], ["current", "server"]);
  });

  it("stays the server's own once a process was logged in with that", () => {
    const config = new ConfigHome({ HOME: "nowhere" }, realWorld);
    assert.deepEqual([config.noteLogin("server", true), config.owner], ["current", "server"]);
    assert.deepEqual([config.noteLogin("server", false), config.owner], ["current", "server"]);
  });

  it("is the server's own again when another process is logged in with that", () => {
    const config = new ConfigHome({ HOME: "nowhere" }, realWorld);
    config.noteLogin("server", false);
    assert.deepEqual([config.noteLogin("server", true), config.owner], ["server's after all", "server"]);
    assert.deepEqual([config.noteLogin("user", true), config.owner], ["outdated", "server"]);
  });

  it("is the server's own, whatever a process says, where the environment has the login", () => {
    const config = new ConfigHome({ CLAUDE_CODE_OAUTH_TOKEN: "made-up" }, realWorld);
    assert.deepEqual([config.noteLogin("server", false), config.owner], ["current", "server"]);
  });
});
