import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configEnvironment, isLoggedInByEnvironment, ownConfigText } from "../../src/claude/config-folder.ts";

const token = { CLAUDE_CODE_OAUTH_TOKEN: "made-up" };
const account = {
  accountUuid: "a", organizationUuid: "o", emailAddress: "ada@example.com", displayName: "Ada", organizationName: "Org",
  billingType: "stripe_subscription", profileFetchedAt: 1,
};
const in2100 = Date.UTC(2100, 0);
const empty = { billingType: null, accountCreatedAt: null, subscriptionCreatedAt: null, ccOnboardingFlags: {}, profileFetchedAt: in2100 };
/** What the file comes to, or undefined where it may stay. */
const written = (environment: Readonly<Record<string, string>>, before?: string): unknown => {
  const text = ownConfigText(environment, before, "device");
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

  it("holds a device and an account of nothing, so that the CLI does not ask for one", () => {
    for (const before of [undefined, "", "{", "[]", "null", "{}", '{"oauthAccount":2}']) {
      assert.deepEqual(written({}, before), { userID: "device", oauthAccount: empty }, String(before));
    }
  });

  it("holds no account with a login in the environment", () => {
    assert.deepEqual(written(token), { userID: "device" });
    assert.equal(written(token, '{"numStartups":1}'), undefined);
  });

  it("stays as the CLI keeps it, until it has learned the account", () => {
    assert.equal(written({}, ownConfigText({}, undefined, "device")), undefined);
    for (const learned of [account, { ...account, profileFetchedAt: in2100 }, { ...account, emailAddress: undefined }]) {
      const config = JSON.stringify({ userID: "earlier", numStartups: 9, oauthAccount: learned });
      assert.deepEqual(written({}, config), { userID: "earlier", numStartups: 9, oauthAccount: empty });
    }
  });
});
