import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EngineStatus } from "../../../src/engine/engine.ts";
import { healthReport } from "../../../src/api/operations/health.ts";

const status: EngineStatus = {
  installation: { kind: "found", version: "2.1.330" }, loggedIn: true, loginRefusal: undefined, bootFault: undefined, sendsEmail: false, rateLimit: undefined,
  runningTurns: 0, waitingTurns: 0, capabilities: undefined, untested: undefined,
  processes: { all: 0, booting: 0, probed: 0, running: 0, warm: 0, resting: 0, parked: 0, ending: 0 },
  turns: {
    wentOn: 0, rewound: 0, messagesTakenBack: 0, toldOn: { recycled: 0, warm: 0, booted: 0 },
    told: { first_message: 0, unknown_history: 0, in_use: 0, idle_time: 0, evicted: 0, renewed: 0, process_ended: 0, rewind_refused: 0 },
  },
};
interface Claude { readonly account_email_sent: unknown; readonly managed_policy: unknown; readonly notes: readonly string[] }

function claudeOf(more: Partial<EngineStatus>, policy: readonly string[] = []): Claude {
  const report = healthReport({ ...status, ...more }, { version: "1.0.0", isDemo: false, uptimeSeconds: 1, policy });
  return (report as { readonly claude: Claude }).claude;
}

describe("the report of health", () => {
  it("says in the CLI's words that the login was refused, and how there is a new one", () => {
    const report = healthReport({ ...status, loggedIn: false, loginRefusal: "401. Type /login." }, { version: "1.0.0", isDemo: false, uptimeSeconds: 1, policy: [] });
    const { status: word, claude } = report as { readonly status: string; readonly claude: { readonly logged_in: boolean; readonly message: string } };
    assert.deepEqual([word, claude.logged_in, claude.message], ["unavailable", false, "401. Type /login."]);
  });

  it("tells what the processes do, how turns got theirs, and what the CLI can do, once that was tried", () => {
    const processes = { ...status.processes, all: 3, warm: 1, running: 2 };
    const turns = { ...status.turns, wentOn: 5, rewound: 2, messagesTakenBack: 7 };
    const facts = { version: "1.0.0", isDemo: false, uptimeSeconds: 1, policy: [] };
    const reportOf = (more: Partial<EngineStatus>) => healthReport({ ...status, processes, turns, ...more }, facts) as any;
    const capabilities = { rewindSteps: true, rewindMany: false, rewindToEmpty: true, answerTarget: false, setModel: false };
    const report = reportOf({ capabilities });
    assert.deepEqual(report.processes, { all: 3, booting: 0, probed: 0, running: 2, warm: 1, resting: 0, parked: 0, ending: 0 });
    assert.deepEqual(report.turns, { went_on: 5, rewound: 2, messages_taken_back: 7, told: status.turns.told, told_on: status.turns.toldOn });
    assert.deepEqual(report.claude.capabilities, { rewind_steps: true, rewind_many: false, rewind_to_empty: true, answer_target: false, set_model: false });
    assert.equal(reportOf({}).claude.capabilities, null);
  });

  it("says of a version that nobody has tried what is not as expected of it", () => {
    const noteOf = (unexpected: NonNullable<EngineStatus["untested"]>["unexpected"]) => (
      claudeOf({ installation: { kind: "found", version: "2.9.0" }, untested: { newestTested: "2.1.332", unexpected } }).notes.join("\n")
    );
    const begin = "Claude Code 2.9.0 is newer than any that this server was tried with (2.1.332).";
    assert.equal(noteOf(undefined), `${begin} What it can do is not known yet.`);
    assert.equal(noteOf([]), `${begin} What it was asked to do at the start, it did as expected.`);
    assert.equal(noteOf([{ name: "set_model", without: "Each model has its own." }]), `${begin} Not as expected: \`set_model\` (Each model has its own).`);
  });

  it("says nothing more where nothing goes along", () => {
    const { account_email_sent, managed_policy, notes } = claudeOf({});
    assert.deepEqual([account_email_sent, managed_policy, notes], [false, [], []]);
  });

  it("says that the account's address goes to the model, and what ends it", () => {
    const { account_email_sent, notes } = claudeOf({ sendsEmail: true });
    assert.equal(account_email_sent, true);
    assert.match(notes.join("\n"), /e-mail address.*claude setup-token.*CLAUDE_CODE_OAUTH_TOKEN/u);
    assert.equal(claudeOf({ sendsEmail: undefined }).account_email_sent, null, "until the CLI was asked");
  });

  it("says that a managed policy applies, and where it is", () => {
    const { managed_policy, notes } = claudeOf({}, ["/etc/claude-code/CLAUDE.md"]);
    assert.deepEqual([managed_policy, notes.length], [["/etc/claude-code/CLAUDE.md"], 1]);
    assert.match(notes[0] ?? "", /policy/u);
  });
});
