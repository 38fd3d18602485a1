/** Qwen Code, which sends a system prompt of 20,000 characters and a message about its folder before the first question. */
import { clients, installedFile } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";

testAgent({
  client: clients.qwen,
  installed: ["@qwen-code/qwen-code"],
  command: [process.execPath, installedFile("@qwen-code/qwen-code/cli.js")],
  writer: { tool: "write_file", input: (file_path, content) => ({ file_path, content }) },
  // It takes a proxy for loopback too. With its settings it asks nothing of the internet.
  env: { HTTP_PROXY: "", HTTPS_PROXY: "", http_proxy: "", https_proxy: "" },
});
