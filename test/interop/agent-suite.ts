/**
 * What is asked of every agent: an answer in words, and calls of its own tool that writes a file in its work folder. Some
 * are asked on in one session, and may cost the server no more processes than one that is asked once.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type AgentPlace, agentPlace } from "../support/agent-cli.ts";
import { healthOf } from "../support/health.ts";
import { callOrder, plainText, requestsSince, startInterop, stepsOrder, suiteMsMax, upstreamMessages, upstreamTools } from "../support/interop.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { sampleOf } from "../support/sample.ts";
import type { Told } from "../support/watched-claude.ts";
import type { AgentUnderTest } from "./agents.ts";
import { versionsFor } from "./client-runs.ts";
import { missing, setUpAgent } from "./clients.ts";

/** How long an agent may take for a prompt, in milliseconds; most of it is its own start. */
const runMsMax = 180_000;
/** What the first prompt orders on the newest CLI. */
const stepsOfAgents = 10;
/** Most agents are started again for each, which takes seconds. */
const promptsOfSessions = sampleOf({ what: "prompts in a session of an agent", small: 2, large: 2, whole: 10 });
/** On how many processes a client gets its turns: one for its work, one for such as a title. */
const processesMax = 2;
const toldAnewMax = 1;
/**
 * Processes without a turn: one that was asked what the CLI can do, the warm one that is kept (`--warm`), and one more for
 * each turn that found none warm: of a model that no warm process can be given, or of the second of two at once.
 */
const unusedMax = 4;
const fileText = "Grüße, \"world\"\n";

export function testAgent({ client, installed, command: program, writer, session, env = {}, settings = {} }: AgentUnderTest): void {
  for (const version of versionsFor(client)) {
    test(`${client.name} on claude ${version}`, { skip: missing(...installed), timeout: suiteMsMax }, async (t) => {
      const { url, stub, claude } = await startInterop(t, version, settings);
      const setup = setUpAgent(client, url);
      const { args } = setup;
      const runEach = async (run: AgentPlace["run"], lines: readonly (readonly string[])[], prompts = lines.length): Promise<string> => {
        let stdout = "";
        const withinMs = runMsMax * prompts / lines.length;
        for (const [command = "", ...rest] of lines) stdout += await run({ command, args: rest, env: { ...env, ...setup.env } }, withinMs);
        return stdout;
      };

      // The start of an agent takes seconds: a session that begins by the documented command shows what this does.
      if (session?.isDocumented !== true && version === claudeVersions[0]) await t.test("it prints an answer", async () => {
        const { folder, run } = await agentPlace(t, setup.home);
        // By the documented command, the others are asked for their calls below.
        const isGreeting = session === undefined;
        const order = isGreeting ? "Say hello." : callOrder(writer.tool, writer.input(join(folder, "note.txt"), fileText));
        const stdout = await runEach(run, [[...program, ...args, order]]);
        assert.ok(stdout.includes(isGreeting ? plainText : "The tool said: "), stdout);
        if (!isGreeting) assert.equal(await readFile(join(folder, "note.txt"), "utf8"), fileText);
        assert.ok(requestsSince(stub, 0).length > 0);
      });

      // On the older CLI each prompt is one call.
      const steps = version === claudeVersions[0] ? stepsOfAgents : 1;
      const prompts = session === undefined ? 1 : promptsOfSessions;
      const name = `its tool ${writer.tool} writes a file in each of ${steps} steps${prompts > 1 ? `, then in each of ${prompts - 1} more prompts of the session` : ""}, and the model is told`;
      await t.test(name, async () => {
        const [before, toldBefore] = [stub.requests.length, await claude.told()];
        const { folder, run } = await agentPlace(t, setup.home);
        const path = (number: number): string => join(folder, `note-${number}.txt`);
        const inputs = Array.from({ length: steps + prompts - 1 }, (_, number) => writer.input(path(number), fileText));
        const first = stepsOrder(writer.tool, inputs.slice(0, steps));
        const orders = [first, ...inputs.slice(steps).map((input) => callOrder(writer.tool, input))];
        const lines = session?.lines({ program, args }, orders) ?? [[...program, ...args, first]];
        const stdout = await runEach(run, lines, prompts);
        assert.ok(stdout.split("The tool said: ").length > prompts, stdout);
        for (let number = 0; number < inputs.length; number++) assert.equal(await readFile(path(number), "utf8"), fileText);
        const requests = requestsSince(stub, before);
        const offered = requests.find(({ body }) => upstreamTools(body).includes(writer.tool));
        assert.ok(offered !== undefined, "the tool was offered to the model");
        // opencode quotes what it is given on the command line.
        const asked = [first, first.replaceAll('"', '\\"')];
        assert.ok(upstreamMessages(offered.body).some((message) => message.startsWith("user: ") && asked.some((text) => message.includes(text))));
        const last = requests.findLast(({ body }) => upstreamMessages(body).some((message) => message.startsWith("user: result ")));
        assert.ok(last !== undefined, "the results came back");
        const messages = upstreamMessages(last.body);
        for (const input of inputs) {
          const call = messages.indexOf(`assistant: call ${writer.tool} ${JSON.stringify(input)}`);
          assert.ok(call > 0, messages.join("\n"));
          assert.match(messages[call + 1] ?? "", /^user: result /u);
        }
        // The CLI has words of its own for tools that are named as its own are.
        assert.ok(requests.every(({ bodyText }) => !bodyText.includes("Co-Authored-By: Claude")), "the CLI added attribution to the client's prompt");
        const processes = [...await claude.told()];
        const unused = processes.filter(([, all]) => !all.includes("turn")).length;
        const told = processes.map(([pid, all]) => all.slice(toldBefore.get(pid)?.length ?? 0));
        const used = told.filter((all) => all.includes("turn"));
        const histories = used.flatMap(historiesOf).filter(({ length }) => length > 0);
        const anew = histories.filter((history) => history.includes("mark")).length;
        const { turns } = await healthOf(url);
        t.diagnostic(`${orders.length} prompts, ${requests.length} requests upstream, turns on ${used.length} processes, ${unused} more without any`);
        t.diagnostic(`${anew} turns told anew, ${histories.flat().length} lines of history for ${histories.length} turns, ${JSON.stringify(turns)}`);
        assert.ok(used.length <= processesMax, `turns on ${used.length} processes`);
        assert.ok(anew <= toldAnewMax, `${anew} turns were told anew`);
        assert.ok(unused <= unusedMax, `${unused} processes without a turn`);
      });
    });
  }
}

/** The lines of history that a process was told before each of its turns. */
function historiesOf(told: readonly Told[]): Told[][] {
  const histories: Told[][] = [[]];
  for (const what of told) {
    if (what === "turn") histories.push([]);
    else histories.at(-1)?.push(what);
  }
  return histories.slice(0, -1);
}
