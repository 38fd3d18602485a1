/** OpenAI's Codex CLI, which speaks nothing but the Responses API, keeps nothing on the server and sends all of its history each time. */
import { clients, installedFile } from "./clients.ts";
import { type AgentUnderTest, testAgent } from "./agent-suite.ts";

const codex = {
  client: clients.codex,
  installed: [clients.codex.installedAs],
  // Its sandbox needs what not every container grants; and what it writes here stays in a folder of the test's.
  command: [installedFile("codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"), "-c", "sandbox_mode=danger-full-access"],
  writer: { tool: "exec_command", input: (path, text) => ({ cmd: `printf %s '${text}' > '${path}'` }) },
} as const satisfies AgentUnderTest;

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
