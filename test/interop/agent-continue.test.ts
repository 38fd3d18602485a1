/** Continue's CLI: its tools are named as Claude Code's own. */
import { clients, installedFile } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";

testAgent({
  client: clients.continue,
  installed: ["@continuedev/cli"],
  command: [process.execPath, installedFile("@continuedev/cli/dist/cn.js")],
  writer: { tool: "Write", input: (filepath, content) => ({ filepath, content }) },
  env: { CONTINUE_TELEMETRY_ENABLED: "0" },
});
