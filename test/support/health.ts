/** What `/health` tells, and a wait for it to tell something: counters give no event. */
import { setTimeout as delay } from "node:timers/promises";

export interface Health {
  readonly status: string;
  readonly running_turns: number;
  readonly waiting_turns: number;
  readonly processes: Readonly<Record<"all" | "booting" | "probed" | "running" | "warm" | "resting" | "parked" | "ending", number>>;
  readonly turns: {
    readonly went_on: number; readonly rewound: number; readonly messages_taken_back: number;
    readonly told: Readonly<Record<string, number>>; readonly told_on: Readonly<Record<string, number>>;
  };
  readonly claude: {
    readonly found: boolean; readonly version: string | null; readonly logged_in: boolean | null;
    readonly account_email_sent: boolean | null; readonly capabilities: Readonly<Record<string, boolean>> | null; readonly notes: readonly string[]; readonly message: string | null;
  };
}

/** Between two looks: a tenth of what was waited so far, as each look takes time from what it waits for. */
const pollMs = { min: 10, max: 200 };
/** Many CLIs may boot at once on a machine with two cores. */
const waitMsMax = 60_000;

export async function healthOf(url: string): Promise<Health> {
  return await (await fetch(`${url}/health`)).json() as Health;
}

/** The first health that fits; rejects after a minute. */
export async function waitForHealth(url: string, fits: (health: Health) => boolean): Promise<Health> {
  const start = performance.now();
  for (;;) {
    const health = await healthOf(url);
    if (fits(health)) return health;
    const waitedMs = performance.now() - start;
    if (waitedMs > waitMsMax) throw new Error(`/health did not come to it: ${JSON.stringify(health)}`);
    await delay(Math.min(pollMs.max, Math.max(pollMs.min, waitedMs / 10)));
  }
}
