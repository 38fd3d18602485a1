import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { posix, win32 } from "node:path";
import type { Command } from "./launch.ts";

/** What the lookup of an executable depends on; handed in, so that each system's rules can be tried on any. */
export interface ExecutableFacts {
  readonly platform: NodeJS.Platform;
  /** The child's: its PATH is searched. */
  readonly environment: Readonly<Record<string, string>>;
  /** The node that runs scripts. */
  readonly node: string;
  readonly isExecutable: (path: string) => boolean;
  /** A small file's text; undefined when it cannot be read. */
  readonly readText: (path: string) => string | undefined;
}

export interface Executable {
  /** What can be spawned without a shell. */
  readonly command: Command;
  /** The file that changes when the program is updated. */
  readonly program: string;
}

/** Windows' own, for an environment without it. */
const defaultExtensions = ".COM;.EXE;.BAT;.CMD";
/** What npm's and pnpm's batch files run: `"%dp0%\node_modules\…\cli.js" %*`. */
const shimTarget = /"%(?:~dp0|dp0%)\\?([^"%]+\.(?:exe|[cm]?js))"\s+%\*/iu;

/**
 * The file that a command stands for, as the system finds it; undefined when there is none. A bare name is looked up in
 * PATH's absolute folders.
 */
export function findExecutable(command: Command, facts: ExecutableFacts): Executable | undefined {
  const program = candidates(command.file, facts).find(facts.isExecutable);
  if (program === undefined) return undefined;
  return shimmed(command, program, facts) ?? { command: { ...command, file: program }, program };
}

/** Looks on this machine. */
export function factsOf(environment: Readonly<Record<string, string>>): ExecutableFacts {
  return { platform: process.platform, environment, node: process.execPath, isExecutable, readText };
}

/**
 * What tells one build of a program from another: it changes when the file is replaced. Undefined when there is no such
 * file.
 */
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
  // A relative one is another folder to the child, which does not stand where this process does.
  const folders = (variable(environment, "PATH") ?? "").split(delimiter).filter(isAbsolute);
  const places = isPath ? [file] : folders.map((folder) => join(folder, file));
  if (platform !== "win32") return places;
  const extensions = (
    variable(environment, "PATHEXT") ?? defaultExtensions
  ).split(";").filter((extension) => extension !== "");
  const hasExtension = extensions.some((extension) => file.toUpperCase().endsWith(extension.toUpperCase()));
  // npm lays a shell script without an extension beside its batch file: it is none that Windows runs.
  return hasExtension
    ? places
    : places.flatMap((place) => extensions.map((extension) => `${place}${extension.toLowerCase()}`));
}

/**
 * A batch file cannot be spawned without a shell, which would read the arguments its own way: what npm's runs is run
 * itself.
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

/** Windows' names have no case: there it is `Path`. */
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
