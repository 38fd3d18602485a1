/** OpenAI's Codex CLI, which speaks nothing but the Responses API, keeps nothing on the server and sends all of its history each time. */
import { testAgent } from "./agent-suite.ts";
import { codex } from "./agents.ts";

testAgent(codex);

// It gives models that it knows by name a tool for patches, which takes text of a grammar instead of JSON.
const known = "gpt-5.5";
testAgent({
  ...codex,
  client: { ...codex.client, name: `${codex.client.name} with the tools of ${known}` },
  command: [...codex.command, "-c", `model=${known}`],
  settings: { aliases: [{ name: known, model: "sonnet" }] },
  writer: { tool: "apply_patch", input: (path, text) => ({ input: `*** Begin Patch\n*** Add File: ${path}\n+${text}*** End Patch\n` }) },
});
