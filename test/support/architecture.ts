/** The rules of which room may import which, as a pure function, so that they can be tried on made-up sources. */

import { posix } from "node:path";

export interface Import {
  /** As written: `./turn.ts`, `node:fs`. */
  readonly specifier: string;
  /** Gone once types are stripped. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** From the project's root, with slashes: `src/http/body.ts`. */
  readonly file: string;
  readonly imports: readonly Import[];
}

export interface Room {
  readonly rank: number;
  /** The folder, with a slash behind it, or the file. */
  readonly place: string;
  /** What stands in it, for src/README.md. */
  readonly has: string;
  /** Rooms it may import. */
  readonly imports: readonly string[];
  /** Rooms whose types alone it may name, because their values are handed in. */
  readonly importsTypesOf?: readonly string[];
  /** The built-ins that it may import, where not all of them: none of these does I/O. */
  readonly builtIns?: readonly string[];
}

/** A room is a folder of `src`, or a file that stands there by itself. */
export const rooms: Readonly<Record<string, Room>> = {
  turn: {
    rank: 0, place: "turn/", imports: [], builtIns: [],
    has: "the vocabulary between the dialects and the engine, in Anthropic's words",
  },
  errors: {
    rank: 0, place: "errors.ts", imports: [], builtIns: [],
    has: "one error class, one closed table of codes, no wire form",
  },
  "own-words": {
    rank: 0, place: "own-words.ts", imports: [], builtIns: [],
    has: "sentences that this server itself adds to what the model reads",
  },
  "json-text": {
    rank: 1, place: "json-text.ts", imports: [], importsTypesOf: ["turn"], builtIns: [],
    has: "`WireText`, text on its way to a client, and `JsonText`, the text of an event: encodes, decodes, joins",
  },
  "held-text": {
    rank: 0, place: "held-text.ts", imports: [], builtIns: [],
    has: "the text of an answer, gathered in buffers of its own",
  },
  schema: {
    rank: 2, place: "schema/", imports: ["errors", "own-words"], builtIns: [],
    has: "clients' JSON Schemas: repaired to 2020-12, an object at the top, names of properties that the API takes; an "
      + "answer's as the API compiles it",
  },
  claude: {
    rank: 2, place: "claude/", imports: ["turn", "errors", "json-text", "own-words"],
    has: "one `claude` process: launch, pipes, protocol, conversation, and its lines as turn events",
  },
  engine: {
    rank: 3, place: "engine/", imports: ["claude", "turn", "errors", "json-text", "held-text", "own-folder", "own-words"], importsTypesOf: ["log", "config"],
    has: "which process runs which turn: admission, warm pool, histories, limits",
  },
  api: {
    rank: 3, place: "api/", imports: ["schema", "errors", "json-text", "held-text", "image-type", "own-words"], importsTypesOf: ["turn"],
    builtIns: ["node:crypto"],
    has: "the dialects, between a wire form and `turn/`, without I/O; `operations/` has `/` and `/health`",
  },
  http: {
    rank: 4, place: "http/", imports: ["api", "turn", "errors", "loopback", "json-text", "image-type"],
    importsTypesOf: ["engine", "log"],
    has: "listener, routes, access, request body; an answer as a stream, whole or as an error",
  },
  config: {
    rank: 1, place: "config/", imports: ["loopback"], importsTypesOf: ["turn"],
    has: "one table of options: flags, environment, help, defaults",
  },
  log: { rank: 1, place: "log.ts", imports: [], importsTypesOf: ["config"], has: "a line for each event" },
  memory: {
    rank: 1, place: "memory.ts", imports: [], importsTypesOf: ["config"],
    has: "what memory there is; bounds V8's young generation; gives the memory of past answers back at rest",
  },
  state: {
    rank: 4, place: "state/", imports: ["errors", "own-folder", "json-text"], importsTypesOf: ["api"],
    has: "what `--state-dir` keeps on disk, in Node's SQLite: the stores that dialects declare",
  },
  "own-folder": {
    rank: 0, place: "own-folder.ts", imports: [],
    has: "folders that belong to this user: what stands at a path, made and removed",
  },
  loopback: { rank: 0, place: "loopback.ts", imports: [], has: "whether a host name is this machine's" },
  "image-type": { rank: 0, place: "image-type.ts", imports: [], has: "the type of an image, by its first bytes" },
  world: {
    rank: 4, place: "world.ts", imports: ["claude"], importsTypesOf: ["engine"],
    has: "what the engine is given of the world: the real clock, chance, and processes of the CLI",
  },
  demo: { rank: 5, place: "demo/", imports: [], has: "a stand-in for the CLI that asks no model (`--demo`)" },
  index: {
    rank: 5, place: "index.ts",
    imports: ["http", "api", "engine", "claude", "config", "log", "memory", "schema", "errors", "json-text", "held-text", "world", "state"], importsTypesOf: ["turn"],
    has: "what a program may import: make a server, listen, close; what a dialect is made of",
  },
  main: {
    rank: 6, place: "main.ts", imports: ["index", "config", "memory"],
    has: "arguments and signals; the only place that reads the environment and exits",
  },
};

/** What a file of `scripts` may import besides other scripts. `src` imports no script: it imports nothing outside `src`. */
const scriptsImport = ["src/", "test/support/", "test/interop/clients.ts"] as const;

/** The one file that reads the environment and ends the process. */
const compositionRoot = "src/main.ts";

/** Every breach of the rules, a sentence each that names the files; empty when there is none. */
export function architectureBreaches(files: readonly SourceFile[]): string[] {
  return [...files.flatMap(importBreaches), ...cycleBreaches(files)];
}

/** What the table lets a room import though no file of it does, a sentence each. */
export function unusedImports(files: readonly SourceFile[]): string[] {
  const used = new Set(files.flatMap(({ file, imports }) => imports.flatMap(({ specifier, typeOnly }) => {
    const target = targetOf(file, specifier);
    return target === undefined ? [] : [`${typeOnly ? "types of " : ""}${roomOf(target)} in ${roomOf(file)}`];
  })));
  return Object.entries(rooms).flatMap(([name, { imports, importsTypesOf = [] }]) =>
    [...imports, ...importsTypesOf.map((other) => `types of ${other}`)]
      .filter((other) => !used.has(`${other} in ${name}`))
      .map((other) => `${name} may import ${other}, but does not.`));
}

/** Words that only OpenAI's API has: everywhere else all is said in Anthropic's. */
const openAiWords = /finish_?reason|prompt_?tokens|completion_?tokens|tool_calls|function_?call|reasoning_?content|response_?format|previous_?response|insufficient_?quota|context_?length_?exceeded|chat\.completion|\[DONE\]/giu;
/** The one folder that may say them. */
const openAiFolder = "src/api/openai/";

/** OpenAI's words in a file outside of their folder, a sentence each. Comments count: they explain in them. */
export function foreignWords(file: string, source: string): string[] {
  if (file.startsWith(openAiFolder)) return [];
  return [...new Set(source.match(openAiWords))].map((word) => `${file} says ${word}, which is OpenAI's word: only ${openAiFolder} has them.`);
}

/** What a file of `src` must leave to `main.ts`, a sentence each. Comments do not count, strings do. */
export function processBreaches(file: string, source: string): string[] {
  if (file === compositionRoot) return [];
  const code = withoutComments(source);
  return (["env", "exit"] as const)
    .filter((member) =>
      [
        `\\bprocess\\s*(?:\\?\\.|\\.)\\s*${member}\\b`,
        `\\bprocess\\s*(?:\\?\\.)?\\[\\s*["'\`]${member}["'\`]`,
        `\\{[^{}]*\\b${member}\\b[^{}]*\\}\\s*=\\s*(?:globalThis\\.)?process\\b`,
        `\\bimport\\b[^;]*\\b${member}\\b[^;]*\\bfrom\\s*["'](?:node:)?process["']`,
      ].some((pattern) => new RegExp(pattern).test(code)))
    .map((member) => `${file} uses process.${member}, which only ${compositionRoot} may.`);
}

/** By which code would reach past the world that the engine is given (`src/engine/world.ts`). */
const worldly = /\b(?:setTimeout|setInterval|setImmediate|Date|performance|hrtime|randomUUID|randomBytes|Math\.random|spawn\w*|execFile\w*|fork|new ClaudeProcess)\b|["'](?:node:)?timers(?:\/promises)?["']/gu;

/** Time, chance and processes that a file of the engine makes for itself, a sentence each. Comments do not count. */
export function worldBreaches(file: string, source: string): string[] {
  if (roomOf(file) !== "engine") return [];
  return [...new Set(withoutComments(source).match(worldly))]
    .map((name) => `${file} names ${name}: the engine has time, chance and processes from its World.`);
}

/** The static imports and re-exports, types too, and the dynamic imports of a file. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source);
  const found: Import[] = [];
  const add = (specifier: string | undefined, typeOnly: boolean): void => {
    if (specifier !== undefined) found.push({ specifier, typeOnly });
  };
  for (const [, clause = "", specifier] of code.matchAll(/^[ \t]*(?:im|ex)port\b([^;"'`=(]*?)\bfrom\s*["']([^"']+)["']/gm)) {
    add(specifier, isTypeOnly(clause));
  }
  for (const [, specifier] of code.matchAll(/^[ \t]*import\s*["']([^"']+)["']/gm)) add(specifier, false);
  for (const [, specifier] of code.matchAll(/\b(?:import|require)\s*\(\s*["'`]([^"'`]+)["'`]/g)) add(specifier, false);
  return found;
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const named = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1]?.split(",").map((name) => name.trim()).filter((name) => name !== "");
  return named !== undefined && named.length > 0 && named.every((name) => name.startsWith("type "));
}

/** Strings are stepped over first, so that a URL in one does not begin a comment. */
function withoutComments(source: string): string {
  return source.replace(/("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (_match, text: string | undefined) => text ?? " ");
}

function roomOf(file: string): string {
  const first = file.split("/")[1] ?? "";
  return first.replace(/\.ts$/, "");
}

/** The folder of dialects that a file of `src/api` stands in; undefined for what all of them share. */
function familyOf(file: string): string | undefined {
  return /^src\/api\/([^/]+)\//.exec(file)?.[1];
}

function targetOf(file: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined;
}

function scriptBreaches({ file, imports }: SourceFile): string[] {
  const known = ["scripts/", ...scriptsImport];
  return imports.flatMap(({ specifier }) => {
    const target = targetOf(file, specifier);
    if (target === undefined) return packageBreaches(file, specifier);
    if (known.some((place) => target.startsWith(place))) return [];
    return [`${file} imports ${target}: scripts may import ${known.join(", ")}.`];
  });
}

function packageBreaches(file: string, specifier: string): string[] {
  if (specifier.startsWith("node:")) return [];
  return [`${file} imports the package ${specifier}: only node: built-ins are allowed.`];
}

function importBreaches({ file, imports }: SourceFile): string[] {
  if (file.startsWith("scripts/")) return scriptBreaches({ file, imports });
  const room = rooms[roomOf(file)];
  if (room === undefined) return [`${file} stands in no room that test/support/architecture.ts knows.`];
  return imports.flatMap(({ specifier, typeOnly }) => {
    if (roomOf(file) === "turn" && !specifier.startsWith("./")) return [`${file} imports ${specifier}, though turn may import nothing.`];
    const target = targetOf(file, specifier);
    if (target === undefined && specifier.startsWith("node:") && room.builtIns?.includes(specifier) === false) {
      return [`${file} imports ${specifier}, but ${roomOf(file)} does no I/O.`];
    }
    if (target === undefined) return packageBreaches(file, specifier);
    if (!target.startsWith("src/")) return [`${file} imports ${target}, which is outside src.`];
    const targetName = roomOf(target);
    const targetRoom = rooms[targetName];
    if (targetRoom === undefined) return [`${file} imports ${target}, which stands in no room that test/support/architecture.ts knows.`];
    const family = familyOf(file);
    const targetFamily = familyOf(target);
    if (targetFamily !== undefined && targetName === roomOf(file) && family !== targetFamily) {
      return [`${file} imports ${target}, but a dialect sees its own family and what stands in src/api itself.`];
    }
    if (targetName === roomOf(file) || room.imports.includes(targetName)) return [];
    if (room.importsTypesOf?.includes(targetName) === true) {
      return typeOnly ? [] : [`${file} imports a value of ${target}, whose types alone it may name: values are handed in.`];
    }
    if (targetRoom.rank > room.rank) return [`${file} imports ${target}, which is upward: ${roomOf(file)} stands below ${targetName}.`];
    return [`${file} imports ${target}, but ${roomOf(file)} must not see ${targetName}.`];
  });
}

/** One sentence a cycle: the walk meets each file once, and a file met again while still open closes a cycle. */
function cycleBreaches(files: readonly SourceFile[]): string[] {
  const targets = new Map(files.map(({ file, imports }) => [file, imports.map(({ specifier }) => targetOf(file, specifier))]));
  const done = new Set<string>();
  const open: string[] = [];
  const breaches: string[] = [];
  const walk = (file: string): void => {
    if (open.includes(file)) {
      breaches.push(`${[...open.slice(open.indexOf(file)), file].join(" imports ")}, which is a cycle.`);
      return;
    }
    if (done.has(file)) return;
    done.add(file);
    open.push(file);
    for (const target of targets.get(file) ?? []) if (target !== undefined) walk(target);
    open.pop();
  };
  for (const { file } of files) walk(file);
  return breaches;
}
