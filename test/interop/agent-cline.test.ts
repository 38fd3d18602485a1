/** Cline's CLI, with its 25 tools. */
import { clients, installedFile } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";

testAgent({
  client: clients.cline,
  installed: [clients.cline.installedAs],
  command: [installedFile("@cline/cli-linux-x64/bin/cline")],
  writer: { tool: "editor", input: (path, new_text) => ({ path, new_text }) },
  // Otherwise it leaves a hub behind, a process of its own on a port that all of a machine's share.
  env: { CLINE_SESSION_BACKEND_MODE: "local" },
});
