/**
 * Drives an agent by the Agent Client Protocol, as an editor does: one session in this folder, those prompts one after the
 * other, every permission given. Prints what the agent says.
 *
 *     node acp-session.mjs MODEL JSON_OF_PROMPTS COMMAND [ARGUMENT…]
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const [model, prompts, command, ...args] = process.argv.slice(2);
const agent = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map();

function send(message) {
  agent.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

function ask(method, params) {
  const id = waiting.size;
  send({ id, method, params });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function answer({ id, method, params }) {
  if (method === "session/request_permission") {
    const { optionId } = params.options.find(({ kind }) => kind.startsWith("allow")) ?? params.options[0];
    send({ id, result: { outcome: { outcome: "selected", optionId } } });
  } else {
    send({ id, error: { code: -32601, message: `no ${method} here` } });
  }
}

createInterface({ input: agent.stdout }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.method === undefined) {
    const { resolve, reject } = waiting.get(message.id);
    if (message.error === undefined) resolve(message.result);
    else reject(new Error(JSON.stringify(message.error)));
  } else if (message.id !== undefined) {
    answer(message);
  } else if (message.params?.update?.sessionUpdate === "agent_message_chunk") {
    process.stdout.write(message.params.update.content.text ?? "");
  }
});

await ask("initialize", { protocolVersion: 1, clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false } });
const { sessionId } = await ask("session/new", { cwd: process.cwd(), mcpServers: [] });
await ask("session/set_model", { sessionId, modelId: model });
for (const text of JSON.parse(prompts)) {
  await ask("session/prompt", { sessionId, prompt: [{ type: "text", text }] });
  process.stdout.write("\n");
}
agent.kill();
process.exit(0);
