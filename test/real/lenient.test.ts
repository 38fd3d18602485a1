/** What clients write in another shape than OpenAI's, on the real CLIs: what the API is asked is what they plainly mean. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conversationOf, type StubRequestBody, textAnswer, textOf, toolUseAnswer } from "../support/anthropic-stub.ts";
import { healthOf } from "../support/health.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";
import { judgeResponseStream } from "../support/responses-wire.ts";
import { chatRequest, postJson, readBytes } from "../support/sse.ts";

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const schema = { type: "object", properties: { city: { type: "string" } } };
const flat = { type: "function", name: "weather", description: "Tells.", parameters: schema };

const marked = (text: string): string => `<system-message>\n${text}\n</system-message>`;

/** What went up: roles and blocks, without the date, which 2.1.330 puts behind a tool's result. */
function saidIn(body: StubRequestBody): string[] {
  return conversationOf(body).map(({ role, content }) => `${role}: ${(typeof content === "string" ? [{ type: "text", text: content }] : content).map((block) => {
    switch (block.type) {
      case "tool_use": return `call ${String(block["name"])} ${JSON.stringify(block["input"])}`;
      case "tool_result": return `result ${typeof block["content"] === "string" ? block["content"] : textOf(block["content"] as never)}`;
      case "image": return `image ${String((block["source"] as { media_type: string }).media_type)}`;
      default: return block.text ?? block.type;
    }
  }).join(" + ")}`.replace(/\n<system-reminder>[\s\S]*?<\/system-reminder>/u, ""));
}

for (const version of sampledClaudeVersions()) {
  describe(`another shape on claude ${version}`, () => {
    it("is told as what it means, and a conversation with reminders keeps its process", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      stub.respond = () => textAnswer(["fine"]);
      const last = (): StubRequestBody => stub.requests.at(-1)?.body ?? assert.fail("nothing went up");
      const chat = async (body: object): Promise<void> => {
        const response = await chatRequest(bridge.url, { model: "sonnet", ...body });
        assert.equal(response.status, 200, await response.clone().text());
        await response.text();
      };

      await t.test("a system message in the middle stays there, turn after turn, on one process", async () => {
        const messages: object[] = [{ role: "system", content: "You are terse." }, { role: "user", content: "one" }];
        const before = stub.requests.length;
        for (const question of ["two", "three", undefined]) {
          await chat({ messages });
          messages.push({ role: "assistant", content: "fine" }, { role: "system", content: `before ${question}` }, { role: "user", content: question });
        }
        assert.deepEqual(saidIn(last()), ["user: one", "assistant: fine", `user: ${marked("before two")} + two`, "assistant: fine", `user: ${marked("before three")} + three`]);
        assert.match(textOf(last().system as never), /You are terse\.$/u);
        assert.deepEqual([stub.requests.length - before, (await healthOf(bridge.url)).turns.went_on, claudesOf(bridge).length], [3, 2, 1]);
      });

      await t.test("a developer's message, one behind a tool's result and one at the end stay in their places, for models by other programs' names", async () => {
        const begun = [{ role: "user", content: "one" }, { role: "assistant", content: "fine" }];
        const call = { id: "c1", type: "function", function: { name: "weather", arguments: "{}" } };
        const cases: readonly (readonly [model: string, messages: readonly object[], said: readonly string[]])[] = [
          ["claude-opus-4.8", [...begun, { role: "developer", content: "note" }, { role: "user", content: "two" }], ["user: one", "assistant: fine", `user: ${marked("note")} + two`]],
          ["us.anthropic.claude-opus-4-8-v1:0", [...begun, { role: "system", content: "go on" }], ["user: one", "assistant: fine", `user: ${marked("go on")}`]],
          [
            "openrouter/Anthropic/Claude-Opus-4.8",
            [{ role: "user", content: "one" }, { role: "assistant", tool_calls: [call] }, { role: "tool", tool_call_id: "c1", content: "wet" }, { role: "system", content: "be brief" }, { role: "user", content: "and?" }],
            ["user: one", "assistant: call weather {}", `user: result wet + ${marked("be brief")} + and?`],
          ],
        ];
        for (const [model, messages, said] of cases) {
          await chat({ model, messages, tools: [flat] });
          assert.deepEqual([last().model, ...saidIn(last())], ["claude-opus-4-8", ...said]);
        }
        for (const model of ["anthropic/claude-sonnet-4-5", "claude-sonnet-4.5", "openrouter/anthropic/Claude-Sonnet-4.5"]) {
          await chat({ model, messages: [{ role: "user", content: "one" }] });
          assert.equal(last().model, "claude-sonnet-4-5", model);
        }
      });

      await t.test("only a system message is asked, and instructions whose input is empty", async () => {
        await chat({ messages: [{ role: "system", content: "Say fine." }] });
        assert.deepEqual(saidIn(last()), ["user: Say fine."]);
        for (const input of ["", []]) {
          const response = await postJson(`${bridge.url}/v1/responses`, { model: "sonnet", instructions: "Say yes.", input });
          assert.equal((await response.json() as { status: string }).status, "completed");
          assert.deepEqual(saidIn(last()), ["user: Say yes."]);
        }
      });

      await t.test("Anthropic's parts, a flat tool twice, a png said to be anything, a router's name for the model", async () => {
        const source = { type: "base64", media_type: "application/octet-stream", data: png };
        const messages = [
          { role: "user", content: [{ type: "input_text", text: "look" }, { type: "image", source }, { type: "image_url", image_url: `data:image/*;base64,${png}` }] },
          { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Bern" } }] },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "wet" }, { type: "text", text: "and?" }] },
        ];
        // One that thinks without a budget: a loop that is told to such a model needs no thoughts.
        await chat({ model: "anthropic/Claude-Opus-4.8", messages, tools: [flat, flat, { name: "weather", description: "Tells.", input_schema: schema }] });
        assert.deepEqual(saidIn(last()), ["user: look + image image/png + image image/png", 'assistant: call weather {"city":"Bern"}', "user: result wet + and?"]);
        assert.deepEqual([last().tools?.map(({ name }) => name), last().model], [["weather"], "claude-opus-4-8"]);
      });

      await t.test("Codex's shell history, a sealed compaction, and its search among tools, whose call comes back as one", async () => {
        stub.respond = () => toolUseAnswer([{ name: "tool_search", input: { query: "calendar" }, fragments: ['{"query":', '"calendar"}'] }]);
        // The forms are those that Codex 0.169.0 was seen to send (test/interop/codex-tools.test.ts).
        const shellCall = { type: "local_shell_call", call_id: "c1", status: "completed", action: { type: "exec", command: ["ls"], timeout_ms: null, working_directory: null, env: null, user: null } };
        const input = [
          { type: "compaction", encrypted_content: "sealed" }, { type: "message", id: "msg_1", role: "user", content: [{ type: "input_text", text: "list" }] },
          shellCall, { type: "function_call_output", id: "fco_1", call_id: "c1", output: "a.txt" },
        ];
        const query = { type: "string", description: "Search query for deferred tools." };
        const search = { type: "tool_search", execution: "client", description: "# Tool discovery", parameters: { type: "object", properties: { limit: { type: "number" }, query }, required: ["query"], additionalProperties: false } };
        const manner = { model: "sonnet", tool_choice: "auto", parallel_tool_calls: true, store: false, include: ["reasoning.encrypted_content"], text: { verbosity: "low" }, client_metadata: { turn_id: "t" }, tools: [flat, search, { type: "web_search", external_web_access: true }] };
        const response = await postJson(`${bridge.url}/v1/responses`, { ...manner, stream: true, input });
        assert.equal(response.status, 200);
        const { items } = judgeResponseStream(await readBytes(response));
        assert.deepEqual(saidIn(last()), ["user: list", `assistant: call local_shell ${JSON.stringify(shellCall.action)}`, "user: result a.txt"]);
        const call = items.find(({ type }) => type === "tool_search_call")?.item;
        assert.deepEqual([call.execution, call.status, call.arguments], ["client", "completed", { query: "calendar" }]);

        stub.respond = () => textAnswer(["found"]);
        const deferred = ["find_event", "move_event"].map((name) => ({ type: "function", name, description: `To ${name}.`, strict: false, defer_loading: true, parameters: schema }));
        const found = { type: "tool_search_output", id: "tso_1", call_id: call.call_id, status: "completed", execution: "client", tools: [{ type: "namespace", name: "mcp__calendar", description: "Tools in the mcp__calendar namespace.", tools: deferred }] };
        const next = await postJson(`${bridge.url}/v1/responses`, { ...manner, input: [...input, call, found] });
        assert.equal((await next.json() as { status: string }).status, "completed");
        assert.deepEqual(last().tools?.map(({ name }) => name).sort(), ["mcp__calendar_find_event", "mcp__calendar_move_event", "tool_search", "weather"]);
        assert.equal(saidIn(last()).at(-2), 'assistant: call tool_search {"query":"calendar"}');
      });

      await t.test("the histories of a shell, of a patch and of a tool that takes free text", async () => {
        const input = [
          { role: "user", content: "mend" },
          { type: "shell_call", call_id: "c1", action: { commands: ["ls"] } }, { type: "shell_call_output", call_id: "c1", output: [{ stdout: "a.txt" }] },
          { type: "apply_patch_call", call_id: "c2", operation: { type: "delete_file", path: "a.txt" } }, { type: "apply_patch_call_output", call_id: "c2", status: "completed", output: "gone" },
          { type: "compaction_summary", encrypted_content: "sealed" },
          { type: "custom_tool_call", call_id: "c3", name: "note", input: "it is gone" }, { type: "custom_tool_call_output", call_id: "c3", output: "noted" },
        ];
        const response = await postJson(`${bridge.url}/v1/responses`, { model: "sonnet", input, tools: [{ type: "custom", name: "note" }] });
        assert.equal((await response.json() as { status: string }).status, "completed");
        assert.deepEqual(saidIn(last()), [
          "user: mend", 'assistant: call shell {"commands":["ls"]}', 'user: result [{"stdout":"a.txt"}]',
          'assistant: call apply_patch {"type":"delete_file","path":"a.txt"}', "user: result gone", 'assistant: call note {"input":"it is gone"}', "user: result noted",
        ]);
      });
    });
  });
}
