import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ownTimes, ownTimesText, selfTimes, selfTimesText } from "../../scripts/bench/cpu-profile.ts";
import { describeMachine } from "../../scripts/bench/machine.ts";
import { parseOptions, roundsOf } from "../../scripts/bench/options.ts";
import { isKept, resultText } from "../../scripts/bench/report.ts";
import { atLeast, difference, figure, ratio, ratioText, row, type BenchResult } from "../../scripts/bench/result.ts";

describe("the arguments", () => {
  it("have defaults", () => assert.deepEqual(parseOptions([]), { rounds: undefined, isQuick: false, withCpuProfile: false, streams: undefined, cli: undefined, reference: undefined, build: undefined, before: undefined }));
  it("are read", () => assert.deepEqual(parseOptions(["--rounds", "3", "--quick", "--cpu-prof", "--streams", "1,200", "--cli", "2.1.197", "--reference", "x", "--build", "y", "--before", "z"]), { rounds: 3, isQuick: true, withCpuProfile: true, streams: [1, 200], cli: "2.1.197", reference: "x", build: "y", before: "z" }));
  for (const argv of [["--rounds"], ["--rounds", "0"], ["--rounds", "many"], ["--reference"], ["--streams"], ["--streams", "1,"], ["--before"], ["--cli", "1.2.3"], ["--fast"]]) {
    it(`are refused by name: ${argv.join(" ")}`, () => assert.throws(() => parseOptions(argv), new RegExp(argv[0] ?? "")));
  }
  it("decide the rounds: asked for, quick, usual", () => {
    const rounds = (argv: string[]) => roundsOf(parseOptions(argv), 7);
    assert.deepEqual([rounds(["--rounds", "3", "--quick"]), rounds(["--quick"]), rounds([])], [3, 1, 7]);
  });
});

describe("a result is kept", () => {
  const isKeptWith = (...argv: string[]): boolean => isKept(parseOptions(argv));
  it("of a whole run of the source", () => assert.ok(isKeptWith("--rounds", "2", "--cpu-prof")));
  for (const argv of [["--quick"], ["--streams", "1"], ["--cli", "2.1.197"], ["--build", "x"], ["--before", "x"]]) {
    it(`but not with ${argv[0]}`, () => assert.ok(!isKeptWith(...argv)));
  }
});

describe("a figure", () => {
  it("has as many digits as a measurement carries", () => {
    assert.deepEqual([figure(0.123, "ms"), figure(12.34, "ms"), figure(1234.5, "ms"), figure(49240, "bytes")], ["0.12 ms", "12.3 ms", "1,235 ms", "49,240 bytes"]);
  });
  it("that counts is whole and has no unit; one that says how often has its own", () => {
    assert.deepEqual([figure(32, "count"), figure(2.4, "a second")], ["32", "2.40 a second"]);
  });
  it("that is a ratio too", () => assert.deepEqual([ratioText(0.0412), ratioText(0.28), ratioText(3.5), ratioText(12.34), ratioText(250)], ["0.041", "0.28", "3.50", "12.3", "250"]));
});

describe("a result as text", () => {
  const ours = [1, 2, 3];
  const reference = [10, 20, 30];
  const result: BenchResult = {
    name: "made-up", title: "A title", method: "A method.", date: "2026-01-01", isQuick: true, rounds: 3,
    machine: { cpu: "A CPU", cores: 2, memoryGigabytes: 4, os: "linux 6 x64", node: "v20.0.0" }, versions: { us: "1.0.0" }, notes: ["A note."],
    rows: [row("one", "A row", "ms", { ours, reference }, [ratio("ours to reference", ours, reference, 0.2), difference("over", 5, 4), atLeast(3, difference("more", 5)), atLeast(6, difference("less", 5))])],
  };
  const text = resultText(result);
  it("shows both sides, with the spread", () => {
    assert.match(text, /ours +2\.00 ms +\(1\.00 ms to 3\.00 ms\)/);
    assert.match(text, /reference +20\.0 ms/);
  });
  it("says whether a target was met", () => {
    assert.match(text, /ours to reference: 0\.10, target 0\.2: met/);
    assert.match(text, /over: 5\.00 ms, target 4: MISSED/);
    assert.match(text, /more: 5\.00 ms, target at least 3: met/);
    assert.match(text, /less: 5\.00 ms, target at least 6: MISSED/);
  });
  it("names machine, versions and notes, and owns up to being quick", () => {
    for (const part of ["A CPU, 2 cores", "us 1.0.0", "* A note.", "quick: not a measurement"]) assert.ok(text.includes(part), part);
  });
});

describe("the machine", () => {
  it("is told without a path or a host", () => {
    const words = JSON.stringify(describeMachine());
    assert.ok(!words.includes("/home") && !words.includes("\\\\"), words);
    assert.match(describeMachine().os, /^\w+ [\w.]+ \w+$/);
  });
});

describe("a CPU profile", () => {
  const profile = JSON.stringify({
    startTime: 500_000,
    nodes: [
      { id: 1, callFrame: { functionName: "(idle)", url: "", lineNumber: -1 } },
      { id: 2, callFrame: { functionName: "take", url: "file:///somewhere/of/mine/dist/engine/answer.js", lineNumber: 9 } },
      { id: 3, callFrame: { functionName: "", url: "node:net", lineNumber: 0 } },
      { id: 4, callFrame: { functionName: "take", url: "file:///somewhere/of/mine/dist/engine/answer.js", lineNumber: 9 } },
    ],
    samples: [1, 2, 3, 4], timeDeltas: [9_000, 2_000, 1_000, 1_000],
  });
  it("gives self times without idle, the same function's together, the most first", () => {
    assert.deepEqual(selfTimes(profile, 5), [
      { name: "take dist/engine/answer.js:10", ms: 3, share: 0.75 }, { name: "(anonymous) node:net:1", ms: 1, share: 0.25 },
    ]);
  });
  it("of a part gives what was sampled in it, by function and file and not by line", () => {
    assert.deepEqual(ownTimes(profile, { from: 511_000, to: 512_000 }).map(({ function: name, file, ms }) => [name, file, ms]), [
      ["take", "dist/engine/answer.js", 2], ["(anonymous)", "node:net", 1],
    ]);
  });
  it("as a table has shares and microseconds a delta, of functions and of files", () => {
    const text = ownTimesText(ownTimes(profile), 1_000);
    assert.match(text, /^ {2}75\.0 % {5}3\.00 {2}take {9}dist\/engine\/answer\.js$/mu);
    assert.match(text, /^ 100\.0 % {5}4\.00 {2}all, without idle time$/mu);
    assert.match(text, /^ {2}25\.0 % {5}1\.00 {2}node:net$/mu);
  });
  it("names no path of the machine", () => assert.ok(!selfTimesText(selfTimes(profile, 5)).includes("mine")));
});
