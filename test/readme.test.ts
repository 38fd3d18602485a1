import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readMatrix } from "../scripts/compat/matrix.ts";
import { anthropicSections, sections, sourceSections, testSections } from "../scripts/readme.ts";
import { claudeSections } from "../scripts/readme-claude.ts";
import { fillIn } from "../scripts/readme-file.ts";
import { typescriptArguments } from "./support/typescript.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe("the README", () => {
  it("has the tables of options, fields and added words, and the list of known faults, as the code has them", () => {
    assert.equal(fillIn(readme, sections()), readme);
  });

  it("has beside it a README of the source, with the rooms as the test of their imports has them", () => {
    const text = readFileSync(new URL("../src/README.md", import.meta.url), "utf8");
    assert.equal(fillIn(text, sourceSections()), text);
  });

  it("has beside it a README of Anthropic's APIs, with the table of fields as the code has it", () => {
    const text = readFileSync(new URL("../src/api/anthropic/README.md", import.meta.url), "utf8");
    assert.equal(fillIn(text, anthropicSections()), text);
  });

  it("has beside it a README of the CLI's process, with what it is used for and what its versions can do", () => {
    const text = readFileSync(new URL("../src/claude/README.md", import.meta.url), "utf8");
    assert.equal(fillIn(text, claudeSections(readMatrix())), text);
  });

  it("has beside it a README of the tests, with the API's rules as the stub has them", () => {
    const text = readFileSync(new URL("README.md", import.meta.url), "utf8");
    assert.equal(fillIn(text, testSections()), text);
  });

  it("has the clients and the configurations that the tests ran", () => {
    const { status, stderr } = spawnSync(process.execPath, [...typescriptArguments, "scripts/readme-clients.ts", "--check"], { encoding: "utf8", cwd: new URL("..", import.meta.url) });
    assert.equal(status, 0, stderr);
  });

  it("is found wanting when a table is not the code's", () => {
    assert.notEqual(fillIn(readme.replace("`--port PORT`", "`--door DOOR`"), sections()), readme.replace("`--port PORT`", "`--door DOOR`"));
  });

  it("must have the marks of every section", () => {
    assert.throws(() => fillIn(readme.replace("<!-- fields:begin -->", ""), sections()), /fields:begin/u);
  });
});
