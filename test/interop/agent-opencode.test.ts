/** opencode, which asks for a title at the same time as for the answer. */
import { clients, installedFile } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";

testAgent({
  client: clients.opencode,
  installed: [clients.opencode.installedAs],
  command: [installedFile("opencode-linux-x64/bin/opencode")],
  writer: { tool: "write", input: (filePath, content) => ({ content, filePath }) },
  env: { OPENCODE_DISABLE_AUTOUPDATE: "1", OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_LSP_DOWNLOAD: "1" },
});
