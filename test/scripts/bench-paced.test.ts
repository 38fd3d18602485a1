/** The loads of paced streams: what the programs in C and the rows made of their figures promise. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { spawnSync } from "node:child_process";
import { describe, it, before, after } from "node:test";
import { contestantEnvironment } from "../../scripts/bench/environment.ts";
import { chatRequest } from "../../scripts/bench/paced-contestants.ts";
import { noFigures, streamsRows, takeFigures } from "../../scripts/bench/paced-figures.ts";
import { compilePaced, type PacedOutcome, type PacedPrograms, promptsOf, runLoad } from "../../scripts/bench/paced-load.ts";
import { startServer } from "../../scripts/bench/child-process.ts";
import { Scope } from "../../scripts/bench/scope.ts";

const load = { streams: 3, pace: "model", settleMs: 0, windowMs: 200 } as const;

describe("the prompts of a load", () => {
  it("give each stream a rate from 30 to 100 and a seed of its own", () => {
    const prompts = promptsOf({ streams: 200, pace: "model" }, "/stop");
    const rates = prompts.map((prompt) => Number(/^RATE (\d+) SEED \d+ STOP \/stop$/u.exec(prompt)?.[1]));
    assert.deepEqual([Math.min(...rates), Math.max(...rates)], [30, 100]);
    assert.equal(new Set(prompts).size, 200);
  });

  it("are steady where that is asked for", () => {
    assert.deepEqual(promptsOf({ streams: 1, pace: "steady" }, "/stop"), ["RATE 100 SEED 1 STEADY STOP /stop"]);
  });
});

describe("the rows of a load", () => {
  const measured = (deltas: number, ms: number) =>
    ({ ages: new Float64Array(deltas).fill(ms), cpuMicroseconds: deltas * ms, restMegabytes: 50, megabytes: 60 });
  const samplesOf = (streams: number, oursMs: number, deltas = 10_000) => {
    const samples = noFigures(["ours", "reference"]);
    takeFigures(samples, "ours", streams, measured(deltas, oursMs));
    samples.served["ours"]?.push(streams);
    samples.served["reference"]?.push(7);
    return samples;
  };
  const comparison = (rows: ReturnType<typeof streamsRows>, id: string) => rows.find((row) => row.id === id)?.comparisons[0];

  it("hold 1,000 streams against 200, and their memory against 80 kB", () => {
    const rows = streamsRows(1_000, samplesOf(1_000, 8), samplesOf(200, 2));
    const { value, target } = comparison(rows, "p99-1000") ?? assert.fail();
    assert.deepEqual([value, target], [4, 3]);
    assert.deepEqual([comparison(rows, "stream-memory-1000")?.value, comparison(rows, "stream-memory-1000")?.target], [10, 80]);
  });

  it("hold 200 against the reference", () => {
    const samples = samplesOf(200, 2);
    takeFigures(samples, "reference", 200, measured(10_000, 4));
    const rows = streamsRows(200, samples, undefined);
    assert.deepEqual(["p99-200", "cpu-delta-200", "memory-200"].map((id) => comparison(rows, id)?.target), [0.8, 0.75, 1]);
    assert.equal(comparison(rows, "p99-200")?.value, 0.5);
  });

  it("say who served how many, and have no other figure of who did not serve all", () => {
    const rows = streamsRows(1_000, samplesOf(1_000, 8), undefined);
    assert.deepEqual(rows.find(({ id }) => id === "served-1000")?.sides.map(({ who, summary }) => [who, summary.median]), [["ours", 1_000], ["reference", 7]]);
    assert.deepEqual(rows.find(({ id }) => id === "p99-1000")?.sides.map(({ who }) => who), ["ours"]);
  });

  it("have the 99.9th percentile of 10,000 deltas and more", () => {
    const has = (deltas: number): boolean => streamsRows(10, samplesOf(10, 1, deltas), undefined).some(({ id }) => id === "p999-10");
    assert.deepEqual([has(9_999), has(10_000)], [false, true]);
  });
});

const skip = (process.platform !== "linux" || spawnSync("cc", ["--version"]).error !== undefined) && "it needs Linux and a C compiler";
describe("the clients in C", { skip }, () => {
  const scope = new Scope();
  let programs: PacedPrograms;
  before(async () => {
    programs = await compilePaced(scope) ?? assert.fail();
  });
  after(() => scope.close());

  it("read every delta through the relay in C, and none of the window is older than the run", async () => {
    const env = await contestantEnvironment(scope, { claude: programs.fake });
    const server = await startServer(scope, { command: programs.relay, args: [], cwd: "/", env, ready: /:(\d+) / });
    const { whole, failure, ages, window, cpuMicroseconds } = await runLoad(scope, programs, { server, request: chatRequest }, load);
    assert.deepEqual([whole, failure], [3, ""]);
    assert.equal(Math.round((window.to - window.from) / 1_000), load.windowMs);
    // Three streams of 30 to 100 a second in 200 ms, in bursts.
    assert.ok(ages.length >= 8 && ages.length <= 100, `${ages.length} deltas`);
    assert.ok(ages.every((age) => age > 0 && age < 10_000) && cpuMicroseconds > 0);
  });

  /** What they say of a server that answers each with these pieces, then ends. */
  async function outcomeOf(answer: (write: (piece: string) => void) => void): Promise<PacedOutcome> {
    const http: Server = createServer((request, response) => {
      request.resume().on("end", () => {
        answer((piece) => response.write(piece));
        response.end();
      });
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    try {
      const server = { port: (http.address() as AddressInfo).port, pid: process.pid, stop: async () => {} };
      return await runLoad(scope, programs, { server, request: chatRequest }, { ...load, windowMs: 50 });
    } finally {
      http.close();
    }
  }

  it("know a delta in pieces, two in one text, and one that is told a second time", async () => {
    const outcome = await outcomeOf((write) => {
      for (const piece of ['{"content":"t1234', '56789012 "}\n{"content":"t123456789013 t1234567890', '14 "}', '"text":"t123456789012 t123456789013 "', '{"content":"n3 "}']) write(piece);
    });
    assert.deepEqual([outcome.whole, outcome.failure], [3, ""]);
  });

  it("miss a delta that is not there", async () => {
    const outcome = await outcomeOf((write) => write('{"content":"t123456789012 "}{"content":"n2 "}'));
    assert.equal(outcome.whole, 0);
    assert.match(outcome.failure, /held 1 of 2 deltas; HTTP\/1\.1 200/u);
  });

  it("tell what a server says that does not answer", async () => {
    const outcome = await outcomeOf((write) => write("too many"));
    assert.equal(outcome.whole, 0);
    assert.match(outcome.failure, /broke off after 0 deltas; .*too many/u);
  });
});
