/** Chat and tools with the default options, in a home with a login by file, hooks, MCP servers and instructions. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import {
  conversationOf, startAnthropicStub, type StubRequest, textAnswer, textOf, toolUseAnswer,
} from "../support/anthropic-stub.ts";
import { judgeChatStream } from "../support/chat-wire.ts";
import { cleanUp } from "../support/cleanup.ts";
import { healthOf } from "../support/health.ts";
import { homeWord, type LivedInHome, makeLivedInHome } from "../support/lived-in-home.ts";
import { knownOf, type LivedInServer, startLivedIn } from "../support/lived-in-server.ts";
import { policyHookWords, policyUnavailable, policyWords } from "../support/managed-policy.ts";
import { judgeRawBody } from "../support/raw-body-judge.ts";
import { claudePath, type ClaudeVersion, claudeVersions } from "../support/real-claude.ts";
import { chatRequest, readBytes } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startWatchedProxy } from "../support/watched-proxy.ts";

const plainMsMax = 60_000;

type Sent = Readonly<Record<string, unknown>>;

const cityTool = {
  type: "function",
  function: {
    name: "get_weather", description: "The weather.",
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
};
const call = { name: "get_weather", input: { city: "Zürich" } };

/** A conversation of three turns: an answer, a call, and what follows its result. */
async function converse({ bridge: { url }, stub }: LivedInServer): Promise<readonly Sent[]> {
  const messages: Sent[] = [{ role: "system", content: "Be terse." }, { role: "user", content: "hello" }];
  const answers = [
    textAnswer(["Hello ", "there."]), toolUseAnswer([call], { textBefore: "Looking." }), textAnswer(["It rains."]),
  ];
  stub.respond = () => answers.shift() ?? assert.fail("asked more often than there are turns");
  const ask = async (): Promise<ReturnType<typeof judgeChatStream>> => {
    const response = await chatRequest(url, { model: "sonnet", stream: true, tools: [cityTool], messages });
    assert.equal(response.status, 200);
    return judgeChatStream(await readBytes(response), { isUsageAsked: false });
  };
  const first = await ask();
  assert.deepEqual([first.text, first.finish], ["Hello there.", "stop"]);
  messages.push({ role: "assistant", content: first.text }, { role: "user", content: "And the weather?" });
  const second = await ask();
  assert.deepEqual([second.text, second.finish], ["Looking.", "tool_calls"]);
  assert.deepEqual(second.calls.map(({ json }) => json), [JSON.stringify(call.input)]);
  const [{ id, name, json } = assert.fail("no call")] = second.calls;
  const calls = [{ id, type: "function", function: { name, arguments: json } }];
  messages.push({ role: "assistant", content: second.text, tool_calls: calls });
  messages.push({ role: "tool", tool_call_id: id, content: "Rain & 12°" });
  const third = await ask();
  assert.deepEqual([third.text, third.finish], ["It rains.", "stop"]);
  assert.equal((await healthOf(url)).turns.went_on, 2);
  return messages;
}

function assertTold({ stub }: LivedInServer, messages: readonly Sent[], ownersTools: readonly string[] = []): void {
  assert.equal(stub.requests.length, 3);
  const body = stub.requests.at(-1)?.body ?? assert.fail();
  assert.match(textOf(body.system), /Be terse\.$/u);
  assert.deepEqual(body.tools?.map(({ name }) => name), ["get_weather", ...ownersTools]);
  const told = conversationOf(body);
  assert.deepEqual(told.map(({ role }) => role), ["user", "assistant", "user", "assistant", "user"]);
  const texts = told.slice(0, 4).map(({ content }) => textOf(content));
  assert.deepEqual(texts, messages.slice(1, 5).map(({ content }) => content));
  assert.match(JSON.stringify(told.at(-1)?.content), /Rain & 12°/u);
  for (const { headers } of stub.requests) {
    assert.match(String(headers.authorization), /^Bearer sk-ant-oat01-/u, "on the login in the file");
  }
}

interface PlainRun { readonly home: LivedInHome; readonly request: StubRequest }

/** The CLI as somebody types it, in a folder of that home. */
async function runPlain(t: TestContext, version: ClaudeVersion): Promise<PlainRun> {
  const folder = await temporaryFolder(t);
  const stub = await startAnthropicStub();
  cleanUp(t, () => stub.close());
  const home = makeLivedInHome(stub.url, folder);
  const env = { ...home.environment, ...(await startWatchedProxy(t)).environment };
  const options = { cwd: home.environment["TMPDIR"], env, timeout: plainMsMax };
  // By a cached flag 2.1.197 makes its own tools strict, and the stub refuses their schemas: what went up counts.
  await promisify(execFile)(claudePath(version), ["-p", "hello"], options).catch(() => {});
  return { home, request: stub.requests[0] ?? assert.fail("nothing was asked") };
}

const noPolicy = policyUnavailable();

/** An MCP server of the machine's owner, with one tool. */
const ownersServer = `
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  const tool = { name: "audit", description: "Audits.", inputSchema: { type: "object", properties: {} } };
  const results = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "owner", version: "1" } },
    "tools/list": { tools: [tool] },
  };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: "2.0", id, result: results[method] ?? {} }));
});`;
const serversPolicy = { mcpServers: { owner: { type: "stdio", command: process.execPath, args: ["-e", ownersServer] } } };

for (const version of claudeVersions) {
  describe(`claude ${version} in a home that was lived in`, () => {
    it("would have its programs run and its words told by the CLI alone: it is no dummy", async (t) => {
      const { home, request } = await runPlain(t, version);
      const hooks = ["hook-SessionStart", "hook-UserPromptSubmit", "project-hook"];
      const programs = ["api-key-helper", "mcp-local", "mcp-project", "mcp-user", ...hooks];
      assert.deepEqual(programs.filter((name) => !home.marks().includes(name)), []);
      assert.ok(request.bodyText.split(homeWord).length > 10, "instructions, skills, agents, commands");
      const settings = [request.body.max_tokens, request.headers[`x-${homeWord}`]];
      assert.deepEqual(settings, [7_777, "yes"], "and its settings hold");
    });

    it("serves chat and tools with the default options, and runs nothing of the home", async (t) => {
      const server = await startLivedIn(t, version);
      assertTold(server, await converse(server));
    });

    const policyTest = "serves them under a managed policy, whose words go up and whose hook runs: it is the owner's";
    it(policyTest, { skip: noPolicy }, async (t) => {
      const server = await startLivedIn(t, version, { hasPolicy: true });
      assertTold(server, await converse(server));
      const countOf = (bodyText: string, words: string): number => bodyText.split(words).length - 1;
      for (const { bodyText } of server.stub.requests) assert.equal(countOf(bodyText, policyWords), 1);
      const said = server.stub.requests.map(({ bodyText }) => countOf(bodyText, policyHookWords));
      assert.deepEqual(said, [1, 2, 2], "with each question what the hook says");
    });

    it("serves them where that policy names the machine's MCP servers, whose tools go up too", { skip: noPolicy }, async (t) => {
      const policyFiles = { "managed-mcp.json": JSON.stringify(serversPolicy) };
      const server = await startLivedIn(t, version, { hasPolicy: true, policyFiles });
      const messages = await converse(server);
      const ownersTools = [{ name: "mcp__owner__audit", description: "Audits.", input_schema: { type: "object", properties: {} } }];
      const world = { version, known: knownOf(server), ownersTools };
      for (const [turn, { bodyText }] of server.stub.requests.entries()) {
        const asked = { model: "sonnet", tools: [cityTool], messages: messages.slice(0, 2 * turn + 2) };
        assert.deepEqual(judgeRawBody(bodyText, asked, world), [], "nothing goes up with them");
      }
      assertTold(server, messages, ["mcp__owner__audit"]);
    });
  });
}
