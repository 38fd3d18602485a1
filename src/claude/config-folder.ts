/**
 * A configuration of the server's own for its processes: of the user's they get the login, which the CLI itself reads
 * and refreshes where it is, and nothing that would reach the model or be left behind.
 */

import { join } from "node:path";
import { isObject, type JsonObject } from "./protocol.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export const configFileName = ".claude.json";

/** By these a CLI is logged in without any file or keychain. */
const loginNames = ["CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"];

/** What a request's `metadata` and the CLI's own limits are made of. No address and no name is among them. */
const keptAccountFields = [
  "accountUuid", "organizationUuid", "billingType", "accountCreatedAt", "subscriptionCreatedAt", "ccOnboardingFlags",
  "hasExtraUsageEnabled", "seatTier",
];
/** Without any of these the CLI asks for the account, and then tells the model its e-mail address. */
const emptyAccount = { billingType: null, accountCreatedAt: null, subscriptionCreatedAt: null, ccOnboardingFlags: {} };
/** In 2100: the CLI asks for an account again that it learned more than a day ago. */
const learnedAtMs = Date.UTC(2100, 0);

/** Whether the environment itself holds the login. */
export function isLoggedInByEnvironment(environment: Environment): boolean {
  return loginNames.some((name) => (environment[name] ?? "") !== "");
}

/** The user's configuration file, by the CLI's own rule; undefined where nothing says whose home it is. */
export function usersConfigFile(environment: Environment): string | undefined {
  const folder = environment["CLAUDE_CONFIG_DIR"] || environment["HOME"] || environment["USERPROFILE"];
  return folder === undefined || folder === "" ? undefined : join(folder, configFileName);
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
 * The text that the folder's configuration file should have; undefined where it may stay as it is. `own` and `users`
 * are the texts of the two files, where there are such.
 */
export function ownConfigText(
  environment: Environment, own: string | undefined, users: string | undefined,
): string | undefined {
  const config = parse(own);
  const account = isObject(config?.["oauthAccount"]) ? config["oauthAccount"] : undefined;
  const isByEnvironment = isLoggedInByEnvironment(environment);
  const isOurs = account?.["profileFetchedAt"] === learnedAtMs && account["emailAddress"] === undefined;
  if (config !== undefined && (isByEnvironment || isOurs)) return undefined;
  const theirs = parse(users) ?? {};
  const known = account ?? (isObject(theirs["oauthAccount"]) ? theirs["oauthAccount"] : {});
  const kept = keptAccountFields.flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]] as const]));
  const oauthAccount = { ...emptyAccount, ...Object.fromEntries(kept), profileFetchedAt: learnedAtMs };
  return JSON.stringify({
    ...(config ?? (typeof theirs["userID"] === "string" ? { userID: theirs["userID"] } : {})),
    ...(isByEnvironment ? {} : { oauthAccount }),
  });
}

function parse(text: string | undefined): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
