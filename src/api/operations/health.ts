import { jsonLatin1 } from "../../json-text.ts";
import type { Lookup, RateLimitWindow } from "../dialect.ts";

/** What is known of the CLI on this machine. `message` says why it cannot be used. */
type InstallationFacts =
  | { readonly kind: "found"; readonly version: string }
  | { readonly kind: "unusable"; readonly version: string | undefined; readonly message: string };

/** A version of the CLI that nobody has tried yet. */
interface UntestedFacts {
  readonly newestTested: string;
  /** What it cannot do that the newest that was tried can, and what happens so; undefined until it was asked. */
  readonly unexpected: readonly { readonly name: string; readonly without: string }[] | undefined;
}

/** How turns got their processes. */
export interface TurnFacts {
  readonly wentOn: number;
  readonly rewound: number;
  readonly messagesTakenBack: number;
  readonly told: Readonly<Record<string, number>>;
  readonly toldOn: Readonly<Record<string, number>>;
}

/** The engine's state that `/health` reports. */
export interface EngineFacts {
  /** Undefined until the search for the CLI is over. */
  readonly installation: InstallationFacts | undefined;
  /** Undefined until the CLI has reported it. */
  readonly loggedIn: boolean | undefined;
  /** The API's words, if it refused the login when it was last asked. */
  readonly loginRefusal: string | undefined;
  /** Why the CLI's processes do not come up; undefined if they do. */
  readonly bootFault: string | undefined;
  /** True: the CLI sends the account's e-mail address to the model. Undefined until that is known. */
  readonly sendsEmail: boolean | undefined;
  /** The subscription's rate limit window, as the CLI reported it last. */
  readonly rateLimit: RateLimitWindow | undefined;
  readonly runningTurns: number;
  readonly waitingTurns: number;
  /** How many processes there are, in all and by what they do. */
  readonly processes: Readonly<Record<string, number>>;
  /** What the CLI can do; undefined until it was tried. */
  readonly capabilities: Readonly<Record<string, boolean>> | undefined;
  /** Set where the CLI is newer than any that was tried. */
  readonly untested: UntestedFacts | undefined;
  readonly turns: TurnFacts;
}

/** Facts about the server that do not change while it runs. */
export interface ServerFacts {
  readonly version: string;
  readonly isDemo: boolean;
  /** Milliseconds since the epoch, when the server started. */
  readonly startedAtMs: number;
  /** Looks for a managed policy's files on this machine, and returns their paths. */
  readonly findPolicy: () => readonly string[];
}

/** The server's facts at the time of a request. */
export interface HealthFacts {
  readonly version: string;
  readonly isDemo: boolean;
  readonly uptimeSeconds: number;
  /** The paths of the managed policy's files that exist. */
  readonly policy: readonly string[];
}

const notLoggedIn = "The Claude CLI is not logged in: run `claude` and type /login.";

/** `GET /health`. */
export function health(engine: { readonly status: EngineFacts }, server: ServerFacts): Lookup {
  const { version, isDemo, startedAtMs, findPolicy } = server;
  return () => {
    const uptimeSeconds = Math.floor((Date.now() - startedAtMs) / 1000);
    return jsonLatin1(healthReport(engine.status, { version, isDemo, uptimeSeconds, policy: findPolicy() }));
  };
}

/** Makes the body of `/health`. It says that the e-mail address or a policy reaches the model; it shows neither. */
export function healthReport(status: EngineFacts, { version, isDemo, uptimeSeconds, policy }: HealthFacts): object {
  const { installation, loggedIn, bootFault, sendsEmail, rateLimit, turns } = status;
  const isUsable = installation?.kind === "found" && loggedIn !== false && bootFault === undefined;
  return {
    status: installation === undefined ? "starting" : isUsable ? "ok" : "unavailable",
    version,
    demo: isDemo,
    uptime_seconds: uptimeSeconds,
    running_turns: status.runningTurns,
    waiting_turns: status.waitingTurns,
    processes: status.processes,
    turns: {
      went_on: turns.wentOn, rewound: turns.rewound, messages_taken_back: turns.messagesTakenBack,
      told: turns.told, told_on: turns.toldOn,
    },
    rate_limit: rateLimit === undefined ? null : {
      status: rateLimit.status, window: rateLimit.rateLimitType ?? null,
      utilization: rateLimit.utilization ?? null, resets_at: rateLimit.resetsAt ?? null,
    },
    claude: {
      found: installation?.kind === "found",
      version: installation?.version ?? null,
      logged_in: loggedIn ?? null,
      account_email_sent: sendsEmail ?? null,
      capabilities: capabilitiesOf(status),
      managed_policy: policy,
      notes: notesOf(status, policy),
      message: claudeMessage(status),
    },
  };
}

/** Notes on what the model gets without any client asking for it, and on how to end that where it is possible. */
function notesOf({ sendsEmail, installation, untested }: EngineFacts, policy: readonly string[]): string[] {
  return [
    ...(sendsEmail === true ? [
      "The Claude CLI tells the model the account's e-mail address. To end that, run `claude setup-token` and give the "
      + "server its token in CLAUDE_CODE_OAUTH_TOKEN.",
    ] : []),
    ...(policy.length > 0 ? [
      "Whoever runs this machine has set a policy for Claude Code. It applies to every answer here: its instructions "
      + "go to the model, and its hooks see the prompts.",
    ] : []),
    ...(untested === undefined ? [] : [
      `Claude Code ${installation?.version ?? ""} is newer than any that this server was tried with `
      + `(${untested.newestTested}). ${surprisesOf(untested)}`,
    ]),
  ];
}

function surprisesOf({ unexpected }: UntestedFacts): string {
  if (unexpected === undefined) return "What it can do is not known yet.";
  if (unexpected.length === 0) return "What it was asked to do at the start, it did as expected.";
  const surprises = unexpected.map(({ name, without }) => `\`${name}\` (${without.replace(/\.$/u, "")})`);
  return `Not as expected: ${surprises.join(", ")}.`;
}

/** Explains why the CLI cannot be used; null when it can, or when that is not known yet. */
function claudeMessage({ installation, loggedIn, loginRefusal, bootFault }: EngineFacts): string | null {
  if (installation?.kind === "unusable") return installation.message;
  if (bootFault !== undefined) return bootFault;
  return loggedIn === false ? loginRefusal ?? notLoggedIn : null;
}

/** The rows of `claude/capability-rows.ts` that were tried, under names in the report's style; null before that. */
function capabilitiesOf({ capabilities }: EngineFacts): Readonly<Record<string, boolean>> | null {
  if (capabilities === undefined) return null;
  return Object.fromEntries(Object.entries(capabilities).map(([name, can]) => (
    [name.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`), can]
  )));
}
