import type { EngineStatus } from "../engine/engine.ts";

/** What is known of the server beside its engine. */
export interface HealthFacts {
  readonly version: string;
  readonly isDemo: boolean;
  readonly uptimeSeconds: number;
  /** The parts of a managed policy that are there, by their paths. */
  readonly policy: readonly string[];
}

/** The body of `/health`. It tells whether something goes to the model, never what. */
export function healthReport(status: EngineStatus, { version, isDemo, uptimeSeconds, policy }: HealthFacts): object {
  const { installation, loggedIn, sendsEmail, rateLimit } = status;
  const isUsable = installation?.kind === "found" && loggedIn !== false;
  return {
    status: installation === undefined ? "starting" : isUsable ? "ok" : "unavailable",
    version,
    demo: isDemo,
    uptime_seconds: uptimeSeconds,
    running_turns: status.runningTurns,
    waiting_turns: status.waitingTurns,
    processes: {
      all: status.processes, warm: status.warmProcesses, resting_conversations: status.restingConversations,
    },
    reuse: status.reuse,
    rate_limit: rateLimit === undefined ? null : {
      status: rateLimit.status, window: rateLimit.rateLimitType ?? null,
      utilization: rateLimit.utilization ?? null, resets_at: rateLimit.resetsAt ?? null,
    },
    claude: {
      found: installation?.kind === "found",
      version: installation?.version ?? null,
      logged_in: loggedIn ?? null,
      account_email_sent: sendsEmail ?? null,
      managed_policy: policy,
      notes: notesOf(status, policy),
      message: installation?.kind === "unusable" ? installation.message
        : loggedIn === false ? "The Claude CLI is not logged in: run `claude` and type /login." : null,
    },
  };
}

/** What goes along to the model, or applies to it, that no client has asked for; with what ends it. */
function notesOf({ sendsEmail }: EngineStatus, policy: readonly string[]): string[] {
  return [
    ...(sendsEmail === true ? [
      "The Claude CLI tells the model the account's e-mail address. To end that, run `claude setup-token` and give the "
      + "server its token in CLAUDE_CODE_OAUTH_TOKEN.",
    ] : []),
    ...(policy.length > 0 ? [
      "Whoever runs this machine has set a policy for Claude Code. It applies to every answer here: its instructions "
      + "go to the model, and its hooks see the prompts.",
    ] : []),
  ];
}
