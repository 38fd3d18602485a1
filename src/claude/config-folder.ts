/**
 * A configuration of the server's own for its processes. The CLI itself reads and refreshes the user's login where it
 * is; nothing of the user's own configuration, which may hold an API key, is read here.
 */

import { isObject, type JsonObject } from "./protocol.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const configFileName = ".claude.json";

/** By these a CLI is logged in without any file or keychain. */
const loginNames = ["CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"];

/** If any one of these fields is missing, the CLI fetches the profile, and then tells the model its e-mail address. */
const emptyAccount = { billingType: null, accountCreatedAt: null, subscriptionCreatedAt: null, ccOnboardingFlags: {} };
/** The CLI fetches the profile again when `profileFetchedAt` is over a day old, so it is set to the year 2100. */
const learnedAtMs = Date.UTC(2100, 0);

/** Whether the environment itself holds the login. */
export function isLoggedInByEnvironment(environment: Environment): boolean {
  return loginNames.some((name) => (environment[name] ?? "") !== "");
}

/** What makes a process use the folder at `path`. */
export function configEnvironment(environment: Environment, path: string): Record<string, string> {
  const login = isLoggedInByEnvironment(environment) ? {} : {
    // Where the login is, in a file or under the keychain's name that is made from this: empty is the default place.
    CLAUDE_SECURESTORAGE_CONFIG_DIR: environment["CLAUDE_CONFIG_DIR"] ?? "",
  };
  return { CLAUDE_CONFIG_DIR: path, ...login };
}

/**
 * The text that the folder's configuration file should have; undefined where it may stay as it is. `text` is what the
 * server or a process of it wrote there before; `deviceId` goes along with each request, in its `metadata`.
 */
export function ownConfigText(
  environment: Environment, text: string | undefined, deviceId: string,
): string | undefined {
  const config = parse(text);
  const isByEnvironment = isLoggedInByEnvironment(environment);
  if (config !== undefined && (isByEnvironment || isOwnAccount(config["oauthAccount"]))) return undefined;
  const oauthAccount = { ...emptyAccount, profileFetchedAt: learnedAtMs };
  return JSON.stringify({ userID: deviceId, ...config, ...(isByEnvironment ? {} : { oauthAccount }) });
}

/** Whether it is the account that was written here, not one that the CLI has fetched since. */
function isOwnAccount(account: unknown): boolean {
  return isObject(account) && account["profileFetchedAt"] === learnedAtMs && account["emailAddress"] === undefined;
}

function parse(text: string | undefined): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
