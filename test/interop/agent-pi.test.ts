/** pi, which sends the developer role, `store: false` and `max_completion_tokens`. */
import { clients, installedFile } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";

testAgent({
  client: clients.pi,
  installed: ["@mariozechner/pi-coding-agent"],
  command: [process.execPath, installedFile("@mariozechner/pi-coding-agent/dist/cli.js")],
  writer: { tool: "write", input: (path, content) => ({ path, content }) },
  env: { PI_OFFLINE: "1" },
});
