/** What is asked of every agent: an answer in words, and a call of its own tool that writes a file in its work folder. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runAgentCli } from "../support/agent-cli.ts";
import { plainText, requestsSince, startInterop, stepsOrder, suiteMsMax, upstreamMessages, upstreamTools } from "../support/interop.ts";
import { claudeVersions } from "../support/real-claude.ts";
import type { AgentUnderTest } from "./agents.ts";
import { versionsFor } from "./client-runs.ts";
import { missing, setUpAgent } from "./clients.ts";

/** How long an agent may take for a prompt, in milliseconds; most of it is its own start. */
const runMsMax = 180_000;
/** What an agent does ten times over, it does on two processes at most: one for its work, one for such as a title. */
const stepsOfAgents = 10;
const processesMax = 2;
const toldAnewMax = 1;
const fileText = "Grüße, \"world\"\n";

export function testAgent({ client, installed, command: [command, ...leading], writer, env = {}, settings = {} }: AgentUnderTest): void {
  for (const version of versionsFor(client)) {
    test(`${client.name} on claude ${version}`, { skip: missing(...installed), timeout: suiteMsMax }, async (t) => {
      const { url, stub, claude } = await startInterop(t, version, settings);
      const setup = setUpAgent(client, url);
      const run = (prompt: (folder: string) => string) => runAgentCli(t, {
        command, home: setup.home, env: { ...env, ...setup.env }, args: (folder) => [...leading, ...setup.args, prompt(folder)],
      }, runMsMax);

      // The start of an agent takes seconds: the older CLI is asked for no more than the call.
      if (version === claudeVersions[0]) await t.test("it prints an answer", async () => {
        const { stdout } = await run(() => "Say hello.");
        assert.ok(stdout.includes(plainText), stdout);
        assert.ok(requestsSince(stub, 0).length > 0);
      });

      const steps = version === claudeVersions[0] ? stepsOfAgents : 1;
      await t.test(`its tool ${writer.tool} writes ${steps} files, and the model is told`, async () => {
        const [before, toldBefore] = [stub.requests.length, await claude.told()];
        const path = (folder: string, step: number): string => join(folder, `note-${step}.txt`);
        const inputs = (folder: string) => Array.from({ length: steps }, (_, step) => writer.input(path(folder, step), fileText));
        let order = "";
        const { stdout, folder } = await run((work) => (order = stepsOrder(writer.tool, inputs(work))));
        for (let step = 0; step < steps; step++) assert.equal(await readFile(path(folder, step), "utf8"), fileText);
        const requests = requestsSince(stub, before);
        const first = requests.find(({ body }) => upstreamTools(body).includes(writer.tool));
        assert.ok(first !== undefined, "the tool was offered to the model");
        // opencode quotes what it is given on the command line.
        const asked = [order, order.replaceAll('"', '\\"')];
        assert.ok(upstreamMessages(first.body).some((message) => message.startsWith("user: ") && asked.some((text) => message.includes(text))));
        const last = requests.findLast(({ body }) => upstreamMessages(body).some((message) => message.startsWith("user: result ")));
        assert.ok(last !== undefined, "the results came back");
        const messages = upstreamMessages(last.body);
        for (const input of inputs(folder)) {
          const call = messages.indexOf(`assistant: call ${writer.tool} ${JSON.stringify(input)}`);
          assert.ok(call > 0, messages.join("\n"));
          assert.match(messages[call + 1] ?? "", /^user: result /u);
        }
        assert.ok(stdout.includes("The tool said: "), stdout);
        // The CLI has words of its own for tools that are named as its own are.
        assert.ok(requests.every(({ bodyText }) => !bodyText.includes("Co-Authored-By: Claude")), "the CLI added attribution to the client's prompt");
        const told = [...await claude.told()].map(([pid, all]) => all.slice(toldBefore.get(pid)?.length ?? 0)).filter((all) => all.includes("turn"));
        const anew = told.flat().filter((what) => what === "mark").length;
        t.diagnostic(`${requests.length} requests upstream on ${told.length} processes, ${anew} turns told anew`);
        assert.ok(told.length <= processesMax, `${told.length} processes`);
        assert.ok(anew <= toldAnewMax, `${anew} turns were told anew`);
      });
    });
  }
}
