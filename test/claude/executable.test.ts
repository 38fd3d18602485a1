import assert from "node:assert/strict";
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { describe, it } from "node:test";
import { type ExecutableFacts, factsOf, findExecutable, stampOf } from "../../src/claude/executable.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const onlyPosix = process.platform === "win32" ? "there is no executable bit" : false;
const claude = { file: "claude", leadingArguments: [] };

describe("the stamp of a program", () => {
  it("is the same until the file changes, and none without one", async (t) => {
    const file = join(await temporaryFolder(t), "claude");
    assert.equal(stampOf(file), undefined);
    writeFileSync(file, "one");
    const stamp = stampOf(file);
    assert.equal(stampOf(file), stamp);
    utimesSync(file, 1, 1);
    assert.notEqual(stampOf(file), stamp);
  });
});

describe("an executable on this machine", { skip: onlyPosix }, () => {
  it("of a bare name is the first file on the path that may be executed", async (t) => {
    const folder = await temporaryFolder(t);
    const [first, second, third] = [join(folder, "first"), join(folder, "second"), join(folder, "third")];
    // A folder may be entered, which is the same bit.
    for (const place of [first, second, third, join(first, "claude")]) mkdirSync(place);
    const facts = factsOf({ PATH: ["", first, second, third].join(delimiter) });
    writeFileSync(join(second, "claude"), "two", { mode: 0o644 });
    writeFileSync(join(third, "claude"), "three", { mode: 0o755 });
    assert.deepEqual(findExecutable(claude, facts), { command: { file: join(third, "claude"), leadingArguments: [] }, program: join(third, "claude") });
    chmodSync(join(second, "claude"), 0o755);
    assert.equal(findExecutable(claude, facts)?.program, join(second, "claude"));
  });

  it("is not looked for in PATH's relative folders, which are others to the child", async (t) => {
    const folder = await temporaryFolder(t);
    const file = join(folder, "claude");
    writeFileSync(file, "one", { mode: 0o755 });
    const relativeFolder = relative(process.cwd(), folder);
    assert.equal(findExecutable(claude, factsOf({ PATH: relativeFolder })), undefined);
    assert.equal(findExecutable(claude, factsOf({ PATH: [relativeFolder, folder].join(delimiter) }))?.command.file, file);
  });

  it("of a path is that file, whatever is on PATH", async (t) => {
    const file = join(await temporaryFolder(t), "claude");
    assert.equal(findExecutable({ file, leadingArguments: [] }, factsOf({})), undefined);
    writeFileSync(file, "one", { mode: 0o755 });
    assert.deepEqual(findExecutable({ file, leadingArguments: ["script"] }, factsOf({})), { command: { file, leadingArguments: ["script"] }, program: file });
  });

  it("and what it says, is read from the disk", async (t) => {
    const file = join(await temporaryFolder(t), "claude.cmd");
    assert.equal(factsOf({}).readText(file), undefined);
    writeFileSync(file, "@claude-real");
    assert.equal(factsOf({}).readText(file), "@claude-real");
  });

  it("is none on no path", () => {
    assert.deepEqual([findExecutable(claude, factsOf({})), findExecutable(claude, factsOf({ PATH: "" }))], [undefined, undefined]);
  });
});

describe("an executable on Windows", () => {
  const npm = "C:\\Users\\me\\AppData\\Roaming\\npm";
  const shimOf = (target: string): string => [
    "@ECHO off", "GOTO start", ":find_dp0", "SET dp0=%~dp0", "EXIT /b", ":start", "SETLOCAL", "CALL :find_dp0", "",
    'IF EXIST "%dp0%\\node.exe" (', '  SET "_prog=%dp0%\\node.exe"', ") ELSE (", '  SET "_prog=node"', "  SET PATHEXT=%PATHEXT:;.JS;=;%", ")", "", target, "",
  ].join("\r\n");
  const scriptShim = shimOf('endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & "%_prog%"  "%dp0%\\node_modules\\@anthropic-ai\\claude-code\\cli.js" %*');
  const programShim = shimOf('"%dp0%\\node_modules\\@anthropic-ai\\claude-code\\bin\\claude.exe"   %*');

  const windows = (files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = { Path: `C:\\Windows;${npm}` }): ExecutableFacts => ({
    platform: "win32", environment, node: "C:\\node\\node.exe",
    isExecutable: (path) => path in files,
    readText: (path) => files[path],
  });

  it("is found by PATH in any case, with the extensions of PATHEXT in their order", () => {
    const files = { [`${npm}\\claude`]: "#!/bin/sh", [`${npm}\\claude.exe`]: "", [`${npm}\\claude.com`]: "" };
    assert.equal(findExecutable(claude, windows(files))?.command.file, `${npm}\\claude.com`);
    assert.equal(findExecutable(claude, windows(files, { PATH: npm, PathExt: ".EXE;.COM" }))?.command.file, `${npm}\\claude.exe`);
    assert.equal(findExecutable({ ...claude, file: "claude.EXE" }, windows({ [`${npm}\\claude.EXE`]: "" }))?.command.file, `${npm}\\claude.EXE`);
    assert.equal(findExecutable(claude, windows({ [`${npm}\\claude`]: "#!/bin/sh" })), undefined);
  });

  it("is not looked for in Path's relative folders", () => {
    const files = { "bin\\claude.exe": "", "\\bin\\claude.exe": "", [`${npm}\\claude.exe`]: "" };
    assert.equal(findExecutable(claude, windows(files, { Path: `bin;.\\bin;${npm}`, PATHEXT: ".EXE" }))?.program, `${npm}\\claude.exe`);
  });

  it("of a path is that file, with its extension or without", () => {
    const files = { "D:\\claude\\claude.exe": "" };
    for (const file of ["D:\\claude\\claude", "D:\\claude\\claude.exe"]) {
      assert.equal(findExecutable({ ...claude, file }, windows(files))?.program, "D:\\claude\\claude.exe");
    }
  });

  it("behind npm's batch file is the program that it runs", () => {
    const target = `${npm}\\node_modules\\@anthropic-ai\\claude-code\\bin\\claude.exe`;
    assert.deepEqual(findExecutable(claude, windows({ [`${npm}\\claude.cmd`]: programShim })), { command: { file: target, leadingArguments: [] }, program: target });
  });

  it("behind npm's batch file is the script, run by the node beside it or by this one", () => {
    const script = `${npm}\\node_modules\\@anthropic-ai\\claude-code\\cli.js`;
    const files = { [`${npm}\\claude.cmd`]: scriptShim };
    assert.deepEqual(findExecutable(claude, windows(files)), { command: { file: "C:\\node\\node.exe", leadingArguments: [script] }, program: script });
    assert.equal(findExecutable(claude, windows({ ...files, [`${npm}\\node.exe`]: "" }))?.command.file, `${npm}\\node.exe`);
  });

  it("behind pnpm's batch file is found from its folder upwards", () => {
    const shim = '@SETLOCAL\r\n@IF EXIST "%~dp0\\node.exe" (\r\n  "%~dp0\\node.exe"  "%~dp0\\..\\global\\5\\claude-code\\cli.mjs" %*\r\n)\r\n';
    assert.equal(findExecutable(claude, windows({ [`${npm}\\claude.cmd`]: shim }))?.program, "C:\\Users\\me\\AppData\\Roaming\\global\\5\\claude-code\\cli.mjs");
  });

  it("in a batch file of another make is left as it is: its spawn tells why it cannot be", () => {
    const file = `${npm}\\claude.cmd`;
    assert.deepEqual(findExecutable(claude, windows({ [file]: "@claude-real %*" })), { command: { file, leadingArguments: [] }, program: file });
  });
});
