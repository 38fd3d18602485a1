/**
 * A configuration folder of the server's own for its processes. The CLI still reads the user's login in the user's
 * folder, and refreshes it there. The user's own configuration, which may hold an API key, is not read here.
 */

import { isObject, type JsonObject } from "./protocol.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The configuration file in a configuration folder. */
export const configFileName = ".claude.json";

/** Environment variables that hold a login: a CLI that has one of them needs no file or keychain. */
const loginNames = ["CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"];

/**
 * The account in the server's configuration file, with nothing in its fields. If one of the fields were missing, the
 * CLI would fetch the account's profile from the API, and then tell the model the e-mail address in it.
 */
const emptyAccount = { billingType: null, accountCreatedAt: null, subscriptionCreatedAt: null, ccOnboardingFlags: {} };
/** A time in the year 2100. The CLI fetches the profile again when `profileFetchedAt` is more than a day ago. */
const learnedAtMs = Date.UTC(2100, 0);

/** Whether the environment itself holds the login. */
export function isLoggedInByEnvironment(environment: Environment): boolean {
  return loginNames.some((name) => (environment[name] ?? "") !== "");
}

/** The environment variables that make a process use the configuration folder at `path`, with the user's login. */
export function configEnvironment(environment: Environment, path: string): Record<string, string> {
  const login = isLoggedInByEnvironment(environment) ? {} : {
    // The folder whose login the CLI uses: the login is in a file there, or in the keychain under a name made from the
    // folder's path. Empty stands for the CLI's default folder.
    CLAUDE_SECURESTORAGE_CONFIG_DIR: environment["CLAUDE_CONFIG_DIR"] ?? "",
  };
  return { CLAUDE_CONFIG_DIR: path, ...login };
}

/**
 * The text that the folder's configuration file should have; undefined if the file may stay as it is. `text` is the
 * file's present text, which the server or one of its processes wrote; undefined if there is no file. The CLI sends
 * `deviceId` to the API with each request, in `metadata`.
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

/** Whether an account is the one that `ownConfigText` writes, not one that the CLI has fetched since. */
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
