/** The made-up CLIs of test/support/fake-claude, one behaviour each, and how tests start and watch them. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import type { Command } from "../../src/claude/launch.ts";
import { ClaudeProcess, type ProcessListener } from "../../src/claude/process.ts";
import type { JsonObject } from "../../src/claude/protocol.ts";
import { parseLine } from "../../src/claude/protocol.ts";
import type { BridgeError } from "../../src/errors.ts";
import { within } from "./exit.ts";
import { hostedProgram } from "./hosted-fakes.ts";
import { isRunning, listProcesses } from "./processes.ts";
import { platformEnvironment } from "./real-claude.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = fileURLToPath(new URL("./fake-claude/", import.meta.url));
const eventWaitMsMax = 20_000;

/** Absolute, executable by its first lines, which are shell and JavaScript at once. */
export function fakeClaudePath(name: string): string {
  return `${folder}${name}.mjs`;
}

/** Run by this Node. */
export function fakeClaude(name: string): Command {
  return { file: process.execPath, leadingArguments: [fakeClaudePath(name)] };
}

/** Hosted where that can be, else by its first lines: a shell answers `--version` in a millisecond, as every engine asks. */
export function fakeProgram(name: string): Command {
  return process.platform === "win32" ? fakeClaude(name) : { file: fakeProgramPath(name), leadingArguments: [] };
}

/** Absolute and executable: the cheapest that there is of it. */
export function fakeProgramPath(name: string): string {
  return hostedProgram(name) ?? fakeClaudePath(name);
}

export interface FakeProcess {
  readonly claude: ClaudeProcess;
  readonly pid: number;
  /** Where it runs, and where some leave a note of how they ended. */
  readonly cwd: string;
}

/** Starts one; after the test it is ended, and must be gone from the process table. */
export function startFake(t: TestContext, name: string, environment: Readonly<Record<string, string>> = {}): Promise<FakeProcess> {
  return startFakeNode(t, name, environment, hostedProgram(name) === undefined ? fakeClaude(name) : fakeProgram(name));
}

/** The same, and it is a Node of its own. */
export async function startFakeNode(t: TestContext, name: string, environment: Readonly<Record<string, string>> = {}, command = fakeClaude(name)): Promise<FakeProcess> {
  const cwd = await temporaryFolder(t);
  const claude = new ClaudeProcess({ command, model: "fake", cwd, environment: { ...platformEnvironment(), ...environment } });
  const pid = claude.pid ?? 0;
  t.after(async () => {
    await claude.end();
    assert.equal(isRunning(pid), false, `${name} is gone after the test`);
  });
  return { claude, pid, cwd };
}

/** The fakes of that name that this test process started and that still run. */
export function runningFakes(name: string): number[] {
  const programs = [fakeClaudePath(name), hostedProgram(name) ?? fakeClaudePath(name)];
  return listProcesses("", process.pid).filter(({ command }) => programs.some((path) => command.includes(path))).map(({ pid }) => pid);
}

/** A listener that keeps what it is told and can be waited on. */
export class Witness implements ProcessListener {
  readonly lines: string[] = [];
  readonly failures: BridgeError[] = [];
  reads = 0;
  readonly #checks = new Set<() => void>();

  onLine = (line: string): void => {
    this.lines.push(line);
    this.#tell();
  };

  onReadEnd = (): void => {
    this.reads++;
    this.#tell();
  };

  onFailure = (error: BridgeError): void => {
    this.failures.push(error);
    this.#tell();
  };

  /** The first message that fits, of those that have come or will. */
  message(fits: (message: JsonObject) => boolean): Promise<JsonObject> {
    return this.#until(() => this.lines.map(parseLine).find((message) => message !== undefined && fits(message)));
  }

  line(): Promise<string> {
    return this.#until(() => this.lines[0]);
  }

  failure(): Promise<BridgeError> {
    return this.#until(() => this.failures[0]);
  }

  #until<T>(look: () => T | undefined): Promise<T> {
    let check = (): void => {};
    const found = new Promise<T>((resolve) => {
      check = () => {
        const value = look();
        if (value !== undefined) resolve(value);
      };
      this.#checks.add(check);
      check();
    });
    return within(found, eventWaitMsMax, () => `nothing that fits was told; lines: ${this.lines.length}, failures: ${this.failures.join()}`)
      .finally(() => this.#checks.delete(check));
  }

  #tell(): void {
    for (const check of this.#checks) check();
  }
}
