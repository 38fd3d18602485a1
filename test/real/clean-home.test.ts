/** The real CLI in a home that was lived in: nothing is written there, and the account's address stays there. */
import assert from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type AnthropicStub, textAnswer } from "../support/anthropic-stub.ts";
import { type BridgeProcess, startBridge } from "../support/bridge-process.ts";
import { healthOf, waitForHealth } from "../support/health.ts";
import { accountId, deviceId, displayName, emailAddress, organizationId, organizationName } from "../support/lived-in-account.ts";
import { type LivedInHome, makeLivedInHome } from "../support/lived-in-home.ts";
import { today, workingFolderIn } from "../support/lived-in-server.ts";
import { judgeRawBody } from "../support/raw-body-judge.ts";
import { claudePath, type ClaudeVersion, claudeVersions } from "../support/real-claude.ts";
import { claudesOf } from "../support/real-server.ts";
import { chatRequest } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startWatchedProxy } from "../support/watched-proxy.ts";
import { startStub } from "../support/watched-stub.ts";

interface Scene {
  readonly stub: AnthropicStub;
  readonly home: LivedInHome;
  readonly homePath: string;
  /** Where temporary files go. */
  readonly temporaryPath: string;
  readonly start: () => Promise<BridgeProcess>;
  /** `CONNECT host:port` of each that wanted out. */
  readonly wanted: readonly string[];
}

async function startScene(t: TestContext, version: ClaudeVersion, further: Readonly<Record<string, string>>): Promise<Scene> {
  const folder = await temporaryFolder(t);
  const stub = await startStub(t, { respond: () => textAnswer(["Hello."]) });
  const home = makeLivedInHome(stub.url, folder);
  const proxy = await startWatchedProxy(t);
  const start = async (): Promise<BridgeProcess> => {
    const bridge = await startBridge(t, {
      args: ["--claude", claudePath(version), "--pass-env", "ANTHROPIC_BASE_URL"],
      env: { ...home.environment, ...proxy.environment, ...further },
    });
    await waitForHealth(bridge.url, ({ claude, processes }) => claude.logged_in === true && processes.warm > 0);
    return bridge;
  };
  const [homePath, temporaryPath] = [home.environment["HOME"] ?? "", home.environment["TMPDIR"] ?? ""];
  return { stub, home, homePath, temporaryPath, start, wanted: proxy.wanted };
}

/** Every path below the folder. */
const pathsIn = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

/** The same with the folder itself, and with what changes when somebody writes to it. */
function treeOf(folder: string): string[] {
  return ["", ...pathsIn(folder)].map((name) => {
    const { mode, size, mtimeMs, ino } = lstatSync(join(folder, name));
    return [name, mode, size, mtimeMs, ino].join(" ");
  }).sort();
}

async function converse(url: string, words: readonly string[]): Promise<void> {
  const messages: object[] = [];
  for (const word of words) {
    messages.push({ role: "user", content: word });
    const response = await chatRequest(url, { model: "sonnet", messages });
    assert.equal(response.status, 200, await response.text());
    messages.push({ role: "assistant", content: "Hello." });
  }
}

const metadataOf = ({ body }: AnthropicStub["requests"][number]): { readonly device_id: string; readonly account_uuid: string } =>
  JSON.parse((body["metadata"] as { readonly user_id: string }).user_id);

/** Empty folders: one that every use of that CLI makes. */
const leftBy: Readonly<Record<ClaudeVersion, readonly string[]>> = {
  "2.1.330": [], "2.1.197": [`claude-${process.getuid?.() ?? 0}`],
};

/** What the user's own configuration tells of the account, and of the machine. */
const ofTheAccount = [emailAddress, emailAddress.split("@")[0] ?? "", accountId, organizationId, displayName, organizationName, deviceId];

const logins = {
  "by file": {},
  "by token": { CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-made-up-for-tests" },
} as const;

for (const version of claudeVersions) {
  describe(`claude ${version} with a lived-in home`, { concurrency: 1 }, () => {
    for (const [what, further] of Object.entries(logins)) {
      it(`writes nothing there and tells nobody the account's address, names and numbers, logged in ${what}`, async (t) => {
        const { stub, homePath, temporaryPath, start, wanted } = await startScene(t, version, further);
        const [before, temporaryBefore] = [treeOf(homePath), pathsIn(temporaryPath)];
        const bridge = await start();
        await converse(bridge.url, ["one", "two"]);
        for (const pid of claudesOf(bridge)) process.kill(pid, "SIGKILL");
        await converse(bridge.url, ["one", "two", "three"]);
        const { claude } = await healthOf(bridge.url);
        assert.deepEqual([claude.account_email_sent, claude.notes], [false, []]);
        await bridge.stop();
        assert.deepEqual(treeOf(homePath), before);
        const left = pathsIn(temporaryPath).filter((path) => !temporaryBefore.includes(path));
        assert.deepEqual(left, leftBy[version], "nothing else is left where temporary files are");

        const devices = new Set<string>();
        for (const request of stub.requests) {
          const text = `${request.bodyText}${JSON.stringify(request.headers)}`;
          assert.deepEqual(ofTheAccount.filter((word) => text.includes(word)), [], "it went up");
          const { device_id, account_uuid } = metadataOf(request);
          assert.match(device_id, /^[0-9a-f]{64}$/);
          assert.deepEqual([device_id === deviceId, account_uuid], [false, ""], "not the user's own");
          devices.add(device_id);
        }
        assert.ok(stub.requests.length >= 4);
        assert.equal(devices.size, 1, "one device for all processes");
        assert.deepEqual(wanted, [], "nobody was asked for the account");
      });
    }

    it("uses the user's configuration where the login is in it, and /health says what goes along", async (t) => {
      const { stub, home, homePath, start } = await startScene(t, version, {});
      // As where the login is nowhere that another configuration could have it.
      const key = "sk-ant-api03-made-up-for-tests";
      const file = join(homePath, ".claude.json");
      const config = JSON.parse(readFileSync(file, "utf8")) as object;
      writeFileSync(file, JSON.stringify({ ...config, primaryApiKey: key, customApiKeyResponses: { approved: [key.slice(-20)] } }));
      writeFileSync(join(homePath, ".claude", ".credentials.json"), "{}");
      const bridge = await start();
      await converse(bridge.url, ["one", "two"]);
      const known = {
        "e-mail address": home.emailAddress, device: deviceId, account: [accountId, ""],
        date: today(), "working folder": workingFolderIn(home), "cache time": "",
      };
      const [one, two] = stub.requests.map(({ bodyText }) => bodyText);
      const messages = [{ role: "user", content: "one" }];
      const further = [{ role: "assistant", content: "Hello." }, { role: "user", content: "two" }];
      for (const [bodyText = "", said] of [[one, messages], [two, [...messages, ...further]]] as const) {
        assert.deepEqual(judgeRawBody(bodyText, { model: "sonnet", messages: said }, { version, known }), []);
      }
      assert.equal(stub.requests.length, 2);
      const { claude } = await healthOf(bridge.url);
      assert.ok(stub.requests.some(({ bodyText }) => bodyText.includes(home.emailAddress)), "the address goes up");
      assert.equal(claude.account_email_sent, true);
      assert.equal(claude.notes.length, 1);
      assert.ok(!JSON.stringify(claude).includes(home.emailAddress));
      assert.equal(stub.requests.at(-1)?.headers["x-api-key"], key);
    });
  });
}
