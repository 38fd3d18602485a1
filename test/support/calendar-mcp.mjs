/** An MCP server on stdio with the tools of a calendar, for clients under test. It notes each call in the file that it is given. */
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [notes] = process.argv.slice(2);
const inputSchema = { type: "object", properties: { day: { type: "string" } }, required: ["day"] };
const tools = ["find_event", "move_event", "delete_event"].map((name) => ({ name, description: `Calendar: ${name.replace("_", " ")} of a day.`, inputSchema }));

function answerTo(method, params) {
  switch (method) {
    case "initialize": return { result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "calendar", version: "1.0.0" } } };
    case "ping": return { result: {} };
    case "tools/list": return { result: { tools } };
    case "tools/call":
      appendFileSync(notes, `${params.name} ${JSON.stringify(params.arguments)}\n`);
      return { result: { content: [{ type: "text", text: `Lunch on ${params.arguments.day}.` }] } };
    default: return { error: { code: -32601, message: `no such method: ${method}` } };
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id !== undefined && method !== undefined) process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...answerTo(method, params) })}\n`);
});
