#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/**
 * Speaks MCP to the host as the CLI does, and calls the host's tools. What it does in a turn stands in the prompt, or in a
 * tool's result; several words may be joined:
 *   CALL name {json}   a call; those of one answer come in their order, the next when the one before is answered
 *   PARALLEL           all of them at once
 *   LATE               only a moment after the answer has ended
 *   ALONE              the call is never asked of the host: it goes on by itself a moment later; ALONE AT ONCE in the same write
 *   LIST               answers with what the host told of itself and its tools
 *   ASK                asks the host what it does not know, and answers with what it said
 *   SCHEMA {json}      answers in the structured-output tool
 *   RELENT             answers in words, and calls `look` when it is told to make its call
 *   ANYWAY             makes its calls whatever it was told of them
 * Without any it answers with the JSON of the last results, each as it came, or "ok". As a real one's model it is held to
 * the `tool_choice` among the parameters that it was set.
 */
import { randomBytes } from "node:crypto";
import { loggedIn, runAsProgram, textOf } from "./protocol.mjs";

const lateMs = 20;

export default function live({
  accept, answeredVersion, cork, readMessages, say, sayBlockStop, sayEvent, sayMessageStop, sayResult, sayStart, sayStop,
  sayText, stay, uncork,
}) {
  const waiting = new Map();
  const known = {};
  let requests = 0;
  let relents = false;
  let choice = {};

  function request(body) {
    const request_id = `claude-${++requests}`;
    say({ type: "control_request", request_id, request: body });
    return new Promise((resolve) => waiting.set(request_id, resolve));
  }

  async function mcp(method, params, id = requests) {
    const { response } = await request({ subtype: "mcp_message", server_name: "client", message: { jsonrpc: "2.0", method, ...(params === undefined ? {} : { params }), id } });
    return response?.mcp_response;
  }

  async function greet() {
    known.hello = (await mcp("initialize", { protocolVersion: "2025-11-25", capabilities: {} })).result;
    known.ready = (await request({ subtype: "mcp_message", server_name: "client", message: { jsonrpc: "2.0", method: "notifications/initialized" } })).subtype;
    known.tools = (await mcp("tools/list")).result.tools;
  }

  async function callTool({ id, name, input }) {
    const answer = await mcp("tools/call", { name, arguments: input, _meta: { "claudecode/toolUseId": id, progressToken: 1 } });
    return { id, ...answer.result };
  }

  function sayBlock(index, name, json) {
    // As with a real one, no other process has it.
    const id = `toolu_fake_${randomBytes(8).toString("hex")}`;
    sayEvent({ type: "content_block_start", index, content_block: { type: "tool_use", id, name, input: {} } });
    for (const partial_json of json.match(/.{1,4}/gsu) ?? []) sayEvent({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json } });
    sayBlockStop(index);
    return { id, name, input: JSON.parse(json) };
  }

  function answer(text) {
    sayStart();
    sayText(text);
    sayStop("end_turn", 1);
    sayResult();
  }

  /** The calls that the API lets through, or brings about. */
  function chosen(calls) {
    const { type, name, disable_parallel_tool_use: isOne } = choice;
    if (type === "none") return [];
    const fitting = calls.filter(([called]) => type !== "tool" || called === name);
    const mustCall = type === "any" || type === "tool";
    const made = mustCall && fitting.length === 0 ? [[name ?? known.tools[0].name, "{}"]] : fitting;
    return isOne ? made.slice(0, 1) : made;
  }

  async function turn(prompt, results) {
    const isPressed = relents && prompt.startsWith("Make the tool call");
    relents ||= prompt.includes("RELENT");
    const said = [...(isPressed ? "CALL look {}" : prompt).matchAll(/CALL ([\w\p{L}]+) (\{[^}]*\})/gu)].map(([, name, json]) => [name, json]);
    const wanted = prompt.includes("ANYWAY") ? said : chosen(said);
    if (prompt.includes("LIST")) return answer(JSON.stringify(known));
    if (prompt.includes("ASK")) {
      const replies = await Promise.all([request({ subtype: "can_use_tool" }), request({ subtype: "mcp_message" }), request(undefined)]);
      return answer(JSON.stringify(replies.map(({ subtype, error }) => [subtype, error])));
    }
    const schema = /SCHEMA (\{.*\})/u.exec(prompt)?.[1];
    if (schema !== undefined) {
      sayStart();
      sayText("Here it is: ");
      sayBlockStop();
      sayBlock(1, "StructuredOutput", schema);
      sayMessageStop("tool_use", 1);
      return sayResult();
    }
    if (wanted.length === 0) return answer(results.length === 0 ? "ok" : JSON.stringify(results));

    if (prompt.includes("AT ONCE")) cork();
    const messageId = sayStart();
    sayText("one moment ");
    sayBlockStop();
    const blocks = wanted.map(([name, json], index) => sayBlock(index + 1, name, json));
    const [first, ...others] = blocks;
    const isEarly = !prompt.includes("LATE") && !prompt.includes("ALONE");
    // The CLI calls before it has told that the answer ended.
    const early = isEarly ? callTool(first) : undefined;
    const earlyOthers = isEarly && prompt.includes("PARALLEL") ? others.map(callTool) : undefined;
    sayMessageStop("tool_use", 1);
    if (prompt.includes("AT ONCE")) {
      answer("nobody asked me");
      return uncork();
    }
    if (!isEarly) {
      const leave = stay();
      await new Promise((resolve) => setTimeout(resolve, lateMs));
      leave();
    }
    if (prompt.includes("ALONE")) return answer("nobody asked me");
    const got = [await (early ?? callTool(first))];
    for (const [index, block] of others.entries()) got.push(await (earlyOthers?.[index] ?? callTool(block)));
    // The CLI may repeat the message that it waited in.
    say({ type: "assistant", message: { id: messageId, role: "assistant", model: "claude-fake-1", content: blocks.map((block) => ({ type: "tool_use", ...block })) } });
    say({ type: "user", message: { role: "user", content: got.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "as told" })) } });
    const more = got.map(({ content = [] }) => content.map(({ text }) => text).join(" ")).join(" ");
    await turn(more, got);
  }

  if (!answeredVersion()) {
    readMessages((message) => {
      if (message.type === "control_response") {
        waiting.get(message.response.request_id)?.(message.response);
        waiting.delete(message.response.request_id);
      } else if (message.type === "control_request") {
        accept(message, message.request.subtype === "initialize" ? loggedIn : {});
        if (message.request.sdkMcpServers !== undefined) known.greeted = greet();
        const body = message.request.settings?.env?.CLAUDE_CODE_EXTRA_BODY;
        if (body !== undefined) choice = JSON.parse(body).tool_choice ?? {};
      } else if (message.shouldQuery === false) {
        sayResult({ num_turns: 0, result: "" });
      } else if (message.type === "user") {
        void Promise.resolve(known.greeted).then(() => turn(textOf(message), []));
      }
    });
  }
}

runAsProgram(import.meta.url, live);
