import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { posix, win32 } from "node:path";
import type { Command } from "./launch.ts";

/** What the lookup of an executable depends on. Passed in, so that each system's rules can be tested on any system. */
export interface ExecutableFacts {
  readonly platform: NodeJS.Platform;
  /** The child's environment: its PATH is searched. */
  readonly environment: Readonly<Record<string, string>>;
  /** The node executable that runs scripts. */
  readonly node: string;
  readonly isExecutable: (path: string) => boolean;
  /** Reads a small file. Returns undefined when it cannot be read. */
  readonly readText: (path: string) => string | undefined;
}

export interface Executable {
  /** The command to spawn; it needs no shell. */
  readonly command: Command;
  /** The file that changes when the program is updated. */
  readonly program: string;
}

/** Windows' own default, for an environment without `PATHEXT`. */
const defaultExtensions = ".COM;.EXE;.BAT;.CMD";
/** Matches the line in npm's and pnpm's batch files that runs the program: `"%dp0%\node_modules\…\cli.js" %*`. */
const shimTarget = /"%(?:~dp0|dp0%)\\?([^"%]+\.(?:exe|[cm]?js))"\s+%\*/iu;

/**
 * Finds the file that a command stands for, as the system would. Returns undefined when there is none. A bare name is
 * looked up in PATH's absolute folders.
 */
export function findExecutable(command: Command, facts: ExecutableFacts): Executable | undefined {
  const program = candidates(command.file, facts).find(facts.isExecutable);
  if (program === undefined) return undefined;
  return shimmed(command, program, facts) ?? { command: { ...command, file: program }, program };
}

/** The facts of this machine, with the child's environment. */
export function factsOf(environment: Readonly<Record<string, string>>): ExecutableFacts {
  return { platform: process.platform, environment, node: process.execPath, isExecutable, readText };
}

/** Identifies one build of a program: changes when the file is replaced. Undefined when there is no such file. */
export function stampOf(program: string): string | undefined {
  try {
    const { dev, ino, size, mtimeMs } = statSync(program);
    return `${program} ${dev} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

function candidates(file: string, { platform, environment }: ExecutableFacts): string[] {
  const { delimiter, isAbsolute, join } = platform === "win32" ? win32 : posix;
  const isPath = platform === "win32" ? /[/\\:]/u.test(file) : file.includes("/");
  // Relative folders are left out: the child runs in another folder, and would resolve them from there.
  const folders = (variable(environment, "PATH") ?? "").split(delimiter).filter(isAbsolute);
  const places = isPath ? [file] : folders.map((folder) => join(folder, file));
  if (platform !== "win32") return places;
  const extensions = (
    variable(environment, "PATHEXT") ?? defaultExtensions
  ).split(";").filter((extension) => extension !== "");
  const hasExtension = extensions.some((extension) => file.toUpperCase().endsWith(extension.toUpperCase()));
  // Windows needs an extension: npm puts a shell script without one beside its batch file, and Windows cannot run it.
  return hasExtension
    ? places
    : places.flatMap((place) => extensions.map((extension) => `${place}${extension.toLowerCase()}`));
}

/**
 * Replaces npm's batch file by the program that it runs. A batch file cannot be spawned without a shell, and a shell
 * would interpret the arguments. Returns undefined for any other file.
 */
function shimmed(
  command: Command, program: string, { platform, node, isExecutable: isThere, readText: read }: ExecutableFacts,
): Executable | undefined {
  if (platform !== "win32" || !/\.(?:cmd|bat)$/iu.test(program)) return undefined;
  const relative = shimTarget.exec(read(program) ?? "")?.[1];
  if (relative === undefined) return undefined;
  const folder = win32.dirname(program);
  const target = win32.join(folder, relative);
  if (/\.exe$/iu.test(target)) return { command: { ...command, file: target }, program: target };
  const nodeBeside = win32.join(folder, "node.exe");
  return {
    command: { file: isThere(nodeBeside) ? nodeBeside : node, leadingArguments: [target, ...command.leadingArguments] },
    program: target,
  };
}

/** Reads a variable whose name is given in upper case. Windows ignores case in names, and writes `Path`. */
function variable(environment: Readonly<Record<string, string>>, name: string): string | undefined {
  const own = Object.keys(environment).find((key) => key.toUpperCase() === name);
  return environment[name] ?? (own === undefined ? undefined : environment[own]);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
