/** The made-up CLI that remembers takes back what the real ones do. `test/real/rewind.test.ts` plays the same cases. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { startCli } from "./claude-stdio.ts";
import { platformEnvironment } from "./real-claude.ts";
import { relaysUnavailable } from "./relays.ts";
import { type RememberingClaude, startRememberingClaude } from "./remembering-claude.ts";
import type { RewindFault } from "./remembered-faults.ts";
import { rewindCases } from "./rewind-cases.ts";
import { rewindAbilities } from "./rewindable-history.ts";
import { Rewinding, seenSinceStart } from "./rewinding.ts";
import { temporaryFolder } from "./temporary-folder.ts";

async function start(
  t: TestContext, version: keyof typeof rewindAbilities, hasTool: boolean,
): Promise<{ readonly claude: RememberingClaude; readonly cli: Rewinding; readonly exited: Promise<unknown> }> {
  const claude = await startRememberingClaude(t, 1, { abilities: rewindAbilities[version] });
  const env = { ...platformEnvironment(), ...claude.environment };
  const stdio = startCli(t, claude.path, env, await temporaryFolder(t), ["--model", "opus"]);
  const cli = new Rewinding(stdio);
  await cli.initialize(hasTool);
  return { claude, cli, exited: stdio.exited };
}

describe("the made-up CLI that rewinds", { skip: relaysUnavailable }, () => {
  for (const version of ["2.1.330", "2.1.197"] as const) {
    it(`takes back what ${version} takes back, and nothing else`, async (t) => {
      const { claude, cli } = await start(t, version, true);
      let seen = "";
      claude.onTurn = ({ told }) => {
        seen = seenSinceStart(told.messages);
      };
      for (const { name, play, expected, seen: shouldSee, fault } of rewindCases) {
        await cli.ask("start");
        const faults = claude.violations.length;
        assert.deepEqual(await play(cli), expected[version], name);
        await cli.ask("next");
        assert.equal(seen, shouldSee[version], name);
        // To go on with a process that has refused is a fault of the server.
        const isRefused = expected[version].some((answer) => answer !== "rewound");
        const known = [...(fault === undefined ? [] : [fault]), ...(isRefused ? ["was told more after a refused rewind"] : [])];
        assert.deepEqual(claude.violations.slice(faults).map((words) => words.replace(/^process \d+ /u, "")), known, name);
      }
    });
  }

  it("can be emptied as 2.1.330 can, and not as 2.1.197", async (t) => {
    for (const [version, outcome, seen] of [["2.1.330", "rewound", "next"], ["2.1.197", "no preceding assistant", "one A next"]] as const) {
      const { claude, cli } = await start(t, version, false);
      const first = await cli.ask("one");
      assert.equal(await cli.rewind(first), outcome);
      claude.onTurn = ({ told }) => assert.equal(seenSinceStart(told.messages), seen);
      await cli.ask("next");
      assert.equal(claude.counts.turns, 2);
    }
  });

  it("knows no such request as 2.1.160", async (t) => {
    const { cli } = await start(t, "2.1.160", false);
    assert.equal(await cli.rewind(await cli.ask("one")), "unsupported");
  });

  it("tells of a message that is told before a rewind was answered, and of one behind an interrupt", async (t) => {
    const { claude, cli } = await start(t, "2.1.330", false);
    await cli.begin("(held)", "text");
    await cli.interrupt();
    const prompt = await cli.ask("next");
    assert.match(claude.violations.join(), /^process \d+ was told more after an interrupt$/u);
    await Promise.all([cli.rewind(prompt), cli.ask("next")]);
    assert.match(claude.violations[1] ?? "", /was told more before a rewind was answered$/u);
  });

  describe("has faults at a rewind", () => {
    const meet = async (t: TestContext, fault: RewindFault) => {
      const started = await start(t, "2.1.330", false);
      started.claude.faultOfRewind = () => fault;
      const prompt = await started.cli.begin("(held)", "text");
      const rewound = started.cli.rewind(prompt, { interrupt_if_running: true });
      return { ...started, rewound };
    };

    it("refuses it, and has interrupted all the same", async (t) => {
      const { claude, cli, rewound } = await meet(t, "refused");
      assert.equal(await rewound, "stale target");
      claude.onTurn = ({ told }) => assert.equal(seenSinceStart(told.messages), "(held) A [Request interrupted by user]+next");
      await cli.ask("next");
      assert.deepEqual(claude.counts, { processes: 1, rehearsals: 0, turns: 2, rewinds: { granted: 0, refused: 1 } });
    });

    it("answers in a way that nobody understands", async (t) => {
      const { rewound } = await meet(t, "garbled");
      assert.equal(await rewound, "undefined");
    });

    it("dies", async (t) => {
      const { rewound, exited } = await meet(t, "dies");
      await assert.rejects(rewound, /signal SIGKILL/u);
      await exited;
    });

    it("never answers", async (t) => {
      const { claude, cli, rewound } = await meet(t, "unanswered");
      await cli.interrupt();
      await cli.ask("next");
      assert.match(claude.violations.join(), /was told more before a rewind was answered$/u);
      const isAnswered = await Promise.race([rewound.then(() => true, () => true), Promise.resolve(false)]);
      assert.equal(isAnswered, false);
    });
  });
});
