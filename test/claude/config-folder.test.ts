import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { configEnvironment, isLoggedInByEnvironment, ownConfigText, usersConfigFile } from "../../src/claude/config-folder.ts";

const token = { CLAUDE_CODE_OAUTH_TOKEN: "made-up" };
const account = {
  accountUuid: "a", organizationUuid: "o", emailAddress: "ada@example.com", displayName: "Ada", organizationName: "Org",
  billingType: "stripe_subscription", profileFetchedAt: 1,
};
const users = JSON.stringify({ userID: "device", numStartups: 4, mcpServers: { x: {} }, oauthAccount: account });
const in2100 = Date.UTC(2100, 0);
/** What the file comes to, or undefined where it may stay. */
const written = (environment: Readonly<Record<string, string>>, own?: string, theirs?: string): unknown => {
  const text = ownConfigText(environment, own, theirs);
  return text === undefined ? undefined : JSON.parse(text);
};

describe("a configuration of the server's own", () => {
  it("has the login where it is: the user's folder, or the default one, in a file or the keychain", () => {
    assert.deepEqual(configEnvironment({ HOME: "/h" }, "/own"), { CLAUDE_CONFIG_DIR: "/own", CLAUDE_SECURESTORAGE_CONFIG_DIR: "" });
    const environment = { HOME: "/h", CLAUDE_CONFIG_DIR: "/theirs" };
    assert.deepEqual(configEnvironment(environment, "/own"), { CLAUDE_CONFIG_DIR: "/own", CLAUDE_SECURESTORAGE_CONFIG_DIR: "/theirs" });
  });

  it("looks for no login where the environment has one", () => {
    for (const name of ["CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"]) {
      assert.ok(isLoggedInByEnvironment({ [name]: "x" }));
      assert.deepEqual(configEnvironment({ [name]: "x", CLAUDE_CONFIG_DIR: "/theirs" }, "/own"), { CLAUDE_CONFIG_DIR: "/own" });
    }
    assert.ok(!isLoggedInByEnvironment({ CLAUDE_CODE_OAUTH_TOKEN: "" }));
  });

  it("holds of the user's what a request's metadata is made of, and no address and no name", () => {
    assert.deepEqual(written({}, undefined, users), {
      userID: "device",
      oauthAccount: {
        accountUuid: "a", organizationUuid: "o", billingType: "stripe_subscription", accountCreatedAt: null,
        subscriptionCreatedAt: null, ccOnboardingFlags: {}, profileFetchedAt: in2100,
      },
    });
  });

  it("holds an account of nothing where the user's has none, so that the CLI does not ask for it", () => {
    const empty = { billingType: null, accountCreatedAt: null, subscriptionCreatedAt: null, ccOnboardingFlags: {}, profileFetchedAt: in2100 };
    for (const theirs of [undefined, "", "{", "[]", "null", "{}", '{"userID":1,"oauthAccount":2}']) {
      assert.deepEqual(written({}, undefined, theirs), { oauthAccount: empty }, String(theirs));
    }
  });

  it("holds no account with a login in the environment, which may be another's", () => {
    assert.deepEqual(written(token, undefined, users), { userID: "device" });
    assert.deepEqual(written(token), {});
    assert.equal(written(token, '{"numStartups":1}', users), undefined);
  });

  it("stays as the CLI keeps it, until it has learned the account", () => {
    const own = ownConfigText({}, undefined, users);
    assert.equal(written({}, own), undefined);
    const learned = JSON.stringify({ userID: "device", numStartups: 9, oauthAccount: { ...account, profileFetchedAt: in2100 } });
    const { numStartups, oauthAccount } = written({}, learned) as { numStartups: number; oauthAccount: object };
    assert.equal(numStartups, 9);
    assert.ok(!JSON.stringify(oauthAccount).includes("ada@") && JSON.stringify(oauthAccount).includes('"accountUuid":"a"'));
    const refreshed = JSON.stringify({ oauthAccount: { ...account, emailAddress: undefined } });
    assert.equal((written({}, refreshed) as { oauthAccount: { profileFetchedAt: number } }).oauthAccount.profileFetchedAt, in2100);
  });
});

it("the user's configuration file is where the CLI looks for it", () => {
  assert.equal(usersConfigFile({ HOME: "h" }), join("h", ".claude.json"));
  assert.equal(usersConfigFile({ HOME: "h", CLAUDE_CONFIG_DIR: "c" }), join("c", ".claude.json"));
  assert.equal(usersConfigFile({ USERPROFILE: "u" }), join("u", ".claude.json"));
  assert.equal(usersConfigFile({}), undefined);
});
