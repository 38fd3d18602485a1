import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { clientsText, type Pins } from "../../scripts/readme-clients.ts";
import { type Client, clients, documentedUrl } from "../interop/clients.ts";

const configuration: Client["configuration"] = [
  { where: "~/.x/config.json", language: "json", text: "{}" },
  { where: "shell", language: "sh", text: "x --model sonnet" },
];
const x7: Client = { name: "X 7", package: "x", kind: "agent", verified: "text", configuration };
const x6: Client = { ...x7, name: "X 6", installedAs: "x-6", needs: "a hat" };

describe("the README's section of clients", () => {
  it("has a row for each with its pinned version, and a configuration once", () => {
    assert.equal(clientsText([x7, x6], { x: "7.0.1", "x-6": "npm:@scope/x@6.5.0-linux-x64" }), [
      "| client | package | tested |",
      "| --- | --- | --- |",
      "| X 7 | `x` 7.0.1 | text |",
      "| X 6 | `x` 6.5.0 | text; it needs a hat |",
      "",
      "<details>",
      "<summary>X 7, X 6</summary>",
      "",
      "`~/.x/config.json`",
      "",
      "```json", "{}", "```",
      "",
      "```sh", 'x --model sonnet "…"', "```",
      "",
      "</details>",
    ].join("\n"));
  });

  it("names a client that is not pinned", () => {
    assert.throws(() => clientsText([x6], { x: "7.0.1" }), /X 6 is described, but .* pins no x-6$/);
  });

  it("is made of what is tested and pinned here", () => {
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(new URL("../interop/package.json", import.meta.url), "utf8")) as { dependencies: Pins; optionalDependencies: Pins };
    assert.doesNotThrow(() => clientsText(Object.values(clients), { ...dependencies, ...optionalDependencies }));
    // Anthropic's clients add `/v1` themselves.
    const addVersion: readonly Client[] = [clients.anthropic, clients.claudeCode];
    for (const client of Object.values<Client>(clients)) {
      const told = client.configuration.flatMap(({ text }) => (text.includes(documentedUrl) ? [text.includes(`${documentedUrl}/v1`)] : []));
      assert.deepEqual([...new Set(told)], [!addVersion.includes(client)], `${client.name} is told of the server`);
    }
  });
});
