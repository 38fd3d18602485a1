/** Qwen Code, which sends a system prompt of 20,000 characters and a message about its folder before the first question. */
import { clients, installedFile } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";

testAgent({
  client: clients.qwen,
  installed: [clients.qwen.package],
  command: [process.execPath, installedFile(`${clients.qwen.package}/cli.js`)],
  writer: { tool: "write_file", input: (file_path, content) => ({ file_path, content }) },
  // It would ask the dead proxy that keeps agents from the internet for loopback too.
  env: { HTTP_PROXY: "", HTTPS_PROXY: "", http_proxy: "", https_proxy: "" },
});
