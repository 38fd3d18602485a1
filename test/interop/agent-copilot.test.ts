/** GitHub's Copilot CLI with a provider of the user's own: the largest system prompt and tools of all. */
import { clients, installedFile } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";

testAgent({
  client: clients.copilot,
  installed: [clients.copilot.installedAs],
  command: [installedFile("@github/copilot-linux-x64/copilot")],
  writer: { tool: "create", input: (path, file_text) => ({ path, file_text }) },
  env: { COPILOT_OFFLINE: "true" },
});
