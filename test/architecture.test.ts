import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { changingTypes } from "./support/object-size.ts";
import { architectureBreaches, foreignWords, importsOf, processBreaches, unusedImports, worldBreaches } from "./support/architecture.ts";
import type { SourceFile } from "./support/architecture.ts";
import { widthBreaches } from "./support/source-shape.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

async function sources(folder: "src" | "scripts" = "src"): Promise<{ file: string; source: string }[]> {
  const names = await readdir(join(root, folder), { recursive: true });
  return readAll(folder, names.filter((name) => /\.(?:[cm]?[jt]sx?|c)$/.test(name)));
}

/** The Markdown files of a folder, without the rows of tables, which cannot be wrapped. */
async function prose(folder: "src" | "scripts"): Promise<{ file: string; source: string }[]> {
  const names = await readdir(join(root, folder), { recursive: true });
  const files = await readAll(folder, names.filter((name) => name.endsWith(".md")));
  return files.map(({ file, source }) => ({ file, source: source.replaceAll(/^\|.*$/gmu, "") }));
}

function readAll(folder: string, names: readonly string[]): Promise<{ file: string; source: string }[]> {
  const files = names.map((name) => `${folder}/${name.split(sep).join("/")}`).sort();
  return Promise.all(files.map(async (file) => ({ file, source: await readFile(join(root, file), "utf8") })));
}

/** Their lines are at most 120 columns wide. */
const narrowFolders = ["src", "scripts"] as const;

const from = (file: string, ...specifiers: string[]): SourceFile => ({
  file,
  imports: specifiers.map((specifier) => ({ specifier, typeOnly: false })),
});
const typesFrom = (file: string, ...specifiers: string[]): SourceFile => ({
  file,
  imports: specifiers.map((specifier) => ({ specifier, typeOnly: true })),
});

const linesMax = 250;
const fieldsMax = 8;

describe("the source", () => {
  it("keeps the rules of its rooms", async () => {
    const [src, scripts] = [await sources("src"), await sources("scripts")];
    assert.ok(src.length > 5 && scripts.length > 5, "src and scripts were found");
    const files = [...src, ...scripts];
    const breaches = architectureBreaches(files.map(({ file, source }) => ({ file, imports: importsOf(source) })));
    assert.deepEqual(breaches, []);
  });

  it("uses all that its rooms may import", async () => {
    const files = (await sources()).map(({ file, source }) => ({ file, imports: importsOf(source) }));
    assert.deepEqual(unusedImports(files), []);
  });

  it("says nothing in OpenAI's words outside of their folder", async () => {
    assert.deepEqual((await sources()).flatMap(({ file, source }) => foreignWords(file, source)), []);
  });

  it("has no line over 120 columns", async () => {
    const files = (await Promise.all(narrowFolders.flatMap((folder) => [sources(folder), prose(folder)]))).flat();
    assert.ok(files.some(({ file }) => file === "src/README.md"), "the prose was found");
    assert.deepEqual(files.flatMap(({ file, source }) => widthBreaches(file, source)), []);
  });

  it("makes wire text in json-text.ts alone, so that no text is written in a wrong encoding", async () => {
    const makers = (await sources()).filter(({ source }) => /\bas WireText\b/u.test(source)).map(({ file }) => file);
    assert.deepEqual(makers, ["src/json-text.ts"]);
  });

  it("leaves process.env and process.exit to main.ts", async () => {
    assert.deepEqual((await sources()).flatMap(({ file, source }) => processBreaches(file, source)), []);
  });

  it("gives the engine its time, its chance and its processes from outside", async () => {
    const engine = (await sources()).filter(({ file }) => file.startsWith("src/engine/"));
    assert.ok(engine.length > 5, "the engine was found");
    assert.deepEqual(engine.flatMap(({ file, source }) => worldBreaches(file, source)), []);
  });

  it("has one file in which a process is started, one in which it is moved, one in which it is ended", async () => {
    const src = (await sources()).filter(({ file }) => file.startsWith("src/"));
    const filesWith = (pattern: RegExp): string[] => src.filter(({ source }) => pattern.test(source)).map(({ file }) => file.slice("src/".length));
    assert.deepEqual(filesWith(/\bworld\.launch\(/u), ["engine/launcher.ts"]);
    assert.deepEqual(filesWith(/\bconversation\.rewind\(/u), ["engine/moves.ts"]);
    assert.deepEqual(filesWith(/\bprocess\??\.(?:end|fail|kill)\((?!-?pid)/u), ["engine/processes.ts"]);
    // All others have a process as a LiveProcess, which nobody can end, whatever the variable is called.
    assert.deepEqual(filesWith(/\bClaudeProcess\b/u), ["claude/process.ts", "engine/launcher.ts", "engine/processes.ts", "engine/world.ts", "world.ts"]);
    assert.deepEqual(filesWith(/\.use = |\.wear\.turns\+\+/u), ["engine/owned-process.ts", "engine/processes.ts"]);
  });

  it("has no file of src over 250 lines", async () => {
    const long = (await sources()).filter(({ file }) => file.startsWith("src/")).flatMap(({ file, source }) => {
      const lines = source.trimEnd().split("\n").length;
      return lines > linesMax ? [`${file} has ${lines} lines`] : [];
    });
    assert.deepEqual(long, []);
  });

  it("has no type with more than eight fields that changes after it was made", async () => {
    const large = (await sources()).filter(({ file }) => file.startsWith("src/")).flatMap(({ file, source }) =>
      changingTypes(source).filter(({ fields }) => fields > fieldsMax).map(({ name, fields }) => `${file}: ${name} has ${fields}`));
    assert.deepEqual(large, []);
  });

  it("has imports that the reader sees: as many as lines that look like one", async () => {
    for (const { file, source } of [...await sources("src"), ...await sources("scripts")]) {
      const lines = source.match(/^(?:import\b|\} from ").*$/gm)?.filter((line) => /["'];?$/.test(line)) ?? [];
      assert.ok(importsOf(source).length >= lines.length, file);
    }
  });
});

describe("a breach is told in one sentence", () => {
  const cases: readonly (readonly [string, SourceFile[], string[]])[] = [
    [
      "an upward import",
      [from("src/claude/process.ts", "../engine/pool.ts"), from("src/engine/pool.ts")],
      ["src/claude/process.ts imports src/engine/pool.ts, which is upward: claude stands below engine."],
    ],
    [
      "an upward import of types alone",
      [typesFrom("src/api/check.ts", "../http/body.ts")],
      ["src/api/check.ts imports src/http/body.ts, which is upward: api stands below http."],
    ],
    [
      "a cycle of two files",
      [from("src/http/a.ts", "./b.ts"), typesFrom("src/http/b.ts", "./a.ts")],
      ["src/http/a.ts imports src/http/b.ts imports src/http/a.ts, which is a cycle."],
    ],
    [
      "a cycle behind a way in",
      [from("src/http/in.ts", "./a.ts"), from("src/http/a.ts", "./b.ts"), from("src/http/b.ts", "./c.ts"), from("src/http/c.ts", "./a.ts")],
      ["src/http/a.ts imports src/http/b.ts imports src/http/c.ts imports src/http/a.ts, which is a cycle."],
    ],
    [
      "a file that imports itself",
      [from("src/log.ts", "./log.ts")],
      ["src/log.ts imports src/log.ts, which is a cycle."],
    ],
    [
      "claude seeing a dialect",
      [from("src/claude/translate.ts", "../api/openai/chat-completions/response.ts")],
      ["src/claude/translate.ts imports src/api/openai/chat-completions/response.ts, which is upward: claude stands below api."],
    ],
    [
      "a dialect seeing claude, be it its types",
      [typesFrom("src/api/openai/models.ts", "../../claude/protocol.ts")],
      ["src/api/openai/models.ts imports src/claude/protocol.ts, but api must not see claude."],
    ],
    [
      "a dialect seeing the engine",
      [from("src/api/openai/models.ts", "../../engine/engine.ts")],
      ["src/api/openai/models.ts imports src/engine/engine.ts, but api must not see engine."],
    ],
    [
      "a dialect seeing http",
      [from("src/api/openai/models.ts", "../../http/body.ts")],
      ["src/api/openai/models.ts imports src/http/body.ts, which is upward: api stands below http."],
    ],
    [
      "a dialect seeing one of another family",
      [from("src/api/anthropic/messages.ts", "../openai/usage.ts"), from("src/api/dialect.ts", "./openai/usage.ts")],
      [
        "src/api/anthropic/messages.ts imports src/api/openai/usage.ts, but a dialect sees its own family and what stands in src/api itself.",
        "src/api/dialect.ts imports src/api/openai/usage.ts, but a dialect sees its own family and what stands in src/api itself.",
      ],
    ],
    [
      "http reaching past the engine",
      [from("src/http/server.ts", "../claude/process.ts")],
      ["src/http/server.ts imports src/claude/process.ts, but http must not see claude."],
    ],
    [
      "a package",
      [from("src/http/server.ts", "express")],
      ["src/http/server.ts imports the package express: only node: built-ins are allowed."],
    ],
    [
      "a built-in without its prefix",
      [from("src/http/server.ts", "fs")],
      ["src/http/server.ts imports the package fs: only node: built-ins are allowed."],
    ],
    [
      "the vocabulary importing anything",
      [from("src/turn/event.ts", "node:buffer", "./usage.ts")],
      ["src/turn/event.ts imports node:buffer, though turn may import nothing."],
    ],
    [
      "a value of a room that is handed in",
      [from("src/engine/pool.ts", "../log.ts")],
      ["src/engine/pool.ts imports a value of src/log.ts, whose types alone it may name: values are handed in."],
    ],
    [
      "a value of the vocabulary in the config",
      [from("src/config.ts", "./turn/turn.ts")],
      ["src/config.ts imports a value of src/turn/turn.ts, whose types alone it may name: values are handed in."],
    ],
    [
      "the stand-in CLI leaning on the server",
      [from("src/demo/claude.ts", "../claude/protocol.ts")],
      ["src/demo/claude.ts imports src/claude/protocol.ts, but demo must not see claude."],
    ],
    [
      "a dialect that does I/O",
      [from("src/api/openai/models.ts", "node:fs/promises", "node:crypto")],
      ["src/api/openai/models.ts imports node:fs/promises, but api does no I/O."],
    ],
    [
      "a file outside src",
      [from("src/main.ts", "../test/support/sse.ts")],
      ["src/main.ts imports test/support/sse.ts, which is outside src."],
    ],
    [
      "the server importing a script",
      [from("src/main.ts", "../scripts/readme.ts")],
      ["src/main.ts imports scripts/readme.ts, which is outside src."],
    ],
    [
      "a script importing a test",
      [from("scripts/readme.ts", "../test/readme.test.ts")],
      [
        "scripts/readme.ts imports test/readme.test.ts: " +
          "scripts may import scripts/, src/, test/support/, test/interop/clients.ts.",
      ],
    ],
    [
      "a script importing a package",
      [from("scripts/bench/chart.ts", "d3")],
      ["scripts/bench/chart.ts imports the package d3: only node: built-ins are allowed."],
    ],
    [
      "a cycle of two scripts",
      [from("scripts/bench/chart.ts", "./result.ts"), from("scripts/bench/result.ts", "./chart.ts")],
      ["scripts/bench/chart.ts imports scripts/bench/result.ts imports scripts/bench/chart.ts, which is a cycle."],
    ],
    [
      "a room that is not in the table",
      [from("src/utils/misc.ts"), from("src/main.ts", "./utils/misc.ts")],
      [
        "src/utils/misc.ts stands in no room that test/support/architecture.ts knows.",
        "src/main.ts imports src/utils/misc.ts, which stands in no room that test/support/architecture.ts knows.",
      ],
    ],
  ];
  for (const [what, files, sentences] of cases) {
    it(what, () => assert.deepEqual(architectureBreaches(files), sentences));
  }

  it("and none for what is allowed", () => {
    assert.deepEqual(
      architectureBreaches([
        from("src/main.ts", "node:process", "./index.ts", "./config.ts"),
        from("src/http/server.ts", "./body.ts", "../api/openai/models.ts"),
        typesFrom("src/http/exchange.ts", "../engine/engine.ts"),
        from("src/http/body.ts", "../errors.ts"),
        from("src/engine/engine.ts", "../claude/process.ts"),
        typesFrom("src/engine/pool.ts", "../log.ts", "../turn/turn.ts"),
        typesFrom("src/config.ts", "./turn/turn.ts"),
        typesFrom("src/api/openai/models.ts", "../../turn/turn.ts"),
        from("src/api/openai/models.ts", "../../errors.ts", "../check.ts", "./usage.ts"),
        from("scripts/bench/burst.ts", "node:net", "./result.ts", "../../src/turn/turn.ts", "../../test/support/sse.ts"),
      ]),
      [],
    );
  });
});

describe("a word of OpenAI's", () => {
  it("is told outside of its folder, be it in a comment, and is there to say", () => {
    const source = "/** Ends with `[DONE]`. */\nconst finish_reason = 1, again = finish_reason;";
    assert.deepEqual(foreignWords("src/engine/a.ts", source), [
      "src/engine/a.ts says [DONE], which is OpenAI's word: only src/api/openai/ has them.",
      "src/engine/a.ts says finish_reason, which is OpenAI's word: only src/api/openai/ has them.",
    ]);
    assert.equal(foreignWords("src/api/dialect.ts", source).length, 2);
    assert.equal(foreignWords("src/turn/turn.ts", "responseFormat; promptTokens; FinishReason").length, 3);
    assert.deepEqual(foreignWords("src/api/openai/a.ts", source), []);
  });
});

describe("an import that a room may have", () => {
  it("is told when no file has it, types apart from values", () => {
    const told = unusedImports([typesFrom("src/log.ts", "./config/settings.ts"), typesFrom("src/json-text.ts", "./errors.ts")]);
    assert.ok(told.includes("json-text may import types of turn, but does not."));
    assert.ok(!told.some((sentence) => sentence.startsWith("log ")));
  });
});

describe("a line over 120 columns", () => {
  it("is told with its place and its width", () => {
    assert.deepEqual(
      widthBreaches("src/log.ts", `short\n${"x".repeat(121)}\n${"é".repeat(120)}\n`),
      ["src/log.ts:2 is 121 columns wide: at most 120 are allowed."],
    );
  });
});

describe("the reading of imports", () => {
  it("finds every form", () => {
    const source = [
      'import a from "node:a";',
      'import type { B } from "./b.ts";',
      'import { type C1, type C2 } from "./c.ts";',
      'import { type D1, d2 } from "./d.ts";',
      "import {\n  e1,\n  e2,\n} from './e.ts';",
      'import * as f from "./f.ts";',
      'import "./g.ts";',
      'export * from "./h.ts";',
      'export type { I } from "./i.ts";',
      'export { j } from "./j.ts";',
      'const k = await import("./k.ts");',
      'type L = import("./l.ts").L;',
      'const m = require("m");',
    ].join("\n");
    assert.deepEqual(
      importsOf(source).map(({ specifier, typeOnly }) => (typeOnly ? `type ${specifier}` : specifier)).sort(),
      [
        "./d.ts", "./e.ts", "./f.ts", "./g.ts", "./h.ts", "./j.ts", "./k.ts", "./l.ts", "m", "node:a",
        "type ./b.ts", "type ./c.ts", "type ./i.ts",
      ],
    );
  });

  it("is not misled by comments, strings and other exports", () => {
    const source = [
      '// import a from "./a.ts";',
      '/* import b from "./b.ts";\nimport c from "./c.ts"; */',
      'export const url = "https://example.com"; // from "./d.ts"',
      'export function from(text: string) { return `${text} from "./e.ts"`; }',
      "export interface F { readonly from: string }",
      'import g from "./g.ts";',
    ].join("\n");
    assert.deepEqual(importsOf(source), [{ specifier: "./g.ts", typeOnly: false }]);
  });
});

describe("process.env and process.exit", () => {
  for (const source of [
    "const home = process.env.HOME;",
    'const { HOME } = process["env"];',
    "const { env } = process;",
    "const { argv, env: variables } = globalThis.process;",
    'import { env } from "node:process";',
    "f(process?.env);",
  ]) {
    it(`are seen in: ${source}`, () => {
      assert.deepEqual(processBreaches("src/log.ts", source), ["src/log.ts uses process.env, which only src/main.ts may."]);
      assert.deepEqual(processBreaches("src/log.ts", source.replaceAll("env", "exit")), ["src/log.ts uses process.exit, which only src/main.ts may."]);
      assert.deepEqual(processBreaches("src/main.ts", source), []);
    });
  }

  it("are not seen in comments, nor in what is named alike", () => {
    assert.deepEqual(processBreaches("src/log.ts", "// process.env\n/* process.exit() */ process.exitCode = 1; child.process.environment"), []);
  });
});

describe("time, chance and processes of the engine's own", () => {
  for (const [name, source] of [
    ["setTimeout", "const timer = setTimeout(call, 5);"],
    ["setInterval", "globalThis.setInterval(call, 5);"],
    ["Date", "const now = Date.now();"],
    ["performance", "const { now } = performance;"],
    ["randomUUID", 'import { randomUUID } from "node:crypto";'],
    ["Math.random", "if (Math.random() < 0.5) f();"],
    ["spawn", 'import { spawn } from "node:child_process";'],
    ["new ClaudeProcess", "const process = new ClaudeProcess(options);"],
    ['"node:timers/promises"', 'import { scheduler } from "node:timers/promises";'],
  ] as const) {
    it(`are seen in: ${source}`, () => {
      assert.deepEqual(worldBreaches("src/engine/a.ts", source), [`src/engine/a.ts names ${name}: the engine has time, chance and processes from its World.`]);
      assert.deepEqual(worldBreaches("src/claude/a.ts", source), []);
    });
  }

  it("are not seen in comments, nor in what is named alike", () => {
    assert.deepEqual(worldBreaches("src/engine/a.ts", "// Date.now()\nconst updated = aDate + clock.now(); world.launch(options);"), []);
  });
});

describe("the fields of what changes", () => {
  it("are counted in classes, the private and the constant ones too, without methods, getters and statics", () => {
    const source = `export class A extends B<string> {
  readonly a: string;
  #b = { c: 1, d: [2] };
  readonly #e = new Map<string, { readonly f: number }>();
  static readonly g = 1;

  constructor(a: string) {
    this.a = a;
  }

  get h(): string {
    return "}";
  }

  async *i(): AsyncGenerator<string> {
    yield \`{\${this.a}\`;
  }

  #j = (): void => {};
}`;
    assert.deepEqual(changingTypes(source), [{ name: "A", fields: 4 }]);
  });

  it("are counted in interfaces of which a member may change, and only in those", () => {
    assert.deepEqual(changingTypes("interface A {\n  readonly a: string;\n  b: () => void;\n  c(): void;\n}\ninterface D {\n  readonly e: string;\n}"), [{ name: "A", fields: 2 }]);
  });

  it("are those of an object type that has a name", () => {
    assert.deepEqual(changingTypes("type A = {\n  b: string;\n};\ntype C = { readonly d: string };"), [{ name: "A", fields: 1 }]);
  });

  it("are none where a class has only methods", () => assert.deepEqual(changingTypes("class A {\n  a(): void {}\n}"), []));
});
